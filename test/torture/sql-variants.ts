import type { Client } from 'pg';
import type { Dice } from '../fault/journal-dice.ts';

/** What variants are made of: what the catalogue has at this moment, and statements that were read before. */
export interface Pool {
  /** Written so that a statement may hold them: `schema.name` quoted, with the types of their arguments. */
  readonly functions: readonly { readonly name: string; readonly types: readonly string[] }[];
  readonly operators: readonly { readonly name: string; readonly left: string | null; readonly right: string | null }[];
  readonly types: readonly string[];
  readonly tables: readonly { readonly name: string; readonly column: string; readonly writable: boolean }[];
  readonly sequences: readonly string[];
  readonly texts: readonly string[];
}

/** Not in a session's temporary schema, whose number is another in each run. */
function lasting(schema: string): string {
  return `${schema} NOT IN (SELECT oid FROM pg_namespace WHERE nspname LIKE 'pg\\_%temp\\_%')`;
}

const functionsQuestion = `SELECT p.oid::regproc::text, array(SELECT format_type(t, NULL) FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY u(t, n) ORDER BY n)
  FROM pg_proc p WHERE p.prokind IN ('f', 'a', 'w') AND NOT p.prorettype = ANY (ARRAY['trigger', 'event_trigger', 'internal', 'language_handler',
    'fdw_handler', 'index_am_handler', 'table_am_handler', 'tsm_handler']::regtype[]) AND NOT 'internal'::regtype = ANY (p.proargtypes::oid[])
    AND ${lasting('p.pronamespace')}
  ORDER BY (p.oid < 16384), p.oid::regprocedure::text COLLATE "C"`;

const operatorsQuestion = `SELECT format('OPERATOR(%I.%s)', n.nspname, o.oprname), CASE WHEN o.oprleft <> 0 THEN format_type(o.oprleft, NULL) END,
  CASE WHEN o.oprright <> 0 THEN format_type(o.oprright, NULL) END
  FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace WHERE ${lasting('n.oid')} ORDER BY (o.oid < 16384), o.oid::regoperator::text COLLATE "C"`;

const typesQuestion = `SELECT format_type(t.oid, NULL) FROM pg_type t WHERE t.typtype <> 'p' AND t.typname NOT LIKE '\\_%' AND ${lasting('t.typnamespace')}
  ORDER BY (t.oid < 16384), format_type(t.oid, NULL) COLLATE "C"`;

const tablesQuestion = `SELECT c.oid::regclass::text, quote_ident(a.attname), (c.oid >= 16384 AND c.relkind IN ('r', 'v', 'p'))::text, c.relkind
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = 1 AND NOT a.attisdropped
  WHERE c.relkind IN ('r', 'v', 'm', 'p', 'S') AND c.relpersistence <> 't' ORDER BY (c.oid < 16384), c.oid::regclass::text COLLATE "C"`;

/** `texts`: statements that were proved to be reads. */
export async function poolOf(admin: Client, texts: readonly string[]): Promise<Pool> {
  const asked = async <Row extends readonly unknown[]>(text: string): Promise<readonly Row[]> =>
    (await admin.query<Row & unknown[]>({ text, rowMode: 'array' })).rows;
  const tables = await asked<[string, string, string, string]>(tablesQuestion);
  return {
    functions: (await asked<[string, string[]]>(functionsQuestion)).map(([name, types]) => ({ name, types })),
    operators: (await asked<[string, string | null, string | null]>(operatorsQuestion)).map(([name, left, right]) => ({
      name,
      left,
      right,
    })),
    types: (await asked<[string]>(typesQuestion)).map(([name]) => name),
    tables: tables
      .filter(([, , , kind]) => kind !== 'S')
      .map(([name, column, writable]) => ({ name, column, writable: writable === 'true' })),
    sequences: tables.filter(([, , , kind]) => kind === 'S').map(([name]) => name),
    texts,
  };
}

/** One statement of the pool's material. The same for the same pool and dice. */
export function variantOf(pool: Pool, dice: Dice): string {
  return wrapped(plainOf(pool, dice), pool, dice);
}

function plainOf(pool: Pool, dice: Dice): string {
  const which = dice.below(20);
  if (which < 6 && pool.texts.length > 0) return changed(dice.pick(pool.texts), pool, dice);
  if (which < 10) return `SELECT ${callOf(pool, dice)}`;
  if (which < 11) return `SELECT * FROM ${callOf(pool, dice)} f`;
  if (which < 13) return `SELECT ${operationOf(pool, dice)}`;
  if (which < 14) return `SELECT ${valueOf(dice.pick(pool.types), pool, dice)}::${early(pool.types, dice)}`;
  if (which < 16 && pool.tables.length > 0) return fromTable(pool, dice);
  if (which < 17 && pool.texts.length > 0) return `SELECT ${callOf(pool, dice)}, * FROM (${dice.pick(pool.texts)}) s`;
  if (which < 18 && pool.tables.length > 0) return attributeOf(pool, dice);
  if (which < 19 && pool.tables.length > 0) return emptyWrite(pool, dice);
  return `VALUES (${callOf(pool, dice)}), (${callOf(pool, dice)})`;
}

/** What stands first, which is what people made, comes up more often than the rest. */
function early<T>(list: readonly T[], dice: Dice): T {
  return dice.below(2) === 0 ? dice.pick(list) : (list[dice.below(Math.min(60, list.length))] ?? dice.pick(list));
}

function callOf(pool: Pool, dice: Dice): string {
  const { name, types } = early(pool.functions, dice);
  return `${name}(${types.map((type) => valueOf(type, pool, dice)).join(', ')})`;
}

function operationOf(pool: Pool, dice: Dice): string {
  const { name, left, right } = early(pool.operators, dice);
  const [before, behind] = [left, right].map((type) => (type === null ? '' : valueOf(type, pool, dice)));
  return `${before} ${name} ${behind}`;
}

const constants: readonly string[] = [
  '0',
  '1',
  '2',
  '-1',
  '42',
  '1.5',
  't',
  'a',
  '',
  '{}',
  '{1,2}',
  '[1,2]',
  '(1,2)',
  '2026-11-23',
  '{"a":1}',
];

/** A value that may pass for one of this type. */
function valueOf(type: string, pool: Pool, dice: Dice): string {
  if (dice.below(12) === 0) return `NULL::${named(type)}`;
  if (dice.below(30) === 0) return 'NULL';
  if (/^(?:any|record)/.test(type))
    return dice.pick(['1', 'array[1,2]', "'a'::text", "row(1, 'a')", 'int4range(1, 2)']);
  if (type === 'regclass' && pool.sequences.length + pool.tables.length > 0)
    return `${quoted(dice.below(2) === 0 && pool.sequences.length > 0 ? dice.pick(pool.sequences) : dice.pick(pool.tables).name)}::regclass`;
  if (type === 'boolean') return dice.pick(['true', 'false']);
  if (/^(?:smallint|integer|bigint|real|double precision|numeric|oid|xid|cid)$/.test(type)) {
    const number = dice.pick(['0', '1', '2', '7', '-1', '100', '16384', '1259', '2147483647']);
    return `${quoted(number)}::${type}`;
  }
  if (type === 'text' || type === 'name' || type === 'cstring' || type === 'character varying') {
    const words = [
      ...constants,
      'pg_class',
      'search_path',
      'public',
      'SELECT 1',
      'DELETE FROM onek',
      'PG_VERSION',
      '%s',
    ];
    return `${quoted(dice.below(4) === 0 && pool.tables.length > 0 ? dice.pick(pool.tables).name : dice.pick(words))}::${type}`;
  }
  if (/^(?:json|jsonb|jsonpath)$/.test(type))
    return `${quoted(dice.pick(['{}', '{"a":[1,2]}', '[1]', '$.a', 'null']))}::${type}`;
  if (type.endsWith('[]')) return `${quoted(dice.pick(['{}', '{1,2}', '{a,b}', '{t,f}', '{NULL}']))}::${type}`;
  if (/date|time|interval/.test(type))
    return `${quoted(dice.pick(['2026-11-23', '2026-11-23 10:00', '1 day', '10:00']))}::${named(type)}`;
  return `${quoted(dice.pick(constants))}::${named(type)}`;
}

function named(type: string): string {
  return type.startsWith('any') ? 'text' : type;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function fromTable(pool: Pool, dice: Dice): string {
  const { name, column } = early(pool.tables, dice);
  const ways = [
    `TABLE ${name}`,
    `SELECT * FROM ${name} LIMIT 3`,
    `SELECT count(*) FROM ${name}`,
    `SELECT ${column}, count(*) FROM ${name} GROUP BY 1 ORDER BY 1 DESC LIMIT 2`,
    `SELECT t FROM ONLY ${name} t WHERE ${column} IS NOT NULL LIMIT 1`,
    `SELECT DISTINCT ${column} FROM ${name} TABLESAMPLE bernoulli (50) LIMIT 5`,
    `SELECT (SELECT max(x::text) FROM (SELECT ${column} AS x FROM ${name} LIMIT 9) s), ${callOf(pool, dice)} FROM ${name} LIMIT 1`,
    `SELECT * FROM ${name} a WHERE EXISTS (SELECT FROM ${dice.pick(pool.tables).name} b) LIMIT 1 FOR UPDATE`,
    `COPY ${name} TO STDOUT`,
  ];
  return dice.pick(ways);
}

/** `t.f` is a call of `f` where `t` has no such column. */
function attributeOf(pool: Pool, dice: Dice): string {
  const { name } = early(pool.tables, dice);
  const bare = early(pool.functions, dice).name.replace(/^.*\./, '');
  return dice.pick([
    `SELECT t.${bare} FROM ${name} t LIMIT 1`,
    `SELECT (t).${bare} FROM (SELECT * FROM ${name} LIMIT 2) t`,
  ]);
}

/** Looks like a change and hits nothing, or is never run. */
function emptyWrite(pool: Pool, dice: Dice): string {
  const writable = pool.tables.filter((table) => table.writable);
  const { name, column } = dice.pick(writable.length > 0 ? writable : pool.tables);
  const ways = [
    `DELETE FROM ${name} WHERE false`,
    `UPDATE ${name} SET ${column} = ${column} WHERE false`,
    `INSERT INTO ${name} SELECT * FROM ${name} WHERE false`,
    `WITH d AS (DELETE FROM ${name} WHERE ${column} IS NULL AND false RETURNING *) SELECT count(*) FROM d`,
    `EXPLAIN DELETE FROM ${name}`,
    `EXPLAIN ANALYZE UPDATE ${name} SET ${column} = ${column} WHERE false`,
    `LOCK TABLE ${name} IN ACCESS SHARE MODE`,
    `MERGE INTO ${name} t USING (SELECT 1 AS a WHERE false) s ON true WHEN MATCHED THEN DELETE`,
  ];
  return dice.pick(ways);
}

/** Another function, table or constant in the place of one. */
function changed(text: string, pool: Pool, dice: Dice): string {
  const turns = 1 + dice.below(2);
  let made = text;
  for (let turn = 0; turn < turns; turn++) {
    const how = dice.below(4);
    if (how === 0) made = oneReplaced(made, /\b\d+\b/g, dice.pick(['0', '1', '7', '100']), dice);
    else if (how === 1)
      made = oneReplaced(made, /\b[a-z_][a-z0-9_]*(?=\s*\()/g, early(pool.functions, dice).name, dice);
    else if (how === 2 && pool.tables.length > 0)
      made = oneReplaced(made, /(?<=\b(?:from|join)\s+)[a-z_][a-z0-9_.]*/gi, early(pool.tables, dice).name, dice);
    else made = oneReplaced(made, /'[^'\n]{0,40}'/g, quoted(dice.pick(constants)), dice);
  }
  return made;
}

function oneReplaced(text: string, pattern: RegExp, by: string, dice: Dice): string {
  const places = [...text.matchAll(pattern)];
  if (places.length === 0) return text;
  const { index, 0: old } = dice.pick(places);
  return `${text.slice(0, index)}${by}${text.slice(index + old.length)}`;
}

function wrapped(text: string, pool: Pool, dice: Dice): string {
  const tables = pool.tables.length > 0 ? pool.tables : [{ name: 'pg_class', column: 'oid', writable: false }];
  switch (dice.below(26)) {
    case 0:
      return `EXPLAIN ${text}`;
    case 1:
      return `EXPLAIN (ANALYZE, COSTS off) ${text}`;
    case 2:
      return `WITH w AS (${text}) SELECT * FROM w`;
    case 3:
      return `WITH w AS MATERIALIZED (${text}) SELECT 1`;
    case 4:
      return `SELECT count(*) FROM (${text}) s`;
    case 5:
      return `SELECT EXISTS (${text})`;
    case 6:
      return `COPY (${text}) TO STDOUT`;
    case 7:
      return `${text} FOR UPDATE`;
    case 8:
      return `SELECT * FROM ${dice.pick(tables).name} WHERE EXISTS (${text}) LIMIT 1`;
    case 9:
      return `SELECT s.*, ${callOf(pool, dice)} FROM (${text}) s ORDER BY ${callOf(pool, dice)} LIMIT 2`;
    case 10:
      return `(${text}) UNION ALL (${text})`;
    case 11:
      return `PREPARE holdpoint_torture AS ${text}`;
    case 12:
      return `DECLARE holdpoint_torture CURSOR FOR ${text}`;
    default:
      return text;
  }
}
