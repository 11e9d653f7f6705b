import { afterOf, described, lowOf, mostRows, mostTables, named, neededOf } from './capture.ts';
import type { RowsImage, TableImage } from './image.ts';
import { lookInside, rehearsed, rehearsing } from './rehearsal.ts';
import type { NotSecured } from './secured.ts';
import type { Described } from './tables.ts';
import { questions } from '../questions.ts';
import type { Step } from '../step.ts';
import type { TableCount } from '../table-count.ts';
import type { Looking } from '../../../contract/lookup.ts';
import type { Capture } from '../../../contract/provider.ts';
import { digestOf } from '../../../model/digest.ts';
import type { JsonObject } from '../../../model/json.ts';
import { postgresLookup, type PostgresTarget } from '../../../model/postgres-message.ts';

/**
 * The inverse of a transaction that only added rows: which versions they are, by its own line, for there is nothing behind
 * them. Where something could keep them from being taken away again, that is tried first.
 */
export function* rowsAddedBy(
  target: PostgresTarget,
  steps: readonly Step[],
  tables: readonly TableCount[],
  identity: { readonly transaction: string; readonly system: string; readonly database: string },
  undoLine: boolean,
): Looking<Capture | NotSecured> {
  const counts = tables.filter((one) => one.inserted > 0);
  if (counts.length > mostTables) return { why: `rows are added to more than ${mostTables} tables at once` };
  const many = counts.find((one) => one.inserted > mostRows);
  if (many !== undefined) return { why: `more than ${mostRows} rows are added to \`${many.table}\`` };
  const known = yield* ownTables(target, counts);
  if ('why' in known) return known;
  const hidden = known.find((one) => one.rowSecurity && !undoLine);
  if (hidden !== undefined) return { why: `${named(hidden)} has row security, and there is no line that sees past it` };
  const low = lowOf(identity.transaction);
  const inside = yield* lookInside(
    target,
    known.map((one) => one.table),
    low,
    mostRows,
  );
  if ('why' in inside) return inside;
  const images = known.map(({ table }): TableImage => {
    const left = (inside.left.get(table.oid) ?? []).map(({ version }) => version);
    return { ...table, ...(table.key.length === 0 ? { twins: {} } : {}), rows: [], left };
  });
  // The counters go on counting rows that a savepoint took back; and a row that the agent may not see cannot be named.
  const takenBack = steps.some(({ statement }) => statement.facts.frame?.act === 'rollback-to');
  for (const [at, { oid, inserted, table }] of counts.entries()) {
    const left = inside.left.get(oid)?.length ?? 0;
    const lenient = takenBack && known[at]?.rowSecurity === false;
    if (left > inserted || (left < inserted && !lenient))
      return { why: `the rows of \`${table}\` that were found are not as many as the server counted` };
  }
  let way: RowsImage['way'];
  if (known.some((one) => one.guarded || refersAmong(one, known))) {
    const found = yield* rehearsed(target, neededOf(images, known, inside, new Map()), low);
    if (typeof found !== 'string') return found;
    way = found;
  }
  const { system, database } = identity;
  const image: RowsImage = {
    kind: 'rows',
    entry: target.entry,
    major: target.major,
    system,
    database,
    own: true,
    tables: images,
    after: afterOf(images, inside),
    settings: inside.settings,
    ...(way === undefined ? {} : { way }),
  };
  const hashes = images.map(({ schema, name, left }) =>
    digestOf('holdpoint/postgres-added/v1', { table: `${schema}.${name}`, rows: left.length }),
  );
  return { image: image as unknown as JsonObject, hashes };
}

/** Nobody else can refer to rows that are not committed yet; those of the same transaction can. */
function refersAmong({ table }: Described, known: readonly Described[]): boolean {
  return known.some((one) => table.referencedBy.includes(one.table.oid));
}

/** How these tables are made, as the acting role sees it. */
function* ownTables(target: PostgresTarget, counts: readonly TableCount[]): Looking<readonly Described[] | NotSecured> {
  if (counts.length === 0) return [];
  const oids = JSON.stringify(counts.map((one) => one.oid));
  const messages = [
    postgresLookup(target, questions.rehearsalLook),
    postgresLookup(target, questions.undoTables, oids),
  ];
  const answer = (yield* rehearsing(messages, 'tables that rows were added to'))[1];
  if (answer === undefined || answer.error !== undefined) return { why: 'how the tables are made is not known' };
  return described(answer.rows, counts);
}
