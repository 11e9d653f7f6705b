import { serverText } from './copy-first.ts';
import { ask, askAside, type Row } from '../ask.ts';
import { questions } from '../questions.ts';
import type { Table } from '../reach.ts';
import { rehearsing } from '../rows/rehearsal.ts';
import { messageOf, planOf } from '../rows/statements.ts';
import type { NotSecured } from '../rows/secured.ts';
import type { Looking } from '../../../contract/lookup.ts';
import type { Capture, PutBack, TableShare } from '../../../contract/provider.ts';
import { digestOf } from '../../../model/digest.ts';
import type { JsonObject } from '../../../model/json.ts';
import { postgresLookup, type PostgresTarget } from '../../../model/postgres-message.ts';
import { refuse } from '../../../model/refusal.ts';

/** An index as it was: it holds nothing of its own, so what makes it is all of it. */
interface IndexImage {
  readonly schema: string;
  readonly name: string;
  readonly tableOid: string;
  /** `schema.name`. */
  readonly table: string;
  readonly text: string;
  readonly digest: string;
}

/** Indexes that a transaction dropped. */
interface IndexesImage {
  readonly kind: 'indexes';
  readonly entry: string;
  readonly major: number;
  readonly system: string;
  readonly database: string;
  readonly indexes: readonly IndexImage[];
  /** No row and no object of it was added: what looks through images finds that out here. */
  readonly rows: readonly [];
  readonly made: readonly [];
}

const mostIndexes = 20;
/** Making one anew reads its whole table, which nobody writes to meanwhile. */
const mostBytes = 128 * 1024 * 1024;

export function indexesImageIn(image: JsonObject): IndexesImage | undefined {
  return image['kind'] === 'indexes' ? (image as unknown as IndexesImage) : undefined;
}

/**
 * What the open transaction dropped, as everybody else still sees it: the second line tells. Made again for a trial, each has
 * to be what it was, but for its oid. Not secured where the transaction has taken more for itself alone than that.
 */
export function* indexesDropped(
  target: PostgresTarget,
  dropped: readonly Table[],
  known: ReadonlyMap<string, Known>,
  { system, database }: { readonly system: string; readonly database: string },
): Looking<Capture | NotSecured> {
  const there = yield* ask(target, 'there', JSON.stringify(dropped.map((one) => one.oid)));
  const gone = dropped.filter((one) => !there.some(([oid]) => oid === one.oid));
  if (gone.length === 0) return { why: 'what it names is there still' };
  if (gone.length > mostIndexes) return { why: `more than ${mostIndexes} indexes are dropped at once` };
  yield* askAside(target, 'undoSession');
  const [server] = yield* askAside(target, 'server');
  if (serverText(server?.[0], server?.[2]) !== serverText(system, database))
    return { why: 'the second line leads to another database' };
  const names = namesOf(gone);
  const held = yield* askAside(target, 'indexesHeld', names);
  const indexes: IndexImage[] = [];
  for (const [at, { oid, schema, name }] of gone.entries()) {
    const image = known.get(oid);
    const now = held.find(([place]) => place === String(at + 1));
    if (image === undefined) return { why: `\`${schema}.${name}\` is no index that its definition alone brings back` };
    if (now?.[1] !== oid || now[2] !== image.held)
      return { why: `\`${schema}.${name}\` was made otherwise as it was about to be dropped` };
    const { held: _, ...index } = image;
    indexes.push(index);
  }
  const oids = JSON.stringify(gone.map((one) => one.oid));
  const tables = [...new Set(indexes.map((one) => one.tableOid))];
  const before = yield* askAside(target, 'indexed', JSON.stringify(tables), oids, '');
  const after = yield* ask(target, 'indexed', JSON.stringify(tables), oids, 'size');
  const same = tables.every(
    (table) => digestIn(before, table) !== undefined && digestIn(before, table) === digestIn(after, table),
  );
  if (!same) return { why: 'a table was made otherwise in the same transaction' };
  if (!after.every((row) => row[2] !== null && Number(row[2]) <= mostBytes))
    return { why: `a table is larger than ${mostBytes / 1024 / 1024} MB` };
  const explained = JSON.stringify([...tables, ...gone.map((one) => one.oid)]);
  const [taken] = yield* ask(target, 'takenElse', '[]', explained);
  if (taken?.[0] !== '0') return { why: 'it changed an object that nothing in it names' };
  const amiss = yield* madeAgain(target, indexes, names);
  if (amiss !== undefined) return { why: amiss };
  const image: IndexesImage = {
    kind: 'indexes',
    entry: target.entry,
    major: target.major,
    system,
    database,
    indexes,
    rows: [],
    made: [],
  };
  return {
    image: image as unknown as JsonObject,
    hashes: indexes.map(({ table, digest }) => digestOf('holdpoint/postgres-index/v1', { table, digest })),
  };
}

function namesOf(tables: readonly Pick<Table, 'schema' | 'name'>[]): string {
  return JSON.stringify(tables.map(({ schema, name }) => [schema, name]));
}

/** An index that is about to be dropped, with a digest of what the catalogue held of it. */
interface Known extends IndexImage {
  readonly held: string;
}

/** Transactions that are remembered at once; of a forgotten one nothing is secured. */
const mostTransactions = 200;

/** Indexes that open transactions have dropped, or are about to: by then nobody can ask any more what made them. */
export class DroppingTransactions {
  readonly #known = new Map<string, ReadonlyMap<string, Known>>();

  add(transaction: string, indexes: ReadonlyMap<string, Known>): void {
    const earlier = this.#known.get(transaction) ?? [];
    this.#known.delete(transaction);
    this.#known.set(transaction, new Map([...earlier, ...indexes]));
    const [oldest] = this.#known.keys();
    if (this.#known.size > mostTransactions && oldest !== undefined) this.#known.delete(oldest);
  }

  of(transaction: string): ReadonlyMap<string, Known> | undefined {
    return this.#known.get(transaction);
  }

  /** For the last time: what is judged is judged once. */
  take(transaction: string): ReadonlyMap<string, Known> {
    const known = this.#known.get(transaction) ?? new Map<string, Known>();
    this.#known.delete(transaction);
    return known;
  }
}

/**
 * Right before indexes are dropped: what makes them, by the second line, which looks at them under a path on which every name is
 * said with its schema. Whether it was still so when they were dropped is asked at the COMMIT.
 */
export function* definedFirst(
  target: PostgresTarget,
  dropped: readonly Table[],
  transaction: string,
  known: DroppingTransactions,
): Looking<void> {
  const before = known.of(transaction);
  const wanted = dropped.filter(({ kind, oid }) => kind === 'i' && before?.has(oid) !== true);
  if (wanted.length === 0) return;
  try {
    yield* askAside(target, 'undoSession');
    // Once one of a table's indexes is dropped nobody is told of the others: the next statement may drop them.
    const all = yield* askAside(target, 'siblings', JSON.stringify(wanted.map((one) => one.oid)));
    const indexes = all.map(([oid, schema, name]) => ({ oid: oid ?? '', schema: schema ?? '', name: name ?? '' }));
    const names = namesOf(indexes);
    const held = yield* askAside(target, 'indexesHeld', names);
    const rows = yield* askAside(target, 'indexes', names);
    const found = new Map<string, Known>();
    for (const [at, { oid, schema, name }] of indexes.entries()) {
      const place = String(at + 1);
      const row = rows.find((one) => one[0] === place && one[1] === oid && one[6] === 'true');
      const its = held.find((one) => one[0] === place && one[1] === oid)?.[2];
      const image = row === undefined ? undefined : imageIn(row, schema, name);
      if (image !== undefined && its) found.set(oid, { ...image, held: its });
    }
    known.add(transaction, found);
  } catch (thrown) {
    // What is not known is not secured, and no reason to refuse the statement.
    if (!(thrown instanceof Error)) throw thrown;
  }
}

/**
 * Everybody misses an index of a whole table, and a unique one keeps nothing out meanwhile: in production that is beyond bounds
 * unless it is about a few rows.
 */
export function sharesOfIndexed(dropped: readonly Table[]): readonly TableShare[] {
  return dropped.map(({ schema, name, rows }) => {
    const all = rows < 0 ? Number.MAX_SAFE_INTEGER : rows;
    return { table: `${schema}.${name}`, rows: all, of: all };
  });
}

function imageIn(row: Row, schema: string, name: string): IndexImage | undefined {
  const [, , tableOid, tableSchema, tableName, text, , digest] = row;
  if (!tableOid || !tableSchema || !tableName || !text || !digest) return undefined;
  return { schema, name, tableOid, table: `${tableSchema}.${tableName}`, text, digest };
}

function digestIn(rows: readonly Row[], table: string): string | undefined {
  return rows.find(([oid]) => oid === table)?.[1] ?? undefined;
}

/** Why it does not come back as it was; undefined where it does. */
function* madeAgain(
  target: PostgresTarget,
  indexes: readonly IndexImage[],
  names: string,
): Looking<string | undefined> {
  const messages = [
    postgresLookup(target, questions.rehearsalValues),
    ...indexes.map(({ text }) => messageOf(target, { text, values: [] })),
    postgresLookup(target, questions.rehearsalLook),
    postgresLookup(target, questions.indexes, names),
  ];
  const answers = yield* rehearsing(messages, 'the way back');
  const { error } = answers.at(-1) ?? {};
  if (error !== undefined) return `it was made again for a trial, and the server refused it (SQLSTATE ${error.code})`;
  const rows = answers.length === messages.length ? (answers.at(-1)?.rows ?? []) : [];
  const other = indexes.find((one, at) => rows.find(([place]) => place === String(at + 1))?.[7] !== one.digest);
  return other && `it was made again for a trial, and \`${other.schema}.${other.name}\` is not what it was`;
}

/** Makes again what is missing. What stands there by that name and is another stays. */
export function* putBackIndexes(image: IndexesImage): Looking<PutBack> {
  const target: PostgresTarget = { entry: image.entry, major: image.major };
  yield* ask(target, 'undoSession');
  const [server] = yield* ask(target, 'server');
  if (server?.[0] !== image.system || server[2] !== image.database)
    throw refuse('DENIED', 'the database is not the one that this was recorded of', 'look at where the upstream leads');
  const rows = yield* ask(target, 'indexes', JSON.stringify(image.indexes.map(({ schema, name }) => [schema, name])));
  const there = yield* ask(target, 'there', JSON.stringify(image.indexes.map((one) => one.tableOid)));
  const missing: IndexImage[] = [];
  const left: string[] = [];
  for (const [at, one] of image.indexes.entries()) {
    const now = rows.find(([place]) => place === String(at + 1));
    const table = there.find(([oid]) => oid === one.tableOid);
    if (now?.[7] === one.digest) continue;
    if (now !== undefined) left.push(`\`${one.schema}.${one.name}\` is another one by now`);
    else if (table === undefined || `${table[1]}.${table[2]}` !== one.table)
      left.push(`table \`${one.table}\` is not there any more`);
    else missing.push(one);
  }
  const whole = planOf(
    target,
    missing.map(({ text }) => ({ text, values: [] })),
  );
  return { plans: [], ...(whole === undefined ? {} : { whole }), conflicts: [], notUndone: left, left };
}
