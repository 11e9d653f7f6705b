import { Dice } from './undo-programs.ts';

/** A world of a few tables made at random, and one transaction that destroys in it. */
export interface RandomWorld {
  readonly made: string;
  readonly program: readonly string[];
  /** Tables that a neighbour can lock rows of. */
  readonly tables: readonly string[];
}

interface Column {
  readonly name: string;
  readonly type: string;
  readonly value: (dice: Dice) => string;
}

interface Table {
  readonly name: string;
  readonly key: 'int' | 'always' | 'pair' | 'text' | 'numeric' | 'none';
  readonly columns: readonly Column[];
  readonly unique: boolean;
  readonly up: string | undefined;
  readonly rows: number;
}

const types: readonly [string, (dice: Dice) => string][] = [
  ['int', (dice) => String(dice.roll(100))],
  ['text', (dice) => `'${dice.one(['x', 'Ä', 'a,b', '{}', ''])}${dice.roll(50)}'`],
  ['text', (dice) => `repeat('${dice.roll(9)}ab', ${dice.roll(3) * 900})`],
  ['numeric', (dice) => dice.one(['1.0', '1.00', 'null', '-0.5', '12345678901234567890.1'])],
  ['float8', (dice) => dice.one([`'NaN'`, `'-0'`, '0', '1e300', '0.1'])],
  ['timestamptz', (dice) => `timestamptz '2026-01-01 00:00Z' + ${dice.roll(1000)} * interval '1 hour'`],
  ['jsonb', (dice) => `'{"a": ${dice.roll(9)}.0, "b": [null, "x"]}'`],
  ['bool', (dice) => dice.one(['true', 'false', 'null'])],
  ['bytea', (dice) => `'\\x00ff0${dice.roll(9)}'`],
  ['int[]', (dice) => dice.one([`'{}'`, `'{1,null,3}'`, `'{{1,2},{3,4}}'`, 'null'])],
  ['interval', (dice) => dice.one([`'1 mon'`, `'30 days'`, `'-1 year 2 days 00:00:00.5'`])],
  ['char(5)', (dice) => dice.one([`'a'`, `'a    '`, `''`])],
  ['date', (dice) => dice.one([`'infinity'`, `'2026-02-01'`, `'0044-03-15 BC'`])],
  ['daterange', (dice) => dice.one([`'empty'`, `'[2020-01-01,)'`, 'null'])],
];

const actions = [
  '',
  'on delete cascade',
  'on delete set null on update cascade',
  'on update cascade',
  'on delete restrict',
] as const;
const waits = ['', 'deferrable initially deferred', 'deferrable'] as const;

export function randomWorld(seed: number): RandomWorld {
  const dice = new Dice(seed);
  const tables: Table[] = [];
  const text: string[] = [];
  const count = 2 + dice.roll(4);
  for (let at = 0; at < count; at++) {
    const table = tableOf(dice, `t${at}`, tables);
    tables.push(table);
    text.push(...making(dice, table, tables));
  }
  text.push(...triggers(dice, tables));
  return { made: text.join(';\n'), program: programOf(dice, tables), tables: tables.map((one) => one.name) };
}

function tableOf(dice: Dice, name: string, earlier: readonly Table[]): Table {
  const key = dice.one<Table['key']>(['int', 'int', 'int', 'always', 'pair', 'text', 'numeric', 'none']);
  const columns = Array.from({ length: 1 + dice.roll(3) }, (_, at): Column => {
    const [type, value] = types[dice.roll(types.length)] ?? ['int', () => '0'];
    return { name: `c${at}`, type, value };
  });
  const parents = earlier.filter((one) => one.key === 'int');
  const self = key === 'int' && dice.roll(4) === 0;
  const parent = parents[dice.roll(Math.max(1, parents.length))];
  const up = self ? name : dice.roll(3) > 0 ? parent?.name : undefined;
  return { name, key, columns, unique: key !== 'pair' && dice.roll(3) === 0, up, rows: 4 + dice.roll(14) };
}

const keys = {
  int: 'id int primary key',
  always: 'id int generated always as identity primary key',
  pair: 'id int, part text, primary key (part, id)',
  text: 'id text primary key',
  numeric: 'id numeric primary key',
  none: 'id int',
} as const;

function making(dice: Dice, table: Table, tables: readonly Table[]): readonly string[] {
  const { name, key, columns, unique, up, rows } = table;
  const parts = [
    keys[key],
    ...columns.map((one) => `${one.name} ${one.type}`),
    ...(unique ? [`u int unique ${dice.one(waits)}`] : []),
    ...(up === undefined ? [] : [`up int references ${up} ${dice.one(actions)} ${dice.one(waits)}`]),
    ...(dice.roll(4) === 0 ? [`g int generated always as (${unique ? 'u' : '7'} * 2) stored`] : []),
    'stamp timestamptz',
  ];
  const parted = key === 'pair' && dice.roll(2) === 0;
  const made = [`create table ${name} (${parts.join(', ')})${parted ? ' partition by hash (part)' : ''}`];
  if (parted)
    for (const at of [0, 1])
      made.push(`create table ${name}_${at} partition of ${name} for values with (modulus 2, remainder ${at})`);
  const parent = tables.find((one) => one.name === up);
  for (let at = 1; at <= rows; at++) made.push(inserting(dice, table, at, parent === table ? at : (parent?.rows ?? 1)));
  return made;
}

/** A row with this number; it refers to one of the first `ups`. */
function inserting(dice: Dice, { name, key, columns, unique, up }: Table, at: number, ups: number): string {
  const names = [
    ...(key === 'always' ? [] : ['id']),
    ...(key === 'pair' ? ['part'] : []),
    ...columns.map((one) => one.name),
    ...(unique ? ['u'] : []),
    ...(up === undefined ? [] : ['up']),
  ];
  const id = key === 'text' ? `'k${at}'` : key === 'numeric' ? `${at}.${'0'.repeat(dice.roll(3) + 1)}` : String(at);
  const values = [
    ...(key === 'always' ? [] : [id]),
    ...(key === 'pair' ? [`'${dice.one(['p', 'q'])}'`] : []),
    ...columns.map((one) => one.value(dice)),
    ...(unique ? [String(at)] : []),
    ...(up === undefined ? [] : [dice.roll(4) === 0 ? 'null' : String(1 + dice.roll(Math.max(1, ups)))]),
  ];
  return `insert into ${name} (${names.join(', ')}) values (${values.join(', ')})`;
}

/** What applications hang on their tables: times of change, records of who did what, counters, rows that stay, and rules. */
function triggers(dice: Dice, tables: readonly Table[]): readonly string[] {
  const made = [
    'create table audit (id serial primary key, what text)',
    'create table mirror (id int primary key, times int)',
    'insert into mirror select g, 0 from generate_series(0, 4) g',
    functionOf('stamped', 'new.stamp := clock_timestamp(); return new;'),
    functionOf('audited', `insert into audit (what) values (tg_table_name || tg_op); return null;`),
    functionOf('mirrored', `update mirror set times = times + 1 where id = 3; return null;`),
    functionOf('kept', 'return null;'),
    functionOf('oneway', `if new.c0 is null and old.c0 is not null then raise exception 'no'; end if; return new;`),
  ];
  for (const { name } of tables) {
    const kind = dice.roll(12);
    if (kind < 2) made.push(`create trigger s before update on ${name} for each row execute function stamped()`);
    if (kind === 2 || kind === 3)
      made.push(`create trigger s after insert or update or delete on ${name} for each row execute function audited()`);
    if (kind === 4)
      made.push(`create trigger s after update or delete on ${name} for each row execute function mirrored()`);
    if (kind === 5) made.push(`create trigger s before delete on ${name} for each row execute function kept()`);
    if (kind === 6) made.push(`create trigger s before update on ${name} for each row execute function oneway()`);
    if (kind === 7) made.push(`create trigger s before insert on ${name} for each row execute function stamped()`);
  }
  return made;
}

function functionOf(name: string, body: string): string {
  return `create function ${name}() returns trigger language plpgsql as $$ begin ${body} end $$`;
}

function programOf(dice: Dice, tables: readonly Table[]): readonly string[] {
  const text: string[] = [];
  let open = 0;
  const count = 1 + dice.roll(6);
  for (let at = 0; at < count; at++) {
    if (dice.roll(4) === 0) text.push(`savepoint s${open++}`);
    text.push(statement(dice, tables));
    if (open > 0 && dice.roll(4) === 0) text.push(`${dice.one(['release', 'rollback to'])} s${--open}`);
  }
  return count === 1 && text.length === 1 ? text : ['begin', ...text, 'commit'];
}

function statement(dice: Dice, tables: readonly Table[]): string {
  const table = tables[dice.roll(tables.length)];
  const [column] = table?.columns ?? [];
  if (table === undefined || column === undefined) return 'select 1';
  const { name, key, unique, up, rows } = table;
  const at = 1 + dice.roll(rows);
  const one = key === 'text' ? `id = 'k${at}'` : `id = ${at}`;
  const some = dice.one([one, `ctid in (select ctid from ${name} order by ctid limit ${1 + dice.roll(5)})`, 'true']);
  const fresh = 1_000 + dice.roll(100_000);
  const kinds: (() => string)[] = [
    () => `delete from ${name} where ${some}`,
    () => `delete from ${name} where ${one}`,
    () => `update ${name} set ${column.name} = ${column.value(dice)} where ${some}`,
    () => `update ${name} set ${column.name} = ${column.name} where ${some}`,
    () => inserting(dice, table, fresh, 3),
    () => `${inserting(dice, table, at, 3)} on conflict do nothing`,
    () => `select 1 from ${name} where ${some} for ${dice.one(['update', 'share', 'key share', 'no key update'])}`,
  ];
  if (key === 'int' || key === 'numeric') {
    kinds.push(() => `update ${name} set id = ${fresh} where ${one}`);
    kinds.push(() => `update ${name} set id = ${at}.00 where ${one}`);
    kinds.push(
      () => `${inserting(dice, table, at, 3)} on conflict (id) do update set ${column.name} = excluded.${column.name}`,
    );
    kinds.push(
      () =>
        `merge into ${name} t using (values (${at})) s(id) on t.id = s.id when matched and t.stamp is null then delete when matched then update set stamp = null`,
    );
  }
  if (key === 'pair')
    kinds.push(() => `update ${name} set part = case part when 'p' then 'q' else 'p' end where ${one}`);
  if (up !== undefined) kinds.push(() => `update ${name} set up = ${dice.roll(3) === 0 ? 'null' : at} where ${some}`);
  if (unique) {
    kinds.push(() => `update ${name} set u = ${fresh} where ${one}`);
    kinds.push(() => `update ${name} set u = u + 50 where ${some}`);
    kinds.push(
      () =>
        `with gone as (delete from ${name} where ${one} returning u) update ${name} set u = gone.u from gone where ${name}.u = gone.u + 1`,
    );
  }
  return (kinds[dice.roll(kinds.length)] ?? ((): string => 'select 1'))();
}
