import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasPostgres15, openPostgres, type TestServer } from './server.ts';
import { openPostgresStage } from './stage.ts';
import { connectDatabase, newPassword } from '../../src/daemon/connect-database.ts';

const world = `
  create role app nologin; create role admin login createrole password 'secret'; grant app to admin;
  create table users (id int primary key, name text); insert into users select g, 'n' || g from generate_series(1, 8) g;
  create schema shop authorization app; create table shop.orders (id int primary key); alter table shop.orders owner to app;
  create extension dblink;
  create function loose() returns int language sql security definer as 'select 1';
`;

/** Everything about roles and rights that a script could leave behind. */
const traces = `select (select json_agg(rolname order by rolname) from pg_roles where rolname !~ '^pg_')::text as roles,
  (select json_agg(json_build_array(c.oid::regclass, (select array_agg(x::text order by x::text) from unnest(coalesce(relacl, acldefault('r', relowner))) x)) order by c.oid)
    from pg_class c where relkind = 'r' and relnamespace in ('public'::regnamespace, 'shop'::regnamespace))::text as tables,
  (select json_agg(json_build_array(nspname, (select array_agg(x::text order by x::text) from unnest(coalesce(nspacl, acldefault('n', nspowner))) x)) order by oid)
    from pg_namespace where nspname !~ '^pg_')::text as schemas,
  (select json_agg(json_build_array(defaclrole, defaclacl)) from pg_default_acl)::text as defaults,
  (select json_agg(json_build_array(oid::regprocedure, (select array_agg(x::text order by x::text) from unnest(coalesce(proacl, acldefault('f', proowner))) x), proconfig) order by oid)
    from pg_proc where oid >= 16384)::text as functions`;

for (const major of [18, 15] as const) {
  describe.skipIf(major === 15 && !hasPostgres15())(`connect, on PostgreSQL ${major}`, () => {
    let server: TestServer;
    const url = (user: string, password: string): string =>
      `postgres://${user}:${password}@127.0.0.1:${server.port}/postgres`;

    beforeAll(async () => {
      server = await openPostgres({ major });
      await server.query(world);
    });
    afterAll(() => server.stop());

    test.each(['read', 'write', 'migrate'] as const)(
      'H6: `%s`: the script makes a role that is fit, can do its work and no more, and its removal leaves nothing',
      async (preset) => {
        const before = (await server.query(traces)).rows;
        const asked = { role: 'holdpoint_agent', preset, schemas: [] };
        const password = newPassword();
        await using database = await connectDatabase(url('postgres', server.password), asked.role);
        const script = database.script(asked, { agent: password, undo: newPassword(), backup: newPassword() });
        expect(script.apply).not.toContain(password);
        await database.apply(script.apply);
        const tried = await database.tryOut(asked, password);
        expect(tried.filter((one) => !one.well)).toEqual([]);
        expect(tried.map((one) => one.what)).toContain('is fit for agents');
        expect(tried.map((one) => one.what)).toContain('reads 2 of 2 tables');

        const stage = await openPostgresStage(server, { secret: `${asked.role}:${password}` });
        try {
          const client = await stage.connect();
          expect((await client.query('select count(*)::int as n from users')).rows).toEqual([{ n: 8 }]);
          const deleting = client.query('delete from users');
          if (preset === 'read')
            await expect(deleting).rejects.toMatchObject({
              code: 'HP002',
              message: expect.stringContaining('refused'),
            });
          else await expect(deleting).rejects.toMatchObject({ code: 'HP001' });
          const dropping = client.query('drop table shop.orders');
          // Its owner's right: held where the role has it, the server's own refusal where not.
          await expect(dropping).rejects.toMatchObject({ code: preset === 'migrate' ? 'HP001' : 'HP002' });
        } finally {
          await stage.close();
        }

        await using again = await connectDatabase(url('postgres', server.password), asked.role);
        await again.apply(again.removal(asked.role) ?? '');
        expect((await server.query(traces)).rows).toEqual(before);
      },
    );

    test('H6: what the agent made stays when its role is taken away; a role of somebody else’s is never taken', async () => {
      const asked = { role: 'maker', preset: 'migrate', schemas: ['shop'] } as const;
      await using database = await connectDatabase(url('postgres', server.password), asked.role);
      const password = newPassword();
      await database.apply(
        database.script(asked, { agent: password, undo: newPassword(), backup: newPassword() }).apply,
      );
      await using agent = await connectDatabase(url(asked.role, password), 'none');
      await agent.apply('BEGIN; CREATE TABLE shop.made (id int); COMMIT;');
      await using again = await connectDatabase(url('postgres', server.password), asked.role);
      await again.apply(again.removal(asked.role) ?? '');
      expect((await server.query("select tableowner from pg_tables where tablename = 'made'")).rows).toEqual([
        { tableowner: 'postgres' },
      ]);
      expect(again.removal('app')).toBeUndefined();
      await server.query('drop table shop.made');
    });

    test('an administrator who is no superuser makes the role for what is theirs, and says what cannot be made', async () => {
      const asked = { role: 'small', preset: 'write', schemas: ['shop'] } as const;
      await server.query(
        'revoke execute on all functions in schema public from public; alter function loose() set search_path = public',
      );
      await using database = await connectDatabase(url('admin', 'secret'), asked.role);
      const password = newPassword();
      const script = database.script(asked, { agent: password, undo: newPassword(), backup: newPassword() });
      expect(script.notes.join('\n')).toContain('no superuser');
      expect(script.apply).not.toContain('holdpoint_undo');
      await database.apply(script.apply);
      const tried = await database.tryOut(asked, password);
      expect(tried.filter((one) => !one.well)).toEqual([]);
      await using again = await connectDatabase(url('admin', 'secret'), asked.role);
      await again.apply(again.removal(asked.role) ?? '');
      expect((await server.query("select 1 from pg_roles where rolname = 'small'")).rows).toEqual([]);
    });

    test('a script that fails half way leaves nothing', async () => {
      await using database = await connectDatabase(url('postgres', server.password), 'half');
      const { apply } = database.script({ role: 'half', preset: 'read', schemas: [] });
      const broken = apply.replace('COMMIT;', 'SELECT 1/0;\nCOMMIT;');
      await expect(database.apply(broken)).rejects.toMatchObject({ code: '22012' });
      expect((await server.query("select 1 from pg_roles where rolname = 'half'")).rows).toEqual([]);
    });

    test('nobody there, a wrong password, no address: said, without the password', async () => {
      await expect(connectDatabase(url('postgres', 'wr0ng-pass'), 'x')).rejects.toThrow(/refuses the sign-in/);
      await expect(connectDatabase('postgres://a:hush@127.0.0.1:1/x', 'x')).rejects.not.toThrow(/hush/);
      await expect(connectDatabase('mysql://a:b@h/x', 'x')).rejects.toThrow(/no whole postgres/);
    });
  });
}
