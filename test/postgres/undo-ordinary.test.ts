import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPostgres, type TestServer } from './server.ts';
import { openPostgresStage } from './stage.ts';
import { undoRole } from './undo-world.ts';
import { full } from '../full.ts';

/** Everything that drivers said when four ORMs migrated, wrote and read, row changes too, through a gate that secures them. */
const orms = ['drizzle', 'knex', 'sequelize', 'typeorm'] as const;
const changes = /^\s*(update|delete)\b/i;
/** How often each row change that was recorded is said once more, each time about another row. */
const again = full ? 50 : 5;

interface Said {
  readonly t: string;
  readonly v?: readonly (string | null)[];
}

let server: TestServer;
const tally = { statements: 0, changes: 0, more: 0, held: 0 };

beforeAll(async () => {
  server = await openPostgres();
  await server.query(`${undoRole}; create role agent login password 'secret'`);
});
afterAll(async () => {
  await server.stop();
  console.log(`ordinary work with undo on: ${JSON.stringify(tally)}`);
});

async function recorded(name: string): Promise<readonly Said[]> {
  const text = await readFile(path.join(import.meta.dirname, 'recorded', `${name}.jsonl`), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Said);
}

/** The same about another row: the last value is its key. */
function about({ t, v = [] }: Said, row: number): Said {
  return { t, v: v.map((value, at) => (at === v.length - 1 && /^\d+$/.test(value ?? '') ? String(row) : value)) };
}

async function held(client: Client, { t, v }: Said): Promise<string | undefined> {
  return client.query(t, v === undefined ? undefined : [...v]).then(
    () => undefined,
    (thrown: { code?: string; message: string }) =>
      thrown.code?.startsWith('HP') === true || thrown.message.includes('holdpoint')
        ? `${thrown.message}: ${t.slice(0, 200)}`
        : undefined,
  );
}

describe.each(full ? [false, true] : [false])('H6, U1: in production: %s', (production) => {
  test.each(orms)(
    '%s: less than 1 % is held, and what changed rows can be undone',
    { timeout: 240_000 },
    async (name) => {
      const database = `${name}_${production ? 'production' : 'staging'}`;
      await server.query(`create database ${database} owner agent`);
      const undo = 'holdpoint_undo:secret';
      const stage = await openPostgresStage(server, { database, undo, production });
      try {
        const client = await stage.connect();
        const own = { statements: 0, changes: 0, more: 0, held: [] as string[] };
        const said = await recorded(name);
        for (const one of said) {
          own.statements += 1;
          if (changes.test(one.t)) own.changes += 1;
          const why = await held(client, one);
          if (why === undefined) continue;
          own.held.push(why);
          // What comes after it relies on it.
          for (const hold of await stage.waiting()) await stage.signAndRun(hold);
        }
        // So much reading for so few changes is kind to the figure: the changes by themselves.
        const before = own.held.length;
        for (const one of said.filter(({ t, v }) => changes.test(t) && v !== undefined))
          for (let row = 2; row < 2 + again; row++) {
            own.more += 1;
            const why = await held(client, about(one, row));
            if (why !== undefined) own.held.push(why);
          }
        expect(own.held.length / own.statements, own.held.join('\n')).toBeLessThan(0.01);
        expect(own.held.slice(before), 'row changes alone').toEqual([]);
        const images = await stage.rig.road.images.list();
        const secured = images.filter(({ operations }) => operations.some((one) => /update|delete/.test(one)));
        expect(secured.length).toBeGreaterThan(0);
        console.log(
          `${database}: ${own.statements} statements, ${own.changes} of them row changes, ${own.more} more; ${own.held.length} held; ${images.length} undos, ${secured.length} of changed rows`,
        );
        tally.statements += own.statements;
        tally.changes += own.changes;
        tally.more += own.more;
        tally.held += own.held.length;
      } finally {
        await stage.close();
      }
    },
  );
});

test('H6: a change that hits no row runs, whatever sequence its table draws on', async () => {
  await server.query('create database none owner agent');
  const stage = await openPostgresStage(server, { database: 'none', undo: 'holdpoint_undo:secret', production: true });
  try {
    const client = await stage.connect();
    await client.query("create table t (id serial primary key, v text); insert into t (v) values ('x')");
    expect((await client.query("update t set v = 'y' where id = 7")).rowCount).toBe(0);
    expect((await client.query('delete from t where id = 7')).rowCount).toBe(0);
    await client.query("begin; update t set v = 'y' where id = 7; select nextval('t_id_seq'); commit");
    expect(await stage.waiting()).toEqual([]);
    expect((await client.query('select id, v from t')).rows).toEqual([{ id: 1, v: 'x' }]);
  } finally {
    await stage.close();
  }
});
