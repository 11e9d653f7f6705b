import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  bind,
  closePortal,
  closeStatement,
  describePortal,
  describeStatement,
  execute,
  flush,
  parse,
  query,
  rawConnection,
  rawDirect,
  type RawClient,
  rawSession,
  shown,
  sync,
} from './raw.ts';
import { openPostgres, type TestServer } from './server.ts';
import { openPostgresStage, type PostgresStage } from './stage.ts';
import { cstring, fields, frame, type Frame, int16, int32, startupFrame } from '../../src/contract/postgres/frames.ts';

let server: TestServer;
let stage: PostgresStage;
const opened: RawClient[] = [];

beforeAll(async () => {
  server = await openPostgres();
  await server.query("create role agent login password 'secret'; grant create, usage on schema public to agent");
  await server.query('create table t (id int primary key, v text); create table w (id serial primary key, v text)');
  await server.query('grant all on t, w to agent; grant all on sequence w_id_seq to agent');
});
afterAll(() => server.stop());
beforeEach(async () => {
  await server.query("truncate t; insert into t select g, 'row ' || g from generate_series(1, 20) g");
  stage = await openPostgresStage(server);
});
afterEach(async () => {
  for (const one of opened.splice(0)) one.end();
  await stage.close();
});

async function gate(options: { readonly version?: number } = {}): Promise<Awaited<ReturnType<typeof rawSession>>> {
  const client = await rawSession({ port: stage.gate.port, password: stage.agent.presented, ...options });
  opened.push(client);
  return client;
}

const types = (frames: readonly Frame[]): string => frames.map((one) => one.type).join('');
const codes = (frames: readonly Frame[]): string[] =>
  frames.filter((one) => one.type === 'E').map((one) => fields(one).get('C') ?? '');

/** Rounds that each end with one ReadyForQuery, or with as many as said. */
type Round = readonly [readonly Frame[], ready?: number];

/** Ordinary work in which every byte the client sees has to be the server's own. */
const scripts: readonly (readonly [string, readonly Round[]])[] = [
  [
    'simple queries',
    [[[query('select id, v from t order by id')]], [[query('select 1 as a; select 2 as b;')]], [[query('')]]],
  ],
  [
    'an error, and what follows it',
    [[[query('select 1/0')]], [[query('select nosuch from t')]], [[query('select 1; select x; select 2')]]],
  ],
  ['syntax errors inside a string', [[[query('select 1')]], [[query('select * from nowhere where é = 1')]]]],
  ['notices', [[[query("do $$ begin raise notice 'hello %', 1; raise warning 'careful'; end $$")]]]],
  [
    'settings are reported',
    [
      [[query("set application_name to 'me'")]],
      [[query("set datestyle to 'German'")]],
      [[query("select date '2026-11-23'")]],
      [[query('reset datestyle')]],
    ],
  ],
  [
    'extended, with and without describes',
    [
      [[parse('select id, v from t where id < $1', '', 23), bind(['4']), describePortal(), execute(), sync]],
      [[parse('select $1::int + 1', 's1'), describeStatement('s1'), sync]],
      [[bind(['5'], 's1', '', 1), describePortal(), execute(), sync]],
      [[bind(['x'], 's1'), describePortal(), execute(), sync]],
      [[bind(['6'], 's1'), execute(), closeStatement('s1'), sync]],
      [[bind(['6'], 's1'), execute(), sync]],
      [[parse('', ''), bind(), describePortal(), execute(), sync]],
    ],
  ],
  [
    'several Syncs in one write, an error in the middle',
    [
      [
        [
          parse('select 1'),
          bind(),
          execute(),
          sync,
          parse('select 1/0'),
          bind(),
          execute(),
          parse('select 99'),
          bind(),
          execute(),
          sync,
          parse('select 3'),
          bind(),
          execute(),
          sync,
        ],
        3,
      ],
    ],
  ],
  [
    'portals with row limits',
    [
      [[query('begin')]],
      [[parse('select id from t order by id', 'p'), bind([], 'p', 'c'), describePortal('c'), execute(7, 'c'), sync]],
      [[execute(7, 'c'), execute(7, 'c'), execute(7, 'c'), sync]],
      [[closePortal('c'), closeStatement('p'), sync]],
      [[query('commit')]],
    ],
  ],
  [
    'limits up to a Sync outside a transaction',
    [[[parse('select id from t order by id'), bind(), execute(5), execute(5), execute(), sync]], [[execute(), sync]]],
  ],
  [
    'a transaction that fails, with savepoints',
    [
      [[query('begin')]],
      [[query('savepoint a')]],
      [[query('select 1/0')]],
      [[query('select 1')]],
      [[query('rollback to a')]],
      [[parse('select 2'), bind(), execute(), sync]],
      [[parse('selec'), bind(), execute(), sync]],
      [[query('commit')]],
      [[query('commit')]],
    ],
  ],
  [
    'the frame by the extended protocol',
    [
      [[parse('begin'), bind(), describePortal(), execute(), sync]],
      [[parse('select 1'), bind(), describePortal(), execute(), sync]],
      [[parse('begin'), bind(), execute(), sync]],
      [[parse('rollback'), bind(), execute(), sync]],
      [[parse('rollback'), bind(), execute(), sync]],
    ],
  ],
  [
    'inserts by themselves and together',
    [
      [[query("insert into w (v) values ('a')")]],
      [[parse('insert into w (v) values ($1) returning v'), bind(['b']), describePortal(), execute(), sync]],
      [[parse('insert into w (v) values ($1)', 'i'), bind(['c'], 'i'), execute(), bind(['d'], 'i'), execute(), sync]],
      [[query("insert into w (v) values ('e'); insert into w (v) values ('f')")]],
    ],
  ],
  [
    'COPY out, also of a failing query',
    [
      [[query('copy t to stdout')]],
      [[query('copy (select 1/(id-3) from t order by id) to stdout')]],
      [[query('copy (select id from t) to stdout (format binary)')]],
    ],
  ],
  [
    'cursors by SQL',
    [
      [[query('begin')]],
      [[query('declare c cursor for select id from t order by id')]],
      [[query('fetch 3 from c')]],
      [[describePortal('c'), sync]],
      [[query('close c')]],
      [[query('commit')]],
    ],
  ],
  [
    'prepared by SQL',
    [
      [[query('prepare q (int) as select v from t where id = $1')]],
      [[query('execute q(3)')]],
      [[query("execute q('4')")]],
      [[query('execute q(null)')]],
      [[query('deallocate q')]],
      [[query('execute q(3)')]],
      [[query('deallocate all')]],
      [[query('discard all')]],
    ],
  ],
];

/** What differs for a reason: source lines of the server that we do not have, and reported values of our own. */
function comparable(replies: readonly Frame[]): readonly string[] {
  return replies
    .filter((one) => one.type !== 'S' || !/^(is_superuser|session_authorization)/.test(one.bytes.toString('utf8', 5)))
    .map((one) => {
      if (one.type !== 'E' && one.type !== 'N') return `${one.type}:${one.bytes.toString('hex')}`;
      return `${one.type}:${JSON.stringify([...fields(one)].filter(([letter]) => !'FLR'.includes(letter)))}`;
    });
}

describe('byte for byte what the server says', () => {
  test.each(scripts)('%s', async (_, rounds) => {
    const direct = await rawDirect(server.port, 'agent', 'secret');
    opened.push(direct);
    const seen: (readonly string[])[][] = [];
    for (const client of [direct, await gate()]) {
      const own: (readonly string[])[] = [];
      for (const [frames, ready = 1] of rounds) {
        client.send(...frames);
        own.push(comparable(await client.until('Z', ready)));
      }
      seen.push(own);
      await server.query('truncate w restart identity');
    }
    expect(seen[1]).toEqual(seen[0]);
  });
});

describe('start-up', () => {
  test('GSSENC and SSL are declined where the gate has no key, and the sign-in goes on', async () => {
    const client = await rawConnection(stage.gate.port);
    opened.push(client);
    client.socket.removeAllListeners('data');
    for (const code of [80_877_104, 80_877_103]) {
      client.send(frame('', int32(code)));
      const [answer] = (await new Promise((resolve) =>
        client.socket.once('data', (chunk: Buffer) => resolve(chunk)),
      )) as Buffer;
      expect(String.fromCharCode(answer ?? 0)).toBe('N');
    }
    client.send(
      startupFrame(
        196_608,
        new Map([
          ['user', 'cursor'],
          ['database', 'pg-staging'],
        ]),
      ),
    );
    const asked = (await new Promise((resolve) =>
      client.socket.once('data', (chunk: Buffer) => resolve(chunk)),
    )) as Buffer;
    expect(String.fromCharCode(asked[0] ?? 0)).toBe('R');
  });

  test.each([
    ['3.0', 196_608, 12, undefined],
    ['3.2', 196_610, 40, undefined],
    ['3.9, of the future', 196_617, 40, 196_610],
  ])('protocol %s', async (_, version, keyBytes, negotiated) => {
    const { greeting } = await gate({ version });
    const key = greeting.find((one) => one.type === 'K');
    expect(key?.bytes.length).toBe(5 + keyBytes - 4);
    const offer = greeting.find((one) => one.type === 'v');
    expect(offer?.bytes.readInt32BE(5)).toBe(negotiated);
  });

  test.each<[string, readonly (readonly [string, string])[], string]>([
    ['replication', [['replication', 'database']], 'HP002'],
    ['options', [['options', '-c session_replication_role=replica']], '0A000'],
    ['another encoding', [['client_encoding', 'SJIS']], '0A000'],
    ['a setting that is relied on', [['default_transaction_read_only', 'off']], '0A000'],
  ])('F1: %s is refused', async (_, parameters, code) => {
    const client = await rawConnection(stage.gate.port);
    client.send(startupFrame(196_608, new Map([['user', 'cursor'], ['database', 'pg-staging'], ...parameters])));
    expect(codes(await client.until('E'))).toEqual([code]);
    await client.closed;
  });

  test('a protocol option that is not known is said to be so', async () => {
    const client = await rawConnection(stage.gate.port);
    opened.push(client);
    client.send(
      startupFrame(
        196_608,
        new Map([
          ['user', 'cursor'],
          ['database', 'pg-staging'],
          ['_pq_.wonder', '1'],
        ]),
      ),
    );
    const [offer] = await client.until('v');
    expect(offer?.bytes.toString('latin1')).toContain('_pq_.wonder');
  });
});

describe('messages', () => {
  test('K5: the function-call message is refused in its place, and the connection lives on', async () => {
    const client = await gate();
    const call = frame('F', int32(1), int16(0), int16(0), int16(0));
    client.send(query('select 1'), call, query('select 2'));
    const replies = await client.until('Z', 3);
    expect(types(replies)).toBe('TDCZEZTDCZ');
    expect(codes(replies)).toEqual(['0A000']);
  });

  test('K5: a refused statement drops what follows it up to the Sync, and takes back what ran before it', async () => {
    const client = await gate();
    client.send(
      parse("insert into w (v) values ('before')"),
      bind(),
      execute(),
      parse('delete from t'),
      bind(),
      execute(),
      parse("insert into w (v) values ('after')"),
      bind(),
      execute(),
      sync,
    );
    expect(codes(await client.until('Z'))).toEqual(['HP001']);
    expect((await server.query('select count(*)::int as n from w')).rows).toEqual([{ n: 0 }]);
    expect((await server.query('select count(*)::int as n from t')).rows).toEqual([{ n: 20 }]);
    client.send(query('select 1'));
    expect(types(await client.until('Z'))).toBe('TDCZ');
  });

  test('portals that are bound and described before they are run, with Flush between', async () => {
    const client = await gate();
    client.send(parse('select id from t where id > $1 order by id'), bind(['2'], '', '', 1), describePortal(), flush);
    const described = await client.until('T');
    expect(types(described)).toBe('12T');
    expect(described.at(-1)?.bytes.readInt16BE((described.at(-1)?.bytes.length ?? 2) - 2)).toBe(1);
    client.send(execute(3), flush);
    expect(types(await client.until('s'))).toBe('DDDs');
    client.send(execute(100), flush);
    expect(types(await client.until('C'))).toBe(`${'D'.repeat(15)}C`);
    client.send(sync);
    await client.until('Z');
    client.send(
      parse('select 1'),
      bind([], '', 'a'),
      parse('select 2', 'n'),
      bind([], 'n', 'b'),
      execute(0, 'a'),
      execute(0, 'b'),
      sync,
    );
    expect(types(await client.until('Z'))).toBe('1212DCDCZ');
  });

  test('U1: rows that are made and fetched in parts are committed once, at the Sync', async () => {
    const client = await gate();
    client.send(
      parse("insert into w (v) select 'x' from generate_series(1, 5) returning id"),
      bind(),
      execute(2),
      flush,
    );
    expect(types(await client.until('s'))).toBe('12DDs');
    client.send(execute(2), execute(2), sync);
    expect(types(await client.until('Z'))).toBe('DDsDCZ');
    expect((await server.query("select count(*)::int as n from w where v = 'x'")).rows).toEqual([{ n: 5 }]);
    await server.query('truncate w');
  });

  test('COPY in: plain, failed by the client, failed by the server, and by the extended protocol', async () => {
    const client = await gate();
    const data = (text: string): Frame => frame('d', Buffer.from(text));
    client.send(query('copy w (v) from stdin'));
    await client.until('G');
    client.send(data('one\n'), data('tw'), data('o\n'), frame('c'));
    expect(types(await client.until('Z'))).toBe('CZ');
    client.send(query('copy w (v) from stdin'), data('three\n'), frame('f', cstring('changed my mind')));
    expect(codes(await client.until('Z'))).toEqual(['57014']);
    client.send(query('copy t from stdin'), data('1\tdouble\n'), frame('c'), query('select 1'));
    expect(codes(await client.until('Z'))).toEqual(['23505']);
    expect(types(await client.until('Z'))).toBe('TDCZ');
    client.send(parse('copy w (v) from stdin'), bind(), execute(), sync);
    await client.until('G');
    client.send(data('four\n'), frame('c'), sync);
    expect(types(await client.until('Z'))).toBe('CZ');
    expect((await server.query('select v from w order by id')).rows.map((row) => row['v'])).toEqual([
      'one',
      'two',
      'four',
    ]);
    await server.query('truncate w');
  });

  test('COPY in of 32 MB in one go arrives whole', { timeout: 60_000 }, async () => {
    const client = await gate();
    client.send(query('copy w (v) from stdin'));
    await client.until('G');
    const row = Buffer.from(`${'x'.repeat(1023)}\n`);
    const block = frame('d', Buffer.concat(Array.from({ length: 64 }, () => row)));
    for (let sent = 0; sent < 512; sent++) client.send(block);
    client.send(frame('c'));
    const [complete] = await client.until('C');
    expect(complete?.bytes.toString('utf8', 5)).toBe('COPY 32768\0');
    await client.until('Z');
    await server.query('truncate w');
  });

  test('K5: names of ours are nobody else’s', async () => {
    const client = await gate();
    client.send(parse('select 1', '_holdpoint_0'), sync);
    expect(codes(await client.until('Z'))).toEqual(['0A000']);
    client.send(bind([], '_holdpoint_0'), execute(), sync);
    expect(codes(await client.until('Z'))).not.toEqual([]);
  });
});

describe('cancel', () => {
  const cancelled = async (key: Uint8Array): Promise<void> => {
    const other = await rawConnection(stage.gate.port);
    other.send(frame('', int32(80_877_102), key));
    await other.closed;
  };

  test('reaches what its own client runs, and no other', async () => {
    const [one, two] = [await gate(), await gate({ version: 196_610 })];
    const keyOf = (client: typeof one): Uint8Array =>
      client.greeting.find((reply) => reply.type === 'K')?.bytes.subarray(5) ?? Buffer.alloc(0);
    one.send(query('select pg_sleep(20)'));
    two.send(query('select pg_sleep(20)'));
    const sleeping = (): Promise<number | null> =>
      server
        .query("select 1 from pg_stat_activity where query like 'select pg_sleep(20)%' and state = 'active'")
        .then((found) => found.rowCount);
    await expect.poll(sleeping, { timeout: 5_000 }).toBe(2);
    await cancelled(Buffer.concat([keyOf(one).subarray(0, 4), Buffer.from('beef', 'hex'), Buffer.alloc(2)]));
    expect(await sleeping()).toBe(2);
    await cancelled(keyOf(two));
    expect(codes(await two.until('Z'))).toEqual(['57014']);
    expect(await sleeping()).toBe(1);
    await cancelled(keyOf(one));
    expect(codes(await one.until('Z'))).toEqual(['57014']);
    await cancelled(keyOf(one));
    one.send(query('select 1'));
    expect(types(await one.until('Z'))).toBe('TDCZ');
  });
});

test('notifications come from others and from oneself, with the pid that one was given', async () => {
  const client = await gate();
  client.send(query('listen news'));
  await client.until('Z');
  await server.query("notify news, 'from outside'");
  const [outside] = await client.until('A');
  expect(outside?.bytes.toString('utf8', 9)).toBe('news\0from outside\0');
  client.send(query("notify news, 'own'"));
  const own = (await client.until('A')).at(-1);
  const key = client.greeting.find((one) => one.type === 'K');
  expect(own?.bytes.readInt32BE(5)).toBe(key?.bytes.readInt32BE(5));
  expect(shown(frame('Z', Buffer.from('I')))).toBe('Z(I)');
});
