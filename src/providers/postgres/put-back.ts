import { ask, askText } from './ask.ts';
import type { Added, AddedRows, Made } from './added-image.ts';
import { quotedName } from './quoted.ts';
import type { Looking } from '../../contract/lookup.ts';
import type { PutBack } from '../../contract/provider.ts';
import type { JsonObject } from '../../model/json.ts';
import { type PostgresMessage, postgresMessage, type PostgresTarget } from '../../model/postgres-message.ts';
import { refuse } from '../../model/refusal.ts';

/** Keys in one statement. */
const atOnce = 1_000;

/** Takes away again what was added: rows by their keys, objects by name as long as what stands there is still the one that was made. */
export function* putBackAdded(image: JsonObject): Looking<PutBack> {
  const added = image as unknown as Added;
  const target: PostgresTarget = { entry: added.entry, major: added.major };
  const [row] = yield* ask(target, 'server');
  if (row?.[0] !== added.system || row[2] !== added.database)
    throw refuse('DENIED', 'the database is not the one that this was recorded of', 'look at where the upstream leads');
  const plans: PostgresMessage[] = [];
  const conflicts: string[] = [];
  const notUndone: string[] = [];
  const there = yield* ask(target, 'there', JSON.stringify(added.rows.map((one) => one.oid)));
  const known = new Map(there.map((one) => [one[0] ?? '', one]));
  for (const one of added.rows) {
    const now = known.get(one.oid);
    if (now?.[1] !== one.schema || now[2] !== one.name)
      notUndone.push(`table \`${one.schema}.${one.name}\` is not there any more`);
    else plans.push(...(yield* takeRows(target, one, conflicts)));
  }
  plans.push(...(yield* takeObjects(target, added.made, conflicts, notUndone)));
  return { plans, conflicts, notUndone };
}

/** Dropping goes by name: what stands under it has to be the very one that was made. */
function* takeObjects(
  target: PostgresTarget,
  made: readonly Made[],
  conflicts: string[],
  notUndone: string[],
): Looking<PostgresMessage[]> {
  if (made.length === 0) return [];
  const asked = JSON.stringify(made.map(({ what, schema, name, member }) => [what, schema, name, member]));
  const standing = new Map((yield* ask(target, 'named', asked)).map((row) => [row[0], row]));
  const plans: PostgresMessage[] = [];
  for (const [at, one] of [...made.entries()].toReversed()) {
    const now = standing.get(String(at + 1));
    const named = fullName(one);
    if (now === undefined) notUndone.push(`${named} is not there any more`);
    else if (now[1] !== one.oid || now[2] !== one.id) {
      conflicts.push(`${named} is another one by now: the one that was made was dropped or renamed since`);
      notUndone.push(`${named} is left alone: it was not made by this act`);
    } else {
      if (one.what === 'relation' && 'rpm'.includes(one.kind) && Number(now[3]) > 0)
        conflicts.push(`${named} holds rows by now`);
      plans.push(postgresMessage(target, 'statement', dropText(one)));
    }
  }
  return plans;
}

function fullName({ what, schema, name, member }: Made): string {
  if (what === 'schema') return `schema \`${name}\``;
  return member === '' ? `\`${schema}.${name}\`` : `${what} \`${member}\` of \`${schema}.${name}\``;
}

function* takeRows(
  target: PostgresTarget,
  { schema, name, columns, rows }: AddedRows,
  conflicts: string[],
): Looking<PostgresMessage[]> {
  const plans: PostgresMessage[] = [];
  const keyed = columns
    .map((column, at) => `t.${quotedName(column)}::pg_catalog.text = (k.value->>${at})`)
    .join(' AND ');
  let changed = 0;
  for (let at = 0; at < rows.length; at += atOnce) {
    const part = rows.slice(at, at + atOnce);
    const keys = JSON.stringify(part.map((row) => row.slice(0, columns.length)));
    const text = `SELECT pg_catalog.md5(t::pg_catalog.text) FROM ONLY ${quotedName(schema, name)} t, pg_catalog.json_array_elements($1::pg_catalog.json) k WHERE ${keyed}`;
    const now = new Set((yield* askText(target, text, 'rows as they are now', keys)).map((row) => row[0]));
    const recorded = new Set(part.map((row) => row[columns.length]));
    changed += [...now].filter((hash) => !recorded.has(hash ?? '')).length;
    plans.push({
      ...postgresMessage(
        target,
        'statement',
        `DELETE FROM ONLY ${quotedName(schema, name)} t USING pg_catalog.json_array_elements($1::pg_catalog.json) k WHERE ${keyed}`,
      ),
      values: [Buffer.from(keys)],
    });
  }
  if (changed > 0) conflicts.push(`${changed} of the rows that were added to \`${schema}.${name}\` were changed since`);
  return plans;
}

const kinds: { readonly [kind: string]: string } = {
  r: 'TABLE',
  p: 'TABLE',
  v: 'VIEW',
  m: 'MATERIALIZED VIEW',
  S: 'SEQUENCE',
  i: 'INDEX',
  I: 'INDEX',
};

/** Never CASCADE: what hangs on it by now stops it. */
function dropText({ what, kind, schema, name, member }: Made): string {
  switch (what) {
    case 'relation':
      return `DROP ${kinds[kind] ?? 'TABLE'} ${quotedName(schema, name)}`;
    case 'column':
      return `ALTER TABLE ${quotedName(schema, name)} DROP COLUMN ${quotedName(member)}`;
    case 'constraint':
      return `ALTER TABLE ${quotedName(schema, name)} DROP CONSTRAINT ${quotedName(member)}`;
    case 'schema':
      return `DROP SCHEMA ${quotedName(name)}`;
    case 'type':
      return `DROP TYPE ${quotedName(schema, name)}`;
  }
}
