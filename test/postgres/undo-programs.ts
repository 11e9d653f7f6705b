/** Numbers from a seed (mulberry32), so that a program that failed can be run again. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 to below `sides`. */
  roll(sides: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let value = this.#state;
    value = Math.imul(value ^ (value >>> 15), value | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) % sides;
  }

  one<T>(of: readonly [T, ...T[]]): T {
    return of[this.roll(of.length)] ?? of[0];
  }
}

/** Tables of every kind that rows hang on each other by; filled anew for each program. */
export const undoWorld = `
  create table parent (id int primary key, v text, n int, big text);
  create table kept (id int primary key, up int references parent on delete cascade on update cascade, v text);
  create table loose (id int generated always as identity primary key, up int references parent on delete set null on update cascade, w int, d int generated always as (w * 2) stored);
  create table tree (id int primary key, up int references tree on delete cascade deferrable initially deferred, v text);
  create table part (id int, p int, v text, primary key (id, p)) partition by list (p);
  create table part_0 partition of part for values in (0); create table part_1 partition of part for values in (1);
  create table bare (a int, v text);
  create table mirror (id int primary key, times int);
  create trigger copied after update or delete on kept for each row execute function noted()`;

/** What the trigger of `kept` calls; before the world. */
export const undoFunctions = `create function noted() returns trigger language plpgsql as $$ begin
  update mirror set times = times + 1 where id = old.id % 7; return null; end $$`;

export const refill = `truncate parent, kept, loose, tree, part, bare, mirror restart identity;
  insert into mirror select g, 0 from generate_series(0, 6) g;
  insert into parent select g, 'parent ' || g, g % 5, case when g % 4 = 0 then repeat(md5(g::text), 300) end from generate_series(1, 20) g;
  insert into kept select g, g % 20 + 1, 'kept ' || g from generate_series(1, 15) g;
  insert into loose (up, w) select g % 20 + 1, g from generate_series(1, 15) g;
  insert into tree select g, nullif(g / 2, 0), 'tree ' || g from generate_series(1, 15) g;
  insert into part select g, g % 2, 'part ' || g from generate_series(1, 15) g;
  insert into bare select g / 2, 'x' from generate_series(1, 15) g`;

/** One statement that destroys something, or adds. Never one that the server could refuse. */
function statement(dice: Dice): string {
  const id = 1 + dice.roll(20);
  const fresh = 1_000 + dice.roll(1_000_000);
  return dice.one([
    () => `delete from parent where id = ${id}`,
    () => `delete from parent where n = ${dice.roll(5)} and id > 10`,
    () => `update parent set v = 'changed ${fresh}', n = ${dice.roll(9)} where id in (${id}, ${id + 1})`,
    () => `update parent set id = ${fresh} where id = ${id}`,
    () => `update parent set big = repeat('${fresh}', ${dice.roll(900)}) where id = ${id}`,
    () => `update parent set v = null where n = ${dice.roll(5)}`,
    () => `insert into parent values (${fresh}, 'new', 1) on conflict (id) do nothing`,
    () =>
      `insert into parent values (${id}, 'upserted') on conflict (id) do update set v = excluded.v, n = parent.n + 1`,
    () => `delete from kept where id % 3 = ${dice.roll(3)} and id < 8`,
    () => `update kept set v = v || '+', up = (select min(id) from parent) where id = ${id}`,
    () => `insert into loose (w) values (${fresh}), (null)`,
    () => `update loose set w = w + 1, up = null where id < ${dice.roll(6)}`,
    () => `delete from loose where w = ${id}`,
    () => `delete from tree where id = ${1 + dice.roll(15)}`,
    () => `update tree set up = null, v = 'root' where id = ${1 + dice.roll(15)}`,
    () => `update part set p = 1 - p, v = 'moved' where id in (${id}, ${id - 1})`,
    () => `delete from part where id = ${id}`,
    () => `insert into part values (${fresh}, ${dice.roll(2)}, 'new') on conflict do nothing`,
    () => `delete from bare where a = ${dice.roll(8)}`,
    () => `update bare set v = '${dice.one(['x', 'y'])}' where a = ${dice.roll(8)}`,
    () => `insert into bare values (${dice.roll(8)}, 'x')`,
    () => `merge into parent using (values (${id}), (${fresh})) s(id) on parent.id = s.id
      when matched and parent.n > 2 then delete when matched then update set n = 100 when not matched then insert values (s.id, 'merged')`,
    () => `with gone as (delete from part where id = ${id} returning id) insert into bare select id, 'moved' from gone`,
    () => `select id from parent where id < ${id} for ${dice.one(['update', 'share', 'key share', 'no key update'])}`,
  ])();
}

/** A transaction of one to eight statements with savepoints, some of them taken back. */
export function program(seed: number): { readonly text: readonly string[]; readonly dice: Dice } {
  const dice = new Dice(seed);
  const text: string[] = [];
  let open = 0;
  const count = 1 + dice.roll(8);
  for (let at = 0; at < count; at++) {
    if (dice.roll(4) === 0) text.push(`savepoint s${open++}`);
    text.push(statement(dice));
    if (open > 0 && dice.roll(4) === 0) text.push(`${dice.one(['release', 'rollback to'])} s${--open}`);
  }
  return { text: count === 1 && text.length === 1 ? text : ['begin', ...text, 'commit'], dice };
}
