import type { Copied, EmptyingTransactions, SequenceImage, Standing } from './emptied.ts';
import { ask, askAside, askText, askTextAside, type Row } from '../ask.ts';
import { quotedName } from '../quoted.ts';
import { described, lengthOf, mostRows, mostTables, mostText } from '../rows/capture.ts';
import { type Content, contentFrom } from '../rows/image.ts';
import type { Described } from '../rows/tables.ts';
import type { Looking } from '../../../contract/lookup.ts';
import type { PostgresTarget } from '../../../model/postgres-message.ts';
import { refuse } from '../../../model/refusal.ts';

/** Whoever writes waits while it is read. */
const mostBytes = 128 * 1024 * 1024;

/** What a statement empties, as its names stood before. */
export interface Empties {
  readonly oids: readonly string[];
  readonly cascade: boolean;
}

/**
 * Right before tables are emptied: keeps everybody from writing to them, as the statement itself is about to, and copies all
 * their rows by the second line, which reads them still. Whoever only reads is not kept waiting. What cannot be copied is
 * remembered as such, and the statement runs all the same: its COMMIT is what is held.
 */
export function* copyFirst(
  target: PostgresTarget,
  { oids, cascade }: Empties,
  transaction: string,
  known: EmptyingTransactions,
): Looking<void> {
  const before = known.of(transaction);
  const standing = yield* standingOf(target, oids, cascade);
  // What it has emptied by now was copied then. What a savepoint gave back has to be copied anew.
  const fresh = standing.filter(({ oid, file }) => (before?.standing.get(oid)?.file ?? file) === file);
  const holding = fresh.filter(({ kind }) => kind !== 'p');
  const copied = new Map(before?.copied);
  const sequences = new Map(before?.sequences);
  const all = new Map([...(before?.standing ?? []), ...fresh.map((one) => [one.oid, one] as const)]);
  const { server = '' } = before ?? {};
  const keep = (server: string, why?: string): void =>
    known.set(transaction, { standing: all, copied, sequences, server, ...(why === undefined ? {} : { why }) });
  const amiss = before?.why ?? unfit(holding) ?? (all.size > mostTables ? tooMany : undefined);
  if (amiss !== undefined) return keep(server, amiss);
  yield* lock(target, holding);
  const after = yield* standingOf(target, oids, cascade);
  if (JSON.stringify(after.map(likeness)) !== JSON.stringify(standing.map(likeness)))
    return keep(server, 'a table was made otherwise as it was about to be emptied');
  const found = yield* orWhy(copiesOf(target, holding));
  if ('why' in found) return keep(server, found.why);
  for (const one of found.copied) copied.set(one.standing.oid, one);
  for (const one of found.sequences) sequences.set(one.oid, one);
  const text = [...copied.values()].reduce((sum, one) => sum + textOf(one), 0);
  return text > mostText ? keep(found.server, tooMuch) : keep(found.server);
}

const tooMany = `more than ${mostTables} tables are emptied at once`;
const tooMuch = `the rows are more than ${mostText / 1024 / 1024} MB of text`;

/** Size says nothing of what it is. */
function likeness({ size: _, ...one }: Standing): unknown {
  return one;
}

function unfit(tables: readonly Standing[]): string | undefined {
  const one = tables.find(({ kind, lockable, size }) => kind !== 'r' || !lockable || !(size <= mostBytes));
  if (one === undefined) return undefined;
  const named = `\`${one.schema}.${one.name}\``;
  if (one.kind !== 'r') return `${named} is no table whose rows can be put back`;
  return one.lockable ? `${named} is larger than ${mostBytes / 1024 / 1024} MB` : `${named} may not be locked`;
}

/** How tables stand now, as the acting session sees it. */
export function* standingOf(
  target: PostgresTarget,
  oids: readonly string[],
  cascade: boolean,
): Looking<readonly Standing[]> {
  const rows = yield* ask(target, 'emptying', JSON.stringify(oids), cascade ? 'cascade' : '');
  return rows.map(standingIn);
}

function standingIn([oid, schema, name, kind, file, size, lockable, digest, sequences]: Row): Standing {
  if (!oid || !schema || !name || !kind || !file || !size || !digest)
    throw refuse('DENIED', 'the server did not say how a table stands that is to be emptied');
  const owned = JSON.parse(sequences ?? '[]') as readonly (readonly [string, string, boolean])[];
  return {
    oid,
    schema,
    name,
    kind,
    file,
    size: Number(size),
    lockable: lockable === 'true',
    digest,
    sequences: owned.map(([id, its, movable]) => ({ oid: id, file: its, movable })),
  };
}

/** Against writers, and against others who would empty them: two that hold a milder lock would wait for each other. */
function* lock(target: PostgresTarget, tables: readonly Standing[]): Looking<void> {
  if (tables.length === 0) return;
  const named = tables.map(({ schema, name }) => `ONLY ${quotedName(schema, name)}`).join(', ');
  yield* askText(target, `LOCK TABLE ${named} IN EXCLUSIVE MODE`, 'lock on what is to be emptied');
}

interface Found {
  readonly copied: readonly Copied[];
  readonly sequences: readonly SequenceImage[];
  readonly server: string;
}

/** What the second line cannot tell is not secured, and no reason to refuse the statement. */
function* orWhy(found: Looking<Found | { readonly why: string }>): Looking<Found | { readonly why: string }> {
  try {
    return yield* found;
  } catch (thrown) {
    if (!(thrown instanceof Error)) throw thrown;
    return { why: 'it could not be looked at as it was before' };
  }
}

function* copiesOf(target: PostgresTarget, tables: readonly Standing[]): Looking<Found | { readonly why: string }> {
  yield* askAside(target, 'undoSession');
  const [server] = yield* askAside(target, 'server');
  const counts = tables.map(({ oid, schema, name }) => ({
    oid,
    table: `${schema}.${name}`,
    inserted: 0,
    updated: 0,
    deleted: 0,
    estimate: -1,
  }));
  const known =
    counts.length === 0
      ? []
      : described(yield* askAside(target, 'undoTables', JSON.stringify(counts.map((one) => one.oid))), counts);
  if ('why' in known) return known;
  const copied: Copied[] = [];
  let text = 0;
  for (const [at, standing] of tables.entries()) {
    const table = known[at];
    if (table === undefined) return { why: 'how a table is made is not known' };
    const one = yield* copyOf(target, standing, table);
    if ('why' in one) return one;
    text += textOf(one);
    if (text > mostText) return { why: tooMuch };
    copied.push(one);
  }
  const owned = tables.flatMap((one) => one.sequences.map(({ oid }) => oid));
  const rows = owned.length === 0 ? [] : yield* askAside(target, 'sequences', JSON.stringify(owned));
  return { copied, sequences: rows.map(sequenceIn), server: serverText(server?.[0], server?.[2]) };
}

/** The cluster and the database in it. */
export function serverText(system: string | null | undefined, database: string | null | undefined): string {
  return `${system ?? ''} ${database ?? ''}`;
}

/** How much it is comes first: it goes through memory. */
function* copyOf(
  target: PostgresTarget,
  standing: Standing,
  known: Described,
): Looking<Copied | { readonly why: string }> {
  const { table, generated } = known;
  const columns = [...table.columns, ...generated];
  const from = contentFrom({ ...table, columns }, 'true');
  const lengths = columns.map((_, at) => `COALESCE(pg_catalog.octet_length(q.c${at}), 0)`);
  const length = lengths.length === 0 ? '0' : lengths.join(' + ');
  const much = `SELECT pg_catalog.count(*)::pg_catalog.text, pg_catalog.sum(${length})::pg_catalog.text FROM ${from}`;
  const [sums] = yield* askTextAside(target, much, 'how much is to be emptied');
  const [count, bytes] = [Number(sums?.[0] ?? Number.NaN), Number(sums?.[1] ?? 0)];
  if (!(count <= mostRows)) return { why: `\`${standing.schema}.${standing.name}\` has more than ${mostRows} rows` };
  if (!(bytes <= 4 * mostText)) return { why: tooMuch };
  const all = columns.map((_, at) => `, q.c${at}`).join('');
  const text = `SELECT q.tid::pg_catalog.text${all} FROM ${from} LIMIT ${mostRows + 1}`;
  const rows = (yield* askTextAside(target, text, 'rows before they are emptied')).map((row) => row.slice(1));
  // Nobody writes meanwhile; had anybody, this would be another number.
  if (rows.length !== count) return { why: 'rows were written while they were copied' };
  return {
    standing,
    described: known,
    rows: rows.map((row) => row.slice(0, table.columns.length)),
    generated: rows.map((row): Content => row.slice(table.columns.length)),
  };
}

function textOf({ rows }: Copied): number {
  return rows.reduce((sum, row) => sum + lengthOf(row), 0);
}

export function sequenceIn([oid, schema, name, increment, cycles, last, start]: Row): SequenceImage {
  return {
    oid: oid ?? '',
    schema: schema ?? '',
    name: name ?? '',
    increment: increment ?? '',
    cycles: cycles !== 'false',
    last: last ?? null,
    start: start ?? '',
  };
}
