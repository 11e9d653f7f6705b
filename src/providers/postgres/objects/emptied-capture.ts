import { serverText, standingOf } from './copy-first.ts';
import type { Copied, Emptying, SequenceImage } from './emptied.ts';
import { ask } from '../ask.ts';
import { countsOf } from '../counts.ts';
import { afterOf, captured, hashesOf, knownTables, lengthOf, lowOf, mostRows } from '../rows/capture.ts';
import { mostTables, mostText, named, neededOf, type Writing } from '../rows/capture.ts';
import { type Content, digestOfRow, type Left, type RowsImage, type TableImage } from '../rows/image.ts';
import { lookInside, rehearsed } from '../rows/rehearsal.ts';
import type { NotSecured } from '../rows/secured.ts';
import type { Step } from '../step.ts';
import type { TableCount } from '../table-count.ts';
import type { Looking } from '../../../contract/lookup.ts';
import type { Capture } from '../../../contract/provider.ts';
import { digestOf } from '../../../model/digest.ts';
import type { JsonObject } from '../../../model/json.ts';
import type { PostgresTarget } from '../../../model/postgres-message.ts';

/** What an image of rows holds besides, where tables were emptied. */
export interface EmptiedImage extends RowsImage {
  /** Sequences that began anew. */
  readonly restarted: readonly SequenceImage[];
}

/** What a transaction really emptied. */
export interface Emptied {
  readonly tables: readonly Copied[];
  readonly restarted: readonly SequenceImage[];
  readonly server: string;
}

/** Whether one of the statements empties tables by name. */
export function empties(steps: readonly Step[]): boolean {
  return steps.some(isEmptying);
}

function isEmptying({ statement }: Step): boolean {
  return statement.names.relations.some(({ role }) => role === 'truncate');
}

/** Compares how the tables stand now with how they stood when they were copied. */
export function* emptiedBy(
  target: PostgresTarget,
  steps: readonly Step[],
  emptying: Emptying | undefined,
): Looking<Emptied | NotSecured> {
  if (emptying === undefined) return { why: 'nobody looked at the tables before they were emptied' };
  if (emptying.why !== undefined) return { why: emptying.why };
  // What a savepoint gives back others can write to again.
  const first = steps.findIndex(isEmptying);
  if (steps.slice(first).some(({ statement }) => statement.facts.frame?.act === 'rollback-to'))
    return { why: 'a savepoint was rolled back after tables had been emptied' };
  const now = yield* standingOf(target, [...emptying.standing.keys()], false);
  const tables: Copied[] = [];
  const restarted: SequenceImage[] = [];
  for (const before of emptying.standing.values()) {
    const after = now.find(({ oid }) => oid === before.oid);
    if (after?.digest !== before.digest)
      return { why: `\`${before.schema}.${before.name}\` was made otherwise in the same transaction` };
    const copied = emptying.copied.get(before.oid);
    if (after.file !== before.file && copied === undefined)
      return { why: `\`${before.schema}.${before.name}\` was emptied and nobody copied it` };
    if (after.file !== before.file && copied !== undefined) tables.push(copied);
    for (const { oid, file, movable } of before.sequences) {
      const its = after.sequences.find((one) => one.oid === oid);
      const image = emptying.sequences.get(oid);
      if (its?.file === file) continue;
      if (its === undefined || image === undefined) return { why: 'what became of a sequence is not known' };
      if (image.last === null) continue;
      const why = unmovable(image, movable);
      if (why !== undefined) return { why };
      restarted.push(image);
    }
  }
  return { tables, restarted, server: emptying.server };
}

/** Values that a sequence is moved on by at most: one after the other. */
const mostMoves = 1_000_000n;

/** How many values it takes to be where it was, from `last`, or from its start where that is null. */
export function movesTo({ last, increment, start }: SequenceImage, from: string | null): bigint {
  if (last === null) return 0n;
  const way = BigInt(increment);
  return from === null ? (BigInt(last) - BigInt(start)) / way + 1n : (BigInt(last) - BigInt(from)) / way;
}

function unmovable(image: SequenceImage, movable: boolean): string | undefined {
  const named = `sequence \`${image.schema}.${image.name}\``;
  if (image.cycles || !movable || movesTo(image, null) > mostMoves)
    return `${named} began anew and could not be moved on again to where it was`;
  return undefined;
}

/** Whether the open transaction has taken more for itself alone than what it emptied. */
export function* takesElse(target: PostgresTarget, emptying: Emptying, { restarted }: Emptied): Looking<boolean> {
  const oids = [...emptying.standing.values()];
  const sequences = [...restarted.map(({ oid }) => oid), ...oids.flatMap((one) => one.sequences.map(({ oid }) => oid))];
  const tables = JSON.stringify(oids.map(({ oid }) => oid));
  const [row] = yield* ask(target, 'takenElse', tables, JSON.stringify([...new Set(sequences)]));
  return row?.[0] !== '0';
}

/** Rows of the emptied tables as they were copied, and of all others that changed, as one image, put back for a trial. */
export function* rowsEmptied(
  target: PostgresTarget,
  steps: readonly Step[],
  counts: readonly TableCount[],
  writing: Omit<Writing, 'multixact'> & { readonly multixact: string | undefined },
  emptied: Emptied,
): Looking<Capture | NotSecured> {
  const { system, database, multixact } = writing;
  if (emptied.server !== serverText(system, database)) return { why: 'the second line leads to another database' };
  const whole = new Set(emptied.tables.map(({ standing }) => standing.oid));
  const others = counts.filter(({ oid }) => !whole.has(oid));
  if (others.length + whole.size > mostTables) return { why: `more than ${mostTables} tables are changed at once` };
  if (others.length > 0 && multixact === undefined)
    return { why: 'nobody looked at the server before the transaction began' };
  const known =
    others.length === 0 ? [] : yield* knownTables(target, others, { ...writing, multixact: multixact ?? '' });
  if ('why' in known) return known;
  const takenBack = steps.some(({ statement }) => statement.facts.frame?.act === 'rollback-to');
  const hidden = known.find((one) => takenBack && one.rowSecurity);
  if (hidden !== undefined) return { why: `${named(hidden)} has row security, and a savepoint was rolled back` };
  const described = [...emptied.tables.map((one) => one.described), ...known];
  const low = lowOf(writing.transaction);
  const inside = yield* lookInside(
    target,
    described.map((one) => one.table),
    low,
    mostRows,
  );
  if ('why' in inside) return inside;
  const tables: TableImage[] = [];
  const generated = new Map<string, readonly Content[]>();
  for (const one of emptied.tables) {
    const left = inside.left.get(one.standing.oid) ?? [];
    const amiss = hidesRows(one, left, counts);
    if (amiss !== undefined) return { why: amiss };
    tables.push(imageOf(one, left));
    generated.set(one.standing.oid, one.generated);
  }
  for (const one of known) {
    const found = yield* captured(target, one, inside, low, multixact ?? '', takenBack);
    if ('why' in found) return found;
    tables.push(found.table);
    generated.set(found.table.oid, found.generated);
  }
  const text = tables.flatMap((one) => one.rows).reduce((sum, row) => sum + lengthOf(row), 0);
  if (text > mostText) return { why: `the rows are more than ${mostText / 1024 / 1024} MB of text` };
  yield* ask(target, 'constraints');
  if (JSON.stringify(yield* countsOf(target)) !== JSON.stringify(counts))
    return { why: 'more was changed while it was looked at' };
  const way = yield* rehearsed(target, neededOf(tables, described, inside, generated), low);
  if (typeof way !== 'string') return way;
  const image: EmptiedImage = {
    kind: 'rows',
    entry: target.entry,
    major: target.major,
    system,
    database,
    tables,
    after: afterOf(tables, inside),
    way,
    settings: inside.settings,
    restarted: emptied.restarted,
  };
  return { image: image as unknown as JsonObject, hashes: tables.flatMap((one) => hashOf(one, whole)) };
}

/** Of a table that is emptied it is all the same which rows are in it by then: its name is what is asked for. */
function hashOf(table: TableImage, whole: ReadonlySet<string>): readonly string[] {
  if (!whole.has(table.oid)) return hashesOf(table);
  return [digestOf('holdpoint/postgres-emptied/v1', { table: `${table.schema}.${table.name}`, oid: table.oid })];
}

/** Everything in an emptied table is the transaction's own, but for what its role may not see. */
function hidesRows(
  { described, standing }: Copied,
  left: readonly Left[],
  counts: readonly TableCount[],
): string | undefined {
  const table = `${standing.schema}.${standing.name}`;
  if (left.length > mostRows) return `more than ${mostRows} rows are added to \`${table}\``;
  const count = counts.find(({ oid }) => oid === standing.oid);
  const exact = (count?.inserted ?? 0) === left.length && (count?.updated ?? 0) + (count?.deleted ?? 0) === 0;
  return described.rowSecurity && !exact ? `\`${table}\` has row security, and rows were written to it` : undefined;
}

function imageOf({ described: { table }, rows }: Copied, left: readonly Left[]): TableImage {
  const twins: { [digest: string]: number } = {};
  if (table.key.length === 0) for (const digest of rows.map(digestOfRow)) twins[digest] = (twins[digest] ?? 0) + 1;
  return {
    ...table,
    ...(table.key.length === 0 ? { twins } : {}),
    rows,
    left: left.map(({ version }) => version),
  };
}
