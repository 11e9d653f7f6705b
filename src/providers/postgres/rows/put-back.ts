import { asIfUndone, keyOf } from './as-if.ts';
import { twinsOf } from './capture.ts';
import { followers } from './followers.ts';
import { type Content, contentFrom, contentText, digestOfRow, type Left, type RowsImage } from './image.ts';
import type { TableImage } from './image.ts';
import { leftColumns, leftOf, leftRows } from './left.ts';
import { type Needed, putBackText } from './needed.ts';
import { planOf } from './statements.ts';
import { describedIn } from './tables.ts';
import { aside, own, type Sight } from '../ask.ts';
import type { Looking } from '../../../contract/lookup.ts';
import type { PutBack } from '../../../contract/provider.ts';
import type { JsonObject } from '../../../model/json.ts';
import type { PostgresTarget } from '../../../model/postgres-message.ts';
import { refuse } from '../../../model/refusal.ts';

/** Conflicts that are named one by one, in each table. */
const mostNamed = 20;

/**
 * Compares what is there now with what was secured and with what the act left; plans the difference as one transaction.
 * `undoneBefore`: newer images, newest first, as if which were put back already.
 */
export function* putBackRows(
  image: RowsImage,
  undoLine: boolean,
  undoneBefore: readonly JsonObject[] = [],
): Looking<PutBack> {
  const target: PostgresTarget = { entry: image.entry, major: image.major };
  const sight = image.own === true && !undoLine ? own : aside;
  yield* sight.ask(target, 'undoSession');
  const [server] = yield* sight.ask(target, 'server');
  if (server?.[0] !== image.system || server[2] !== image.database)
    throw refuse('DENIED', 'the database is not the one that this was recorded of', 'look at where the upstream leads');
  const asIf = (table: TableImage, now: Map<string, Left>): void => asIfUndone(image, table, now, undoneBefore);
  const conflicts: string[] = [];
  const notUndone: string[] = [];
  const amiss: string[] = [];
  const there = yield* sight.ask(target, 'undoTables', JSON.stringify(image.tables.map((one) => one.oid)));
  const needed: Needed[] = [];
  for (const table of image.tables) {
    const named = `${table.schema}.${table.name}`;
    const row = there.find(([oid]) => oid === table.oid);
    const now = row === undefined ? undefined : describedIn(row);
    if (now === undefined) amiss.push(`table \`${named}\` is not there any more`);
    else if (!isSame(table, now.table)) amiss.push(`table \`${named}\` is not made as it was`);
    else {
      const one = yield* neededBy(target, sight, table, image.after?.[table.oid], conflicts, asIf);
      const works = one.insert.length + one.update.length + one.remove.length > 0;
      const triggers = works && now.triggers;
      needed.push({ ...one, triggers, deferrable: now.deferrable });
      if (triggers) notUndone.push(`what the triggers of \`${named}\` do when its rows are put back`);
    }
  }
  // Half of it is not what was asked for, unless that is said.
  if (needed.some((one) => one.insert.length + one.update.length + one.remove.length > 0)) conflicts.push(...amiss);
  const way = image.way ?? 'in-place';
  conflicts.push(...(yield* followers(target, sight, needed, way)));
  const plan = planOf(target, putBackText(needed, way), image.settings);
  const isToldByKeys = image.tables.every(
    (one) => one.key.length > 0 && (one.left.length === 0 || image.after !== undefined),
  );
  return {
    plans: [],
    ...(plan === undefined ? {} : { whole: plan }),
    conflicts,
    notUndone: [...amiss, ...notUndone],
    left: amiss,
    asIf: isToldByKeys,
  };
}

function isSame(before: TableImage, now: Pick<TableImage, 'schema' | 'name' | 'columns' | 'key'>): boolean {
  const of = ({ schema, name, columns, key }: typeof now): string =>
    JSON.stringify([schema, name, columns.map((one) => [one.name, one.type, one.always]), key]);
  return of(before) === of(now);
}

function* neededBy(
  target: PostgresTarget,
  sight: Sight,
  table: TableImage,
  after: readonly Left[] | undefined,
  conflicts: string[],
  asIf: (table: TableImage, now: Map<string, Left>) => void,
): Looking<Omit<Needed, 'triggers' | 'deferrable'>> {
  if (table.key.length === 0) return yield* neededWithoutKey(target, sight, table, conflicts);
  const left = after ?? (table.left.length === 0 ? [] : yield* leftRows(target, sight, table));
  const before = new Map(table.rows.map((row) => [keyOf(table.key.map((at) => row[at] ?? '')), row]));
  const made = new Map(left.map((one) => [keyOf(one.key), one]));
  const keys = [...new Set([...before.keys(), ...made.keys()])];
  const now = new Map((yield* rowsByKey(target, sight, table, keys)).map((one) => [keyOf(one.key), one]));
  asIf(table, now);
  const insert: Content[] = [];
  const update: { now: Left; row: Content }[] = [];
  const clashes: string[] = [];
  for (const [key, row] of before) {
    const here = now.get(key);
    const ours = made.get(key);
    if (here?.digest === digestOfRow(row)) continue;
    if (here === undefined) insert.push(row);
    else update.push({ now: here, row });
    if (here?.digest !== ours?.digest) clashes.push(`${nameOf(table, key)} was ${sinceThen(here, ours)} since`);
  }
  const remove: Left[] = [];
  for (const [key, ours] of made) {
    const here = now.get(key);
    if (before.has(key) || here === undefined) continue;
    remove.push(here);
    if (here.digest !== ours.digest) clashes.push(`${nameOf(table, key)}, which it added, was changed since`);
  }
  const lost = table.left.length - left.length;
  if (lost > 0)
    clashes.push(`${lost} of the rows that it left in \`${table.schema}.${table.name}\` were changed since`);
  conflicts.push(...clashes.slice(0, mostNamed));
  if (clashes.length > mostNamed)
    conflicts.push(`${clashes.length - mostNamed} more rows of \`${table.schema}.${table.name}\` were changed since`);
  return { table, insert, update, remove };
}

function sinceThen(here: Left | undefined, ours: Left | undefined): string {
  if (here === undefined) return 'deleted';
  return ours === undefined ? 'added again' : 'changed';
}

/**
 * Rows without a key are told apart by their versions alone: those that it left go, and as many equal ones come back as are
 * missing.
 */
function* neededWithoutKey(
  target: PostgresTarget,
  sight: Sight,
  table: TableImage,
  conflicts: string[],
): Looking<Omit<Needed, 'triggers' | 'deferrable'>> {
  const digests = table.rows.map(digestOfRow);
  const now = digests.length === 0 ? {} : yield* twinsOf(target, table, digests);
  const remove = table.left.length === 0 ? [] : yield* leftRows(target, sight, table);
  const missing = new Map(
    Object.entries(table.twins ?? {}).map(([digest, count]) => {
      const going = remove.filter((one) => one.digest === digest).length;
      return [digest, count - (now[digest] ?? 0) + going];
    }),
  );
  const insert = table.rows.filter((_, at) => {
    const digest = digests[at] ?? '';
    const open = missing.get(digest) ?? 0;
    missing.set(digest, open - 1);
    return open > 0;
  });
  const lost = table.left.length - remove.length;
  if (lost > 0 && insert.length + remove.length > 0)
    conflicts.push(
      `${lost} rows of \`${table.schema}.${table.name}\`, which has no key, cannot be told apart any more`,
    );
  return { table, insert, update: [], remove };
}

function* rowsByKey(
  target: PostgresTarget,
  sight: Sight,
  table: TableImage,
  keys: readonly string[],
): Looking<readonly Left[]> {
  if (keys.length === 0) return [];
  const same = table.key.map((at, place) => {
    const column = table.columns[at];
    return column === undefined ? 'false' : `${contentText('t', column)} = e.value->>${place}`;
  });
  const elements = 'pg_catalog.json_array_elements($1::pg_catalog.json) e(value), ';
  const text = `SELECT ${leftColumns(table)} FROM ${contentFrom(table, same.join(' AND '), elements)}`;
  return (yield* sight.askText(target, text, 'rows as they are now', `[${keys.join(',')}]`)).map(leftOf);
}

function nameOf(table: TableImage, key: string): string {
  const values = JSON.parse(key) as readonly string[];
  const said = table.key.map((at, place) => `${table.columns[at]?.name ?? ''} ${(values[place] ?? '').slice(0, 40)}`);
  return `the row of \`${table.schema}.${table.name}\` with ${said.join(', ')}`;
}
