import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openPostgres, type TestServer } from './server.ts';
import { cstring, frame, type Frame, int16, int32 } from '../../src/contract/postgres/frames.ts';
import type { PostgresSession } from '../../src/contract/postgres/session.ts';
import { postgresLookup, postgresMessage, type PostgresMessage } from '../../src/model/postgres-message.ts';
import { postgresUpstream } from '../../src/upstream/postgres/postgres-upstream.ts';
import { openLeases, type OpenLeases } from '../../src/upstream/run/leases.ts';

const pg = { entry: 'pg', major: 18 };
let server: TestServer;
let leases: OpenLeases;
let session: PostgresSession;
let seen: Frame[];
let gone: boolean;
let secret: string;

beforeAll(async () => {
  server = await openPostgres();
  await server.query("create role agent login password 'p%w'; create table t (id int primary key, v text)");
  await server.query('grant all on t to agent; grant create on schema public to agent');
});
afterAll(() => server.stop());
beforeEach(async () => {
  seen = [];
  gone = false;
  secret = 'agent:p%25w';
  await server.query("truncate t; insert into t select g, 'row ' || g from generate_series(1, 5) g");
  leases = openLeases({
    upstreams: [postgresUpstream({ timeout: 2_000 })],
    routes: (name) => ({
      name,
      address: `postgres://127.0.0.1:${server.port}/postgres?sslmode=disable`,
      allowPrivate: true,
    }),
    vault: { open: async () => ({ kind: 'password', secret }) },
  });
});
afterEach(async () => {
  await session?.close().catch(() => undefined);
  await leases.close();
});

const open = async (): Promise<PostgresSession> => {
  session = await leases.sessions.open(
    'pg',
    {
      take: (reply) => void seen.push({ type: reply.type, bytes: Buffer.from(reply.bytes) }),
      flow: () => undefined,
      gone: () => void (gone = true),
    },
    { settings: new Map([['application_name', 'a test']]) },
  );
  return session;
};
const types = (): string =>
  seen
    .splice(0)
    .map((one) => one.type)
    .join('');
const say = (act: PostgresMessage['act'], text: string, how: PostgresMessage['how'] = 'extended') =>
  postgresMessage(pg, act, text, how);
const run = async (message: PostgresMessage, phase: 'lookup' | 'measure' | 'effect' = 'measure') =>
  (await session.lease.send(message, leases.mint(session.lease, [message], phase, 'cl_1'))).content;

const parse = (text: string, name = '') => frame('P', cstring(name), cstring(text), int16(0));
const bind = (name = '', portal = '') => frame('B', cstring(portal), cstring(name), int16(0), int16(0), int16(0));
const execute = (limit = 0, portal = '') => frame('E', cstring(portal), int32(limit));
const query = (text: string) => frame('Q', cstring(text));
const count = async () => Number((await server.query('select count(*) from t')).rows[0]?.['count']);

describe('signing in', () => {
  test('C1: with SCRAM, pinned settings, and the server says who it is', async () => {
    await open();
    expect(session.identity).toMatchObject({ role: 'agent', version: expect.any(Number) });
    expect(Object.values(session.identity)).not.toContain('');
    expect(session.reported.get('application_name')).toBe('a test');
    const found = await run(
      postgresLookup(pg, 'select current_setting($1)', 'default_transaction_read_only'),
      'lookup',
    );
    expect(found).toMatchObject({ rows: [['on']] });
    expect(seen).toEqual([]);
  });

  test('F1: a wrong password opens nothing, and is not told', async () => {
    secret = 'agent:wrong-secret';
    await expect(open()).rejects.toMatchObject({
      refusal: { code: 'UNAVAILABLE', detail: expect.stringMatching(/28P01/) },
    });
    await expect(open()).rejects.not.toMatchObject({ refusal: { detail: expect.stringContaining('wrong-secret') } });
  });
});

describe('what the client sees', () => {
  test('a read is the server’s own, our questions between never show', async () => {
    await open();
    const message = say('statement', 'select id from t order by 1', 'simple');
    await run(postgresLookup(pg, 'select 1'), 'lookup');
    session.stage(message, [query(message.text)]);
    expect(await run(message, 'lookup')).toMatchObject({ tag: 'SELECT 5' });
    await run(postgresLookup(pg, 'select 2'), 'lookup');
    expect(types()).toBe('TDDDDDC');
  });

  test('the extended protocol: parsed, bound, run; then the ReadyForQuery', async () => {
    await open();
    const message = say('statement', 'select id from t order by 1');
    session.stage(message, [parse(message.text), bind(), frame('D', Buffer.from('P'), cstring('')), execute()]);
    await run(message, 'lookup');
    expect(await session.sync()).toBe('I');
    expect(types()).toBe('12TDDDDDC');
  });

  test('a portal that stopped at its limit goes on; one that was not cleared does not', async () => {
    await open();
    await run(say('begin', 'BEGIN READ WRITE'));
    const message = say('statement', 'select id from t order by 1');
    session.stage(message, [parse(message.text), bind('', 'c'), execute(2, 'c')]);
    await run(message, 'lookup');
    await session.more(execute(2, 'c'));
    expect(types()).toBe('12DDsDDs');
    await expect(session.more(execute(2, 'other'))).rejects.toThrow('not cleared');
  });

  test('an error is the server’s own, and it hears nothing more until Sync', async () => {
    await open();
    const message = say('statement', 'select 1/0');
    session.stage(message, [parse(message.text), bind(), execute()]);
    expect(await run(message, 'lookup')).toMatchObject({ error: { code: '22012' } });
    expect([types(), session.skipping]).toEqual(['1E', true]);
    expect(await session.sync()).toBe('I');
    expect([types(), session.skipping]).toEqual(['', false]);
  });
});

describe('H2: sends what was judged, and nothing else', () => {
  test.each<[string, PostgresMessage, Frame[]]>([
    ['another query', say('statement', 'select 1', 'simple'), [query('delete from t')]],
    ['two queries', say('statement', 'select 1', 'simple'), [query('select 1'), query('delete from t')]],
    ['another text', say('statement', 'select 1'), [parse('delete from t'), bind(), execute()]],
    ['another name', say('statement', 'select 1'), [parse('select 1'), bind('x'), execute()]],
    ['a portal of another', say('statement', 'select 1'), [parse('select 1'), bind(), execute(0, 'x')]],
    ['no run', say('statement', 'select 1'), [parse('select 1'), bind()]],
    ['two runs', say('statement', 'select 1'), [parse('select 1'), bind(), execute(), execute()]],
    ['a Sync', say('statement', 'select 1'), [parse('select 1'), bind(), execute(), frame('S')]],
    [
      'names of ours',
      say('statement', 'select 1'),
      [parse('select 1', '_holdpoint_0'), bind('_holdpoint_0'), execute()],
    ],
    [
      'a value',
      say('statement', 'select $1'),
      [
        parse('select $1'),
        frame('B', cstring(''), cstring(''), int16(0), int16(1), int32(1), Buffer.from('x'), int16(0)),
        execute(),
      ],
    ],
  ])('%s', async (_, message, frames) => {
    await open();
    session.stage(message, frames);
    await expect(run(message)).rejects.toThrow();
    expect(await server.log()).not.toContain('delete from t');
    expect(types()).toBe('');
  });

  test('a name stands for what the server took, not for what was tried', async () => {
    await open();
    const passed = Promise.all([session.pass(parse('select 1', 'n')), session.pass(parse('select 2', 'n'))]);
    await session.sync();
    expect(await passed).toEqual([true, false]);
    expect(types()).toBe('1E');
    const second = say('statement', 'select 2');
    session.stage(second, [bind('n'), execute()]);
    await expect(run(second, 'lookup')).rejects.toThrow();
  });

  test('what runs does not pass without a clearance', async () => {
    await open();
    for (const one of [query('delete from t'), execute(), bind(), frame('F'), frame('S'), frame('X')])
      await expect(session.pass(one)).rejects.toThrow(TypeError);
    expect(await count()).toBe(5);
  });
});

describe('a transaction', () => {
  test('U1: what ran is taken back, or committed by its effect', async () => {
    await open();
    const erase = say('statement', 'delete from t', 'simple');
    for (const end of ['rollback', 'commit'] as const) {
      await run(say('begin', 'BEGIN READ WRITE'));
      session.stage(erase, [query(erase.text)]);
      expect(await run(erase)).toMatchObject({ tag: 'DELETE 5' });
      expect(await count()).toBe(5);
      if (end === 'rollback') await session.lease.rollback();
      else expect(await run(say('commit', 'COMMIT'), 'effect')).toMatchObject({ tag: 'COMMIT' });
      expect(session.status).toBe('I');
      expect(await count()).toBe(end === 'rollback' ? 5 : 0);
    }
    expect(types()).toBe('CC');
  });

  test('F1: outside one, the server itself refuses a write', async () => {
    await open();
    const erase = say('statement', 'delete from t', 'simple');
    session.stage(erase, [query(erase.text)]);
    expect(await run(erase, 'lookup')).toMatchObject({ error: { code: '25006' } });
    expect(await count()).toBe(5);
  });

  test('H2: a commit needs no clearance where the server says that nothing was written', async () => {
    await open();
    await run(say('begin', 'BEGIN READ WRITE'));
    const read = say('statement', 'select 1', 'simple');
    session.stage(read, [query(read.text)]);
    await run(read);
    expect(await session.commitUnwritten()).toBe('COMMIT');
    expect([session.lease.ran, session.status]).toEqual([[], 'I']);
    await run(say('begin', 'BEGIN READ WRITE'));
    const erase = say('statement', 'delete from t', 'simple');
    session.stage(erase, [query(erase.text)]);
    await run(erase);
    expect(await session.commitUnwritten()).toBeUndefined();
    await session.close();
    expect(await count()).toBe(5);
  });

  test('H2: settings that were off the session’s own hold for the transaction', async () => {
    await open();
    await run({ ...say('begin', 'BEGIN READ WRITE'), settings: { search_path: 'pg_catalog' } });
    const asked = postgresLookup(pg, "select current_setting('search_path')");
    expect(await run(asked, 'lookup')).toMatchObject({ rows: [['pg_catalog']] });
    await session.lease.rollback();
    expect(await run(asked, 'lookup')).not.toMatchObject({ rows: [['pg_catalog']] });
  });

  test('H2: a Plan runs by itself, with its values and their formats', async () => {
    await open();
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(3);
    await run(say('begin', 'BEGIN READ WRITE'));
    await run({ ...say('statement', 'delete from t where id = $1'), types: [23], formats: [1], values: [bytes] });
    await run(say('commit', 'COMMIT'), 'effect');
    expect((await server.query('select id from t order by 1')).rows.map((row) => row['id'])).toEqual([1, 2, 4, 5]);
    expect(types()).toBe('');
  });

  test('a refusal makes the server fail: its state is true, and the client does not see it', async () => {
    await open();
    await run(say('begin', 'BEGIN READ WRITE'));
    await session.fail();
    expect([session.status, types()]).toEqual(['E', '']);
    expect(await run(say('commit', 'COMMIT'), 'effect')).toMatchObject({ tag: 'ROLLBACK' });
  });
});

test('a COPY that was cleared takes its data', async () => {
  await open();
  await run(say('begin', 'BEGIN READ WRITE'));
  const copy = say('statement', 'copy t from stdin', 'simple');
  session.stage(copy, [query(copy.text)]);
  const copied = run(copy);
  await expect.poll(() => session.copying).toBe(true);
  session.copy(frame('d', Buffer.from('9\tnine\n')));
  session.copy(frame('c'));
  expect(await copied).toMatchObject({ tag: 'COPY 1' });
  await run(say('commit', 'COMMIT'), 'effect');
  expect(await count()).toBe(6);
});

test('F2: a server that dies in the middle is told as such', async () => {
  await open();
  const wait = say('statement', 'select pg_sleep(10)', 'simple');
  session.stage(wait, [query(wait.text)]);
  const waiting = run(wait, 'lookup');
  waiting.catch(() => undefined);
  await server.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'a test'");
  await expect(waiting).rejects.toMatchObject({ name: 'LineBroken' });
  expect(gone).toBe(true);
});

test('a cancel reaches the right backend', async () => {
  await open();
  const wait = say('statement', 'select pg_sleep(10)', 'simple');
  session.stage(wait, [query(wait.text)]);
  const waiting = run(wait, 'lookup');
  await expect
    .poll(
      async () =>
        (
          await server.query(
            "select 1 from pg_stat_activity where query like '%pg_sleep(10)%' and state = 'active' and application_name = 'a test'",
          )
        ).rowCount,
    )
    .toBe(1);
  await session.cancel();
  expect(await waiting).toMatchObject({ error: { code: '57014' } });
});
