import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Rig } from './rig.ts';
import type { BeforeImage, Undone, UndoRunPlan } from '../../src/contract/api.ts';
import type { Entry } from '../../src/model/entry.ts';
import { openPostgres, type TestServer } from '../postgres/server.ts';
import { digests, undoRole } from '../postgres/undo-world.ts';

/** Taking back what an agent did, by every name that it has, on the real daemon and a real server. */
let server: TestServer;
let rig: Rig;
let agent: Client;

interface Ended {
  readonly undone: readonly Undone[];
  readonly stopped?: { readonly image: string; readonly detail: string; readonly exit: number };
  readonly notUndone?: readonly string[];
}

beforeAll(async () => {
  server = await openPostgres();
  await server.query(`${undoRole}; create role agent login password 'secret'; create role keeper login password 'secret';
    create table t (id int primary key, v text); insert into t select g, 'row ' || g from generate_series(1, 100) g;
    create table u (id int primary key, v text); insert into u select g, 'row ' || g from generate_series(1, 100) g;
    grant select, insert, update, delete on t, u to agent`);
  rig = new Rig();
  expect((await rig.up()).code).toBe(0);
  const address = `postgres://127.0.0.1:${server.port}/postgres?sslmode=disable`;
  const where = `environment: staging, address: "${address}", private: true`;
  const config = `version: 1
environments: { staging: { production: false, postgres: [pg-staging] } }
upstreams:
  pg-staging: { provider: postgres, credential: "vault:pg-staging", undo: pg-staging-undo, ${where} }
  pg-staging-undo: { provider: postgres, credential: "vault:pg-staging-undo", lookups: true, ${where} }
`;
  const applied = await rig.sign(['apply', '--file', rig.write('holdpoint.yaml', config)]);
  expect(applied.code, applied.stderr).toBe(0);
  await keep('pg-staging', 'agent:secret');
  await keep('pg-staging-undo', 'holdpoint_undo:secret');
  agent = await signIn('cursor');
}, 120_000);

afterAll(async () => {
  await agent.end();
  await rig.close();
  await server.stop();
});

async function keep(name: string, secret: string): Promise<void> {
  const args = ['vault', 'add', name, '--kind', 'password', '--reach', 'environment', '--not-ask', '--secret-fd', '0'];
  const kept = await rig.sign(args, { input: secret });
  expect(kept.code, kept.stderr + kept.stdout).toBe(0);
}

async function signIn(name: string): Promise<Client> {
  const args = ['token', 'create', name, '--preset', 'postgres:write', '--env', 'staging'];
  const { presented } = await rig.json<{ presented: string }>([...args, '--passphrase-file', rig.passphrase]);
  const { postgres } = rig.running as unknown as { readonly postgres: string };
  const port = Number(new URL(postgres).port);
  const client = new Client({ host: '127.0.0.1', port, user: name, password: presented, database: 'pg-staging' });
  await client.connect();
  return client;
}

async function images(...more: readonly string[]): Promise<readonly BeforeImage[]> {
  return (await rig.json<{ images: readonly BeforeImage[] }>(['undo', 'list', ...more])).images;
}

describe('undo', () => {
  test('U2 by the number of a journal entry; the undo has an image of its own, which is said', async () => {
    const before = await digests(server);
    await agent.query("update t set v = 'gone' where id < 4");
    const after = await digests(server);
    const { entries } = await rig.json<{ entries: readonly Entry[] }>(['journal', 'list', '--kind', 'intent']);
    const entry = String(entries.at(-1)?.index);
    const undone = await rig.run(['undo', entry]);
    expect(undone.code, undone.stdout + undone.stderr).toBe(0);
    expect(undone.stdout).toContain('1 act:');
    expect(await digests(server)).toEqual(before);
    const [, made = ''] = /to take this undo back: holdpoint undo (im_\w+)/.exec(undone.stdout) ?? [];
    expect((await images()).find((one) => one.id === made)).toMatchObject({ undoes: expect.stringMatching(/^im_/) });
    const again = await rig.run(['undo', made]);
    expect(again.code, again.stdout + again.stderr).toBe(0);
    expect(await digests(server)).toEqual(after);
    // And by the entry of the undo itself: the newest one is that of the undo's undo.
    const undos = await rig.json<{ entries: readonly Entry[] }>(['journal', 'list', '--kind', 'undone']);
    expect((await rig.run(['undo', String(undos.entries.at(-1)?.index)])).code).toBe(0);
    expect(await digests(server)).toEqual(before);
  }, 60_000);

  test('U2 by an agent’s name: one plan first, then each, newest first; others’ stay', async () => {
    const other = await signIn('claude');
    await other.query("update u set v = 'of claude' where id = 50");
    await other.end();
    const before = await digests(server);
    const since = new Date().toISOString();
    await agent.query("update t set v = 'one' where id < 4");
    await agent.query("insert into u values (500, 'added')");
    await agent.query('begin');
    await agent.query("update t set v = 'two' where id in (2, 3, 5)");
    await agent.query('delete from u where id = 7');
    await agent.query('commit');
    await agent.query('delete from t where id = 3');
    const plan = await rig.json<UndoRunPlan>(['undo', 'show', 'cursor']);
    expect(plan.images.map((one) => one.principal)).toEqual(['cursor', 'cursor', 'cursor', 'cursor']);
    expect(plan.images.flatMap((one) => one.conflicts)).toEqual([]);
    const bySince = await rig.json<UndoRunPlan>(['undo', 'show', 'since', since, '--environment', 'staging']);
    expect(bySince.images.map((one) => one.image)).toEqual(plan.images.map((one) => one.image));
    const { undone } = await rig.json<Ended>(['undo', 'cursor', '--since', since]);
    expect(undone.map((one) => one.undone)).toEqual(plan.images.map((one) => one.image));
    expect(await digests(server)).toEqual(before);
    expect(await rig.run(['undo', 'cursor'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('nothing by cursor is there to take back'),
    });
  }, 60_000);

  test('U2 into a schema beside: nothing else is touched, and the act can still be undone', async () => {
    await server.query('grant create on database postgres to agent');
    const before = await digests(server);
    await agent.query('delete from u where id between 20 and 29');
    const { entries } = await rig.json<{ entries: readonly Entry[] }>(['journal', 'list', '--kind', 'intent']);
    const entry = String(entries.at(-1)?.index);
    const beside = await rig.run(['undo', entry, '--to-schema', 'rescued']);
    expect(beside.code, beside.stdout + beside.stderr).toBe(0);
    expect(beside.stdout).toMatch(/put beside in schema rescued; im_\w+ can still be undone/);
    expect((await server.query('select count(*)::int as n from rescued.u')).rows).toEqual([{ n: 10 }]);
    const again = await rig.run(['undo', entry, '--to-schema', 'rescued']);
    expect([again.code, again.stderr]).toEqual([3, expect.stringContaining('`rescued.u` is there already')]);
    expect((await rig.run(['undo', entry, '--to-schema', 'Not A Name'])).code).toBe(1);
    await server.query('drop schema rescued cascade');
    expect((await rig.run(['undo', entry])).code).toBe(0);
    expect(await digests(server)).toEqual(before);
  }, 60_000);

  test('U2 stops at the first that does not go, and says what was and was not undone', async () => {
    await agent.query("update t set v = 'oldest' where id = 10");
    await agent.query("update t set v = 'middle' where id = 11");
    await agent.query("update t set v = 'newest' where id = 12");
    await server.query("update t set v = 'a person' where id = 11");
    const [newest, middle, oldest] = (await images('--agent', 'cursor')).map((one) => one.id);
    const ran = await rig.run(['undo', '--agent', 'cursor']);
    expect(ran.code).toBe(3);
    expect(ran.stdout).toMatch(/conflict: the row of `public\.t` with id 11 was changed since/);
    expect(ran.stdout).toContain(`it stops at ${middle} unless --over-conflicts is given`);
    expect(ran.stdout).toContain(`undone ${newest} in 1 step`);
    expect(ran.stdout).toContain(`STOPPED at ${middle}`);
    expect(ran.stdout).toContain(`not undone ${oldest}`);
    expect(ran.stdout).toContain('1 of 3 undone');
    const values = async (): Promise<unknown> =>
      (await server.query('select array_agg(v order by id) as v from t where id between 10 and 12')).rows[0]?.['v'];
    expect(await values()).toEqual(['oldest', 'a person', 'row 12']);
    const json = await rig.run(['undo', 'cursor', '--json']);
    expect(json.code).toBe(3);
    expect(JSON.parse(json.stdout)).toMatchObject({
      undone: [],
      stopped: { image: middle, exit: 3 },
      notUndone: [oldest],
    });
    expect((await rig.run(['undo', 'cursor', '--over-conflicts'])).code).toBe(0);
    expect(await values()).toEqual(['row 10', 'row 11', 'row 12']);
  }, 60_000);

  test('U2 list is narrowed by agent, environment and state', async () => {
    expect(new Set((await images('--all', '--agent', 'cursor')).map((one) => one.principal))).toEqual(
      new Set(['cursor']),
    );
    expect(await images('--all', '--environment', 'production')).toEqual([]);
    expect(await rig.json(['undo', 'purge', '--older-than', '0s', '--agent', 'nobody'])).toEqual({ purged: [] });
    const shown = await rig.run(['undo', 'show', 'claude', '--since', new Date().toISOString()]);
    expect(shown).toMatchObject({ code: 1, stderr: expect.stringContaining('nothing by claude since') });
    const undone = await images('--state', 'undone');
    expect(undone.length).toBeGreaterThan(3);
    expect(new Set(undone.map((one) => one.state))).toEqual(new Set(['undone']));
    expect(await rig.run(['undo', 'list', '--state', 'gone'])).toMatchObject({ code: 1 });
  }, 60_000);

  test('U1 purge ends an undo by a signature, and nothing else does', async () => {
    await agent.query("update t set v = 'for good' where id = 90");
    const [image] = (await images('--agent', 'cursor')).map((one) => one.id);
    const unsigned = await rig.run(['undo', 'purge', image ?? '']);
    expect(unsigned.code).not.toBe(0);
    expect((await images()).map((one) => one.id)).toContain(image);
    const signed = await rig.sign(['undo', 'purge', image ?? '']);
    expect(signed.code, signed.stderr).toBe(0);
    expect(signed.stderr).toContain(`can be undone until now: ${image}`);
    expect(await images('--state', 'purged')).toMatchObject([{ id: image }]);
    expect(await rig.run(['undo', image ?? ''])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('was purged'),
    });
    const { entries } = await rig.json<{ entries: readonly Entry[] }>(['journal', 'list', '--kind', 'act-signed']);
    expect(entries.at(-1)?.body).toMatchObject({ act: 'undo-purge', statement: { body: { images: [image] } } });
    expect((await rig.sign(['undo', 'purge', image ?? ''])).code).toBe(1);
    expect(await rig.json(['undo', 'purge', '--older-than', '1d'])).toEqual({ purged: [] });
  }, 60_000);

  test.each([
    [['undo'], 2, 'what should be undone?'],
    [['undo', 'since'], 2, 'since when?'],
    [['undo', 'since', '25:00'], 2, '`25:00` is no time'],
    [['undo', 'since', '2999-01-01T00:00Z'], 2, 'is yet to come'],
    [['undo', '--environment', 'staging'], 2, 'an environment alone names no acts'],
    [['undo', 'Not/A/Name'], 2, 'is nothing that can be undone'],
    [['undo', '3', '--agent', 'cursor'], 2, 'is one act, which nothing narrows'],
    [['undo', 'nobody'], 1, 'there is no agent `nobody`'],
    [['undo', 'hp_AAAAAA'], 1, 'there is no hold `hp_AAAAAA`'],
    [['undo', '999999'], 1, 'the journal has no entry 999999'],
    [['undo', '0'], 1, 'entry 0 has no undo: it is `started`'],
    [['undo', 'list', '--over-conflicts'], 2, 'unknown option'],
    [['undo', 'cursor', '--to-schema', 'before', '--over-conflicts'], 2, 'overwrites nothing'],
    [['undo', 'purge', '--older-than', '0s', '--since', '10:00'], 2, 'unknown option'],
    [['undo', '--since', '00:00', 'purge', '--older-than', '0s'], 2, 'by age, not by a moment'],
    [['undo', 'purge'], 2, 'which undos should end?'],
  ])('F1 %j ends with %i: %s', async (args, code, said) => {
    const ran = await rig.run(args);
    expect([ran.code, ran.stderr]).toEqual([code, expect.stringContaining(said)]);
  });
});
