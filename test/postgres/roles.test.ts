import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasPostgres15, openPostgres, type TestServer } from './server.ts';
import { openPostgresStage } from './stage.ts';
import { type Asker, openAsker } from '../../src/daemon/asking.ts';
import { providers } from '../../src/daemon/providers.ts';

/** Every role of the matrix with its password `secret`; what is dangerous about it stands beside it. */
const matrix = `
  create role shop_owner nologin;
  create schema shop authorization shop_owner;
  create table shop.users (id int primary key, email text, name text);
  create table shop.orders (id int primary key, total int);
  alter table shop.users owner to shop_owner;
  alter table shop.orders owner to shop_owner;
  insert into shop.users select g, 'a' || g, 'n' || g from generate_series(1, 30) g;
  analyze shop.users;
  create role boss login superuser password 'secret';
  create role owner login password 'secret'; create schema own authorization owner; create table own.things (id int);
  create role climber login noinherit password 'secret'; grant shop_owner to climber;
  create role writer login password 'secret'; grant pg_write_all_data to writer; grant pg_read_all_data to writer;
  create role clerk login password 'secret'; grant usage on schema shop to clerk; grant select, update (email) on shop.users to clerk;
  create role caller login password 'secret'; grant usage on schema shop to caller;
  create function shop.wipe() returns void language sql security definer set search_path = shop as 'delete from shop.users';
  create function shop.hello() returns int language sql security definer set search_path = shop as 'select 1';
  revoke execute on function shop.wipe() from public; revoke execute on function shop.hello() from public;
  grant execute on function shop.wipe() to caller;
  create role greeter login password 'secret'; grant usage on schema shop to greeter; grant execute on function shop.hello() to greeter;
  create role reader login password 'secret'; grant usage on schema shop to reader; grant select on all tables in schema shop to reader;
  create role adder login password 'secret'; grant usage on schema shop to adder; grant insert on shop.orders to adder;
  create role plain login password 'secret';
`;

const sentences: readonly (readonly [role: string, sentence: string, destroys: boolean])[] = [
  [
    'boss',
    'superuser `boss` on database `postgres` can drop every database of the server; read and write its files; run programs on it; stop its backups',
    true,
  ],
  ['owner', 'role `owner` on database `postgres` can drop, empty and overwrite `own.things`', true],
  [
    'climber',
    'role `climber` on database `postgres` can become `shop_owner` (SET ROLE), and then drop, empty and overwrite `shop.users`, `shop.orders` (about 30 rows)',
    true,
  ],
  [
    'writer',
    'role `writer` on database `postgres` can delete all rows of `shop.users`, `own.things`, `shop.orders` (about 30 rows) (pg_write_all_data)',
    true,
  ],
  [
    'clerk',
    'role `clerk` on database `postgres` can overwrite `email` in all rows of `shop.users` (about 30 rows)',
    true,
  ],
  [
    'caller',
    'role `caller` on database `postgres` can call `shop.wipe()`, which runs as `postgres` (SECURITY DEFINER) and deletes all rows of `shop.users`: no condition on them',
    true,
  ],
  ['greeter', 'role `greeter` on database `postgres` can change nothing, and read no table', false],
  ['reader', 'role `reader` on database `postgres` can read `shop.users`, `shop.orders` and change nothing', false],
  ['adder', 'role `adder` on database `postgres` can add rows to `shop.orders`, and destroy nothing', false],
  ['plain', 'role `plain` on database `postgres` can change nothing, and read no table', false],
];

for (const major of [18, 15] as const) {
  describe.skipIf(major === 15 && !hasPostgres15())(`what a role can do, on PostgreSQL ${major}`, () => {
    let server: TestServer;
    let asker: Asker;

    beforeAll(async () => {
      server = await openPostgres({ major });
      await server.query(matrix);
      asker = openAsker(providers);
    });
    afterAll(async () => {
      await asker.close();
      await server.stop();
    });

    test.each(sentences)('C4: `%s` is described in one true sentence', async (role, sentence, destroys) => {
      const secret = `postgresql://${role}:secret@127.0.0.1:${server.port}/postgres`;
      const asking = await asker.ask({ provider: 'postgres', secret }, []);
      if (asking.kind !== 'answered') throw new Error(`${asking.kind}: ${asking.why}`);
      expect(asking.reach.inWords).toMatchObject({ sentence, isWide: destroys });
    });

    test('C4: a wrong password is not taken; what leads nowhere, or says no place, is not asked', async () => {
      const at = `127.0.0.1:${server.port}/postgres`;
      expect(await asker.ask({ provider: 'postgres', secret: `postgres://plain:wrong@${at}` }, [])).toMatchObject({
        kind: 'not-taken',
      });
      expect(
        await asker.ask({ provider: 'postgres', secret: 'postgres://plain:secret@127.0.0.1:1/x' }, []),
      ).toMatchObject({ kind: 'not-asked' });
      expect(await asker.ask({ provider: 'postgres', secret: 'only-a-password' }, [])).toMatchObject({
        kind: 'not-asked',
        why: expect.stringContaining('address'),
      });
    });

    test.each([
      ['boss', 'is a superuser', 'ALTER ROLE "boss" NOSUPERUSER;'],
      ['maker', 'may make roles (CREATEROLE)', 'ALTER ROLE "maker" NOCREATEROLE;'],
      ['copier', 'may copy the whole server (REPLICATION)', 'ALTER ROLE "copier" NOREPLICATION;'],
      ['past', 'goes past row security (BYPASSRLS)', 'ALTER ROLE "past" NOBYPASSRLS;'],
      ['runner', 'is a member of `pg_execute_server_program`', 'REVOKE "pg_execute_server_program" FROM "runner";'],
      ['far', 'is a member of `pg_signal_backend`', 'REVOKE "between" FROM "far";'],
      ['filer', 'may call `pg_catalog.pg_read_file(', 'REVOKE EXECUTE ON FUNCTION pg_catalog.pg_read_file('],
      ['trapped', 'may call `shop.loose()`', 'ALTER FUNCTION shop.loose() SET search_path = pg_catalog, pg_temp;'],
    ])('H6: agents are refused with `%s`, with the SQL that mends it', async (role, why, mend) => {
      await server.query(`
        drop function if exists shop.loose();
        ${role === 'boss' ? '' : `drop role if exists ${role}; create role ${role} login password 'secret';`}
        ${
          {
            boss: '',
            maker: 'alter role maker createrole',
            copier: 'alter role copier replication',
            past: 'alter role past bypassrls',
            runner: 'grant pg_execute_server_program to runner',
            far: 'drop role if exists between; create role between; grant pg_signal_backend to between; grant between to far',
            filer: 'grant execute on function pg_read_file(text) to filer',
            trapped: `grant usage on schema shop to trapped;
              create function shop.loose() returns int language sql security definer as 'select 1'`,
          }[role] ?? ''
        }`);
      const stage = await openPostgresStage(server, { secret: `${role}:secret` });
      try {
        const client = await stage.connect();
        await expect(client.query('select 1')).rejects.toMatchObject({
          message: expect.stringContaining(why),
          hint: expect.stringContaining(mend),
        });
        await expect(client.query('begin')).rejects.toThrow(why);
        if (role === 'boss') return;
        // The very SQL that was said mends it, at once.
        const said = await client.query('select 1').then(
          () => '',
          (thrown: { readonly hint?: string }) => thrown.hint ?? '',
        );
        const sql = /mends it: (.*) Or makes/.exec(said)?.[1] ?? '';
        await server.query(sql);
        expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
      } finally {
        await stage.close();
        await server.query(`drop owned by ${role === 'boss' ? 'plain' : role}`);
      }
    });
  });
}
