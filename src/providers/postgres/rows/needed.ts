import { keyOf } from './as-if.ts';
import { type Column, type Content, digestOfRow, type Left, type TableImage, type Way } from './image.ts';
import { deleting, exchanging, type Exchange, inOrder, inParts, inserting, type Said } from './statements.ts';
import { settling, sweeping, updating } from './statements.ts';

/** What one table needs to be as it was. */
export interface Needed {
  readonly table: TableImage;
  /** Somebody's triggers fire on it. */
  readonly triggers: boolean;
  readonly deferrable: boolean;
  /** What the server makes of each of the rows by itself, where that is to be compared as well. */
  readonly generated?: { readonly columns: readonly Column[]; readonly rows: readonly Content[] };
  readonly insert: readonly Content[];
  readonly update: readonly { readonly now: Left; readonly row: Content }[];
  readonly remove: readonly Left[];
}

/** What there is to do where nobody but the act itself has been at the table. */
export function neededAtOnce(table: TableImage, left: readonly Left[]): Pick<Needed, 'insert' | 'update' | 'remove'> {
  if (table.key.length === 0) return { insert: table.rows, update: [], remove: left };
  const made = new Map(left.map((one) => [keyOf(one.key), one]));
  const insert: Content[] = [];
  const update: { now: Left; row: Content }[] = [];
  const kept = new Set<string>();
  for (const row of table.rows) {
    const key = keyOf(table.key.map((at) => row[at] ?? ''));
    const now = made.get(key);
    kept.add(key);
    if (now === undefined) insert.push(row);
    else if (now.digest !== digestOfRow(row)) update.push({ now, row });
  }
  return { insert, update, remove: left.filter((one) => !kept.has(keyOf(one.key))) };
}

/** The statements of one transaction that puts all of it back, by this way; none where nothing is left to do. */
export function putBackText(needed: readonly Needed[], way: Way): readonly Said[] {
  const order = inOrder(needed.map((one) => one.table));
  const ordered = needed.toSorted((one, other) => order.indexOf(one.table.oid) - order.indexOf(other.table.oid));
  const said = way === 'anew' ? anew(ordered) : inPlace(ordered);
  if (said.length === 0) return [];
  const deferred = ordered.some((one) => one.deferrable);
  const last = ordered.some((one) => one.triggers) ? putRight(ordered) : [];
  return [
    ...(deferred ? [{ text: 'SET CONSTRAINTS ALL DEFERRED', values: [] }] : []),
    ...said,
    ...(deferred && last.length > 0 ? [{ text: 'SET CONSTRAINTS ALL IMMEDIATE', values: [] }] : []),
    ...last,
  ];
}

/** What goes before anything comes, rows that come (parents first), rows that change, and what goes (children first). */
function inPlace(ordered: readonly Needed[]): readonly Said[] {
  // What is unique but no key may have moved from what goes to what comes.
  const early = ({ table }: Needed): boolean => table.otherwiseUnique && table.referencedBy.length === 0;
  const removed = (one: Needed): readonly Said[] => deleting(one.table, one.remove);
  const backwards = ordered.toReversed();
  return [
    ...backwards.filter(early).flatMap(removed),
    ...ordered.flatMap(({ table, insert }) => inserting(table, insert)),
    ...ordered.flatMap(({ table, update }) => updating(table, update)),
    ...backwards.filter((one) => !early(one)).flatMap(removed),
  ];
}

function anew(ordered: readonly Needed[]): readonly Said[] {
  const exchanges = ordered.map(({ table, insert, update, remove }): Exchange => ({
    table,
    remove: [...remove, ...update.map((one) => one.now)],
    insert: [...insert, ...update.map((one) => one.row)],
  }));
  if (exchanges.every(({ remove, insert }) => remove.length + insert.length === 0)) return [];
  const whole = exchanging(exchanges);
  if (whole !== undefined) return [whole];
  const backwards = ordered.toReversed();
  return [
    ...backwards.flatMap(({ table, remove }) => deleting(table, remove)),
    ...ordered.flatMap(({ table, insert }) => inserting(table, insert)),
    ...ordered.flatMap(({ table, update }) =>
      inParts(update, table.columns.length + 2).flatMap((part) => {
        const remove = part.map((one) => one.now);
        return exchanging([{ table, remove, insert: part.map((one) => one.row) }]) ?? [];
      }),
    ),
  ];
}

/** What triggers of one table may have done to the rows of others meanwhile. */
function putRight(ordered: readonly Needed[]): readonly Said[] {
  const quiet = ordered.filter((one) => !one.triggers);
  return [
    ...quiet.flatMap(({ table, insert, update }) => settling(table, [...insert, ...update.map((one) => one.row)])),
    ...quiet.toReversed().flatMap(({ table }) => sweeping(table)),
  ];
}
