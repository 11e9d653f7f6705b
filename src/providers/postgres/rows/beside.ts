import type { RowsImage, TableImage } from './image.ts';
import { inserting, planOf, type Said } from './statements.ts';
import { own } from '../ask.ts';
import { quotedName } from '../quoted.ts';
import type { Looking } from '../../../contract/lookup.ts';
import type { PutBack } from '../../../contract/provider.ts';
import type { PostgresTarget } from '../../../model/postgres-message.ts';
import { refuse } from '../../../model/refusal.ts';

/**
 * The rows as they were, in new tables of a schema of that name, in one transaction. Nothing that is there is touched, so there is
 * no conflict, and tables that are gone or made otherwise by now are no hindrance: what is made anew has columns and types alone.
 * Throws `Refused` where a table stands in the way, or no rows were secured.
 */
export function* rowsBeside(image: RowsImage, schema: string): Looking<PutBack> {
  const target: PostgresTarget = { entry: image.entry, major: image.major };
  const [server] = yield* own.ask(target, 'server');
  if (server?.[0] !== image.system || server[2] !== image.database)
    throw refuse('DENIED', 'the database is not the one that this was recorded of', 'look at where the upstream leads');
  const held = image.tables.filter((one) => one.rows.length > 0);
  if (held.length === 0)
    throw refuse('BAD_REQUEST', 'no rows were secured that could be put beside: it only added some', 'undo it instead');
  const tables = held.map((one) => besideOf(one, schema, held));
  const [there] = yield* own.ask(target, 'beside', schema, JSON.stringify(tables.map((one) => one.name)));
  const taken = JSON.parse(there?.[1] ?? '[]') as readonly string[];
  if (taken.length > 0)
    throw refuse('DENIED', `\`${schema}.${taken[0] ?? ''}\` is there already`, 'name another schema, or drop it first');
  const said: readonly Said[] = [
    ...(there?.[0] === 'true' ? [] : [{ text: `CREATE SCHEMA ${quotedName(schema)}`, values: [] }]),
    ...tables.map((one) => ({ text: makingText(one), values: [] })),
    ...tables.flatMap((one) => inserting(one, one.rows)),
  ];
  const whole = planOf(target, said);
  const notUndone = image.tables
    .filter((one) => one.left.length > 0)
    .map(({ schema: from, name }) => `what it left in \`${from}.${name}\` stays as it is`);
  return { plans: [], ...(whole === undefined ? {} : { whole }), conflicts: [], notUndone, beside: true };
}

/** By its own name; tables of one name from several schemas are told apart by their oids. */
function besideOf(table: TableImage, schema: string, all: readonly TableImage[]): TableImage {
  const alone = all.filter((one) => one.name === table.name).length === 1;
  return { ...table, schema, name: alone ? table.name : `${table.name}_${table.oid}` };
}

/** No constraint, no default, no trigger: it only holds what was there. */
function makingText({ schema, name, columns }: TableImage): string {
  const parts = columns.map((column) => `${quotedName(column.name)} ${column.type}`);
  return `CREATE TABLE ${quotedName(schema, name)} (${parts.join(', ')})`;
}
