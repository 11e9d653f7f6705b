/** What the spike proves, each against the far side: the real database, asked on a connection that does not pass the relay. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { parse, query, run, SYNC } from './frames.ts';
import { openImages } from './measure.ts';
import { lookup, replay } from './outcome.ts';
import { startPipe, type Break } from './pipe.ts';
import { RawClient, extended, said } from './rawclient.ts';
import { startRelay } from './relay.ts';
import type { HoldView, Intent, Measured, Ports, Settled } from './road.ts';
import { createPostgres, freePort } from './server.ts';

const exec = promisify(execFile);
const TOKEN = 'agent-token';
const SCHEMA = `
  CREATE ROLE agent LOGIN; GRANT CREATE ON SCHEMA public TO agent; SET ROLE agent;
  CREATE TABLE customer (id int PRIMARY KEY, name text NOT NULL);
  CREATE TABLE booking (id int PRIMARY KEY, customer int NOT NULL REFERENCES customer ON DELETE CASCADE DEFERRABLE, paid int DEFAULT 0);
  CREATE TABLE trace (at text);
  CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO trace VALUES (TG_OP); RETURN NULL; END $$;
  CREATE TRIGGER noted AFTER DELETE ON booking FOR EACH ROW EXECUTE FUNCTION note();
  CREATE FUNCTION sly() RETURNS int LANGUAGE sql VOLATILE AS 'DELETE FROM trace RETURNING 1';
  INSERT INTO customer SELECT g, 'c' || g FROM generate_series(1, 50) g;
  INSERT INTO booking SELECT g, 1 + g % 10, 0 FROM generate_series(1, 100) g;`;

const server = await createPostgres();
const admin = new Client({ host: '127.0.0.1', port: server.port, user: 'agent', database: 'postgres' });
let adminNow = admin;
{
  const root = new Client({ host: '127.0.0.1', port: server.port, user: 'postgres', database: 'postgres' });
  await root.connect();
  await root.query(SCHEMA);
  await root.end();
  await admin.connect();
}
const pipe = await startPipe(server.port, await freePort());
const target = { host: '127.0.0.1', port: pipe.port, user: 'agent', database: 'postgres' };
const direct = { ...target, port: server.port };
const images = await openImages({ ...direct, user: 'postgres' });

const judged: Measured[] = [];
const holds: HoldView[] = [];
const intents: Intent[] = [];
const outcomes: Settled[] = [];
let verdict: () => Promise<'allow' | 'hold'> = () => Promise.resolve('allow');
let recording: () => Promise<void> = () => Promise.resolve();
const allow = (): void => void (verdict = () => Promise.resolve('allow'));
const hold = (): void => void (verdict = () => Promise.resolve('hold'));
const ports: Ports = {
  judge: (_plan, measured) => {
    judged.push(measured);
    return verdict();
  },
  intent: async (intent) => {
    await recording();
    intents.push(intent);
  },
  lookup: (intent) => lookup(direct, intent, 500),
  hold: (plan, digest, measured) => {
    const made = { id: `hold_${holds.length + 1}`, plan, digest, measured };
    holds.push(made);
    return made;
  },
};
const relay = await startRelay(
  { target, token: TOKEN, ports, images, settled: (s) => outcomes.push(s) },
  await freePort(),
);

async function one(sql: string): Promise<unknown> {
  const { rows } = await adminNow.query<Record<string, unknown>>(sql);
  return Object.values(rows[0] ?? {})[0];
}
const viaRelay = async (): Promise<Client> => {
  const client = new Client({
    host: '127.0.0.1',
    port: relay.port,
    user: 'agent',
    database: 'postgres',
    password: TOKEN,
  });
  client.on('error', () => undefined);
  await client.connect();
  return client;
};
const psql = (port: number, ...commands: string[]): Promise<{ stdout: string; stderr: string }> =>
  exec(
    'psql',
    ['-X', '-h', '127.0.0.1', '-p', String(port), '-U', 'agent', 'postgres', ...commands.flatMap((c) => ['-c', c])],
    {
      env: { ...process.env, PGPASSWORD: TOKEN },
    },
  ).catch((cause: unknown) => cause as { stdout: string; stderr: string });
const code = (run: Promise<unknown>): Promise<string> =>
  run.then(
    () => 'none',
    (cause: unknown) => (cause as { code?: string }).code ?? String(cause),
  );

let passed = 0;
async function proof(title: string, body: () => Promise<void>): Promise<void> {
  allow();
  recording = () => Promise.resolve();
  await body();
  passed += 1;
  console.log(`ok ${passed} ${title}`);
}

const SCRIPT: readonly (readonly [readonly Buffer[], number])[] = [
  [[query('SELECT 1; SELECT 2')], 1],
  [[query('UPDATE customer SET name = name WHERE id = 1')], 1],
  [[extended('UPDATE customer SET name = name WHERE id = $1', ['2']), SYNC], 1],
  [[extended('SELECT name FROM customer WHERE id = $1', ['2']), SYNC], 1],
  [[query('BEGIN'), query('UPDATE customer SET name = name WHERE id = 3'), query('COMMIT')], 3],
  [
    [
      extended('BEGIN'),
      extended('UPDATE customer SET name = name WHERE id = 4'),
      extended('COMMIT'),
      extended('SELECT 5'),
      SYNC,
    ],
    1,
  ],
  [[extended('UPDATE customer SET name = name WHERE id = 5'), extended('SELECT oops'), extended('SELECT 6'), SYNC], 1],
  [[query('BEGIN'), query('SELECT oops'), query('SELECT 1'), query('COMMIT')], 4],
  [[query('BEGIN'), query('SAVEPOINT s'), query('SELECT oops'), query('ROLLBACK TO s'), query('COMMIT')], 5],
  [[query('INSERT INTO booking VALUES (1, 1)')], 1],
  [[query('UPDATE customer SET name = name WHERE id = 6 RETURNING id')], 1],
  [[query('COMMIT'), query('ROLLBACK'), query('')], 3],
];

await proof('a scripted session gets the same bytes through the relay as directly', async () => {
  const straight = await RawClient.open(server.port, 'agent', TOKEN);
  const relayed = await RawClient.open(relay.port, 'agent', TOKEN);
  for (const [messages, ready] of SCRIPT) {
    const [a, b] = [await straight.ask(messages, ready), await relayed.ask(messages, ready)];
    assert.equal(said(b), said(a));
    assert.deepEqual(Buffer.concat(b.map((f) => f.bytes)), Buffer.concat(a.map((f) => f.bytes)), said(a));
  }
  straight.end();
  relayed.end();
});

await proof('psql: the same words, direct and through the relay', async () => {
  const commands = ['UPDATE customer SET name = name WHERE id < 4', 'SELECT count(*) FROM customer', 'SELECT oops'];
  assert.deepEqual(
    await psql(relay.port, ...commands).then((r) => [r.stdout, r.stderr]),
    await psql(server.port, ...commands).then((r) => [r.stdout, r.stderr]),
  );
});

await proof('counts at COMMIT are exact with cascade and trigger, right after another transaction', async () => {
  const client = await viaRelay();
  await client.query('UPDATE customer SET name = name');
  await client.query('DELETE FROM customer WHERE id = $1', [3]);
  await client.end();
  const counts = judged.at(-1)?.counts.map((c) => [c.table, c.inserted, c.updated, c.deleted]);
  assert.deepEqual(counts, [
    ['public.customer', 0, 0, 1],
    ['public.booking', 0, 0, 10],
    ['public.trace', 10, 0, 0],
  ]);
  assert.equal(await one('SELECT count(*)::int FROM trace'), 10);
});

await proof('a held autocommit write: one error, nothing changed, the session goes on', async () => {
  hold();
  const shown = await psql(
    relay.port,
    'UPDATE customer SET name = $q$x$q$',
    "UPDATE customer SET name = 'x'",
    'SELECT 1 AS one',
  );
  assert.match(
    shown.stderr,
    /ERROR: {2}held for a human, nothing was changed: `hold_1`\nDETAIL: {2}public.customer: \+0 ~49 -0/,
  );
  assert.doesNotMatch(shown.stdout, /UPDATE/);
  const client = await viaRelay();
  assert.equal(await code(client.query('UPDATE customer SET name = $1 WHERE id = 1 RETURNING *', ['y'])), 'HP010');
  assert.equal((await client.query('SELECT 7 AS seven')).rowCount, 1);
  await client.end();
  assert.equal(await one("SELECT count(*)::int FROM customer WHERE name IN ('x', 'y')"), 0);
});

await proof(
  'a held transaction: one error at COMMIT, one hold over its ordered list, replayed later and committed',
  async () => {
    hold();
    const client = await viaRelay();
    await client.query('BEGIN');
    await client.query('UPDATE customer SET name = $1 WHERE id = 10', ['ten']);
    await client.query('SELECT * FROM customer');
    await client.query("INSERT INTO customer VALUES (1000, 'new')");
    assert.equal(await code(client.query('COMMIT')), 'HP010');
    assert.equal((await client.query<{ t: string }>('SELECT name AS t FROM customer WHERE id = 10')).rows[0]?.t, 'c10');
    await client.end();
    const held = holds.at(-1);
    assert.ok(held);
    assert.deepEqual(
      held.plan.steps.map((step) => step.text),
      ['UPDATE customer SET name = $1 WHERE id = 10', "INSERT INTO customer VALUES (1000, 'new')"],
    );
    const settled = await replay(direct, held, held.measured.affected, images, ports);
    assert.equal(settled.kind, 'done');
    assert.equal(intents.at(-1)?.digest, held.digest);
    assert.equal(await one('SELECT name FROM customer WHERE id = 10'), 'ten');
  },
);

await proof(
  'drift: another row, or the same row changed meanwhile, is held again and nothing takes effect',
  async () => {
    hold();
    const client = await viaRelay();
    assert.equal(await code(client.query('UPDATE booking SET paid = paid + 1 WHERE id BETWEEN 4 AND 5')), 'HP010');
    await client.end();
    const held = holds.at(-1);
    assert.ok(held);
    await adminNow.query('UPDATE booking SET paid = 40 WHERE id = 4');
    const settled = await replay(direct, held, held.measured.affected, images, ports);
    assert.equal(settled.kind, 'held');
    assert.equal(await one('SELECT sum(paid)::int FROM booking'), 40);
    await adminNow.query('UPDATE booking SET paid = 0 WHERE id = 4');
    assert.equal((await replay(direct, held, held.measured.affected, images, ports)).kind, 'done');
    assert.equal(await one('SELECT sum(paid)::int FROM booking'), 2);
  },
);

await proof(
  'a pipeline is one act: held as one, one error, and a COMMIT in its middle stops what follows',
  async () => {
    hold();
    const raw = await RawClient.open(relay.port, 'agent', TOKEN);
    const update = (id: number): Buffer => extended("UPDATE customer SET name = 'p' WHERE id = $1", [String(id)]);
    assert.equal(said(await raw.ask([update(20), update(21), SYNC])), '1 2 n C(UPDATE 1) 1 2 n C(UPDATE 1) EHP010 ZI');
    assert.equal(holds.at(-1)?.plan.steps.length, 2);
    const middle = [extended('BEGIN'), update(20), extended('COMMIT'), update(21), SYNC];
    assert.equal(said(await raw.ask(middle)), '1 2 n C(BEGIN) 1 2 n C(UPDATE 1) 1 2 n EHP010 ZI');
    assert.equal(said(await raw.ask([extended('SELECT 1'), SYNC])), '1 2 T D C(SELECT 1) ZI');
    raw.end();
    assert.equal(await one("SELECT count(*)::int FROM customer WHERE name = 'p'"), 0);
  },
);

await proof('a label is no proof: a SELECT that writes meets the read-only default', async () => {
  const client = await viaRelay();
  assert.equal(await code(client.query('SELECT sly()')), '25006');
  await client.end();
  assert.equal(await one('SELECT count(*)::int FROM trace'), 10);
});

await proof('an unknown statement is refused by the server failing: the transaction is truly aborted', async () => {
  const raw = await RawClient.open(relay.port, 'agent', TOKEN);
  const before = judged.length;
  assert.equal(said(await raw.ask([query("DO 'begin end'")])), 'EHP001 ZI');
  const mixed = [
    query('BEGIN'),
    query("UPDATE customer SET name = 'u' WHERE id = 22"),
    query('VACUUM'),
    query('SELECT 1'),
    query('COMMIT'),
  ];
  assert.equal(said(await raw.ask(mixed, 5)), 'C(BEGIN) ZT C(UPDATE 1) ZT EHP001 ZE E25P02 ZE C(ROLLBACK) ZI');
  const piped = [
    extended("UPDATE customer SET name = 'u' WHERE id = 22"),
    extended('VACUUM'),
    extended('SELECT 1'),
    SYNC,
  ];
  assert.equal(said(await raw.ask(piped)), '1 2 n C(UPDATE 1) EHP001 ZI');
  raw.end();
  assert.equal(judged.length, before);
  assert.equal(await one("SELECT count(*)::int FROM customer WHERE name = 'u'"), 0);
});

await proof('a deferred constraint fails before anybody is asked, with its own error', async () => {
  await adminNow.query('ALTER TABLE booking ALTER CONSTRAINT booking_customer_fkey DEFERRABLE INITIALLY DEFERRED');
  const before = judged.length;
  const raw = await RawClient.open(relay.port, 'agent', TOKEN);
  const orphan = 'INSERT INTO booking VALUES (500, 99999)';
  assert.equal(said(await raw.ask([query(orphan)])), 'E23503 ZI');
  assert.equal(said(await raw.ask([extended(orphan), SYNC])), '1 2 n C(INSERT 0 1) E23503 ZI');
  assert.equal(
    said(await raw.ask([query('BEGIN'), query(orphan), query('COMMIT')], 3)),
    'C(BEGIN) ZT C(INSERT 0 1) ZT E23503 ZI',
  );
  assert.equal(
    said(await raw.ask([extended('BEGIN'), extended(orphan), extended('COMMIT'), SYNC])),
    '1 2 n C(BEGIN) 1 2 n C(INSERT 0 1) 1 2 n E23503 ZI',
  );
  raw.end();
  assert.equal(judged.length, before);
});

await proof('a judge or a journal that throws means no', async () => {
  const client = await viaRelay();
  verdict = () => Promise.reject(new Error('policy is broken'));
  assert.equal(await code(client.query("UPDATE customer SET name = 'j' WHERE id = 23")), 'HP003');
  allow();
  recording = () => Promise.reject(new Error('disk is full'));
  assert.equal(await code(client.query("UPDATE customer SET name = 'j' WHERE id = 23")), 'HP003');
  await client.end();
  assert.equal(await one("SELECT count(*)::int FROM customer WHERE name = 'j'"), 0);
});

await proof('a cancel while judging rolls back; a cancel of a running write reaches the server', async () => {
  const raw = await RawClient.open(relay.port, 'agent', TOKEN);
  verdict = () => sleep(300, 'allow' as const);
  setTimeout(() => raw.cancel(relay.port), 100);
  assert.equal(said(await raw.ask([query("UPDATE customer SET name = 'k' WHERE id = 24")])), 'E57014 ZI');
  allow();
  setTimeout(() => raw.cancel(relay.port), 100);
  assert.equal(
    said(await raw.ask([query("UPDATE customer SET name = 'k' WHERE id = 24 AND pg_sleep(5) IS NOT NULL")])),
    'E57014 ZI',
  );
  assert.equal(said(await raw.ask([query('SELECT 1')])), 'T D C(SELECT 1) ZI');
  raw.end();
  assert.equal(await one("SELECT count(*)::int FROM customer WHERE name = 'k'"), 0);
});

async function breakDuring(
  mode: Break,
  id: number,
  form: 'simple' | 'extended' | 'transaction',
  then?: () => void,
): Promise<string> {
  const raw = await RawClient.open(relay.port, 'agent', TOKEN);
  const text = `UPDATE customer SET name = 'late' WHERE id = ${id}`;
  if (form === 'transaction') await raw.ask([query('BEGIN'), query(text)], 2);
  pipe.arm(mode, then);
  const last = { simple: [query(text)], extended: [extended(text), SYNC], transaction: [query('COMMIT')] }[form];
  const frames = await raw.ask(last);
  assert.equal(said(frames).split(' ').at(-1), 'E08007', said(frames));
  raw.end();
  const settled = outcomes.at(-1);
  return settled?.kind === 'settled late' ? settled.outcome : `${settled?.kind}`;
}

const late = (id: number): Promise<unknown> => one(`SELECT name = 'late' FROM customer WHERE id = ${id}`);
for (const form of ['simple', 'extended', 'transaction'] as const) {
  const base = { simple: 30, extended: 33, transaction: 36 }[form];
  await proof(`line lost during COMMIT (${form}): the server itself says how it ended`, async () => {
    assert.equal(await breakDuring('after', base, form), 'committed');
    assert.equal(await late(base), true);
    assert.equal(await breakDuring('before', base + 1, form), 'aborted');
    assert.equal(await late(base + 1), false);
    assert.equal(await breakDuring('black hole', base + 2, form), 'aborted');
    assert.equal(await late(base + 2), false);
    assert.equal(await code(adminNow.query(`UPDATE customer SET name = 'free' WHERE id = ${base + 2}`)), 'none');
  });
}

await proof(
  'the server crashes at COMMIT: settled after recovery, though its transaction id is given out again',
  async () => {
    adminNow.on('error', () => undefined);
    assert.notEqual(await breakDuring('black hole', 40, 'simple', () => void server.crash()), 'committed');
    await server.start();
    adminNow = new Client({ ...direct });
    await adminNow.connect();
    const intent = intents.at(-1);
    assert.ok(intent);
    assert.equal(await lookup(direct, intent), 'aborted');
    for (let next = ''; next !== intent.xid;) next = String(await one('SELECT pg_current_xact_id()::text'));
    assert.equal(await one(`SELECT pg_xact_status('${intent.xid}'::xid8)`), 'committed');
    assert.equal(await lookup(direct, intent), 'unknown');
    assert.equal(await late(40), false);
    assert.equal(await lookup(direct, { ...intent, system: '1' }), 'unknown');
    assert.equal(await lookup(direct, { ...intent, timeline: '00000002' }), 'unknown');
  },
);

await proof('an id pinned by a flushed WAL message before the COMMIT is not given out again', async () => {
  adminNow.on('error', () => undefined);
  const client = new Client({ ...direct });
  client.on('error', () => undefined);
  await client.connect();
  await client.query("BEGIN; UPDATE customer SET name = 'pinned' WHERE id = 41");
  await client.query("SELECT pg_logical_emit_message(false, 'holdpoint', 'intent', true)");
  const { rows } = await client.query<{ x: string }>('SELECT pg_current_xact_id()::text AS x');
  await server.crash();
  await server.start();
  adminNow = new Client({ ...direct });
  await adminNow.connect();
  const [pinned, next] = [BigInt(rows[0]?.x ?? 0), BigInt(String(await one('SELECT pg_current_xact_id()::text')))];
  assert.ok(next > pinned);
  assert.equal(await one(`SELECT pg_xact_status('${pinned}'::xid8)`), 'aborted');
});

await proof('server facts the relay is built on', async () => {
  const raw = await RawClient.open(server.port, 'agent', TOKEN);
  await raw.ask([query('SET default_transaction_read_only = on')]);
  const late = [extended('SELECT 1'), extended('BEGIN READ WRITE'), SYNC];
  assert.equal(said(await raw.ask(late)), '1 2 T D C(SELECT 1) 1 2 n E25001 ZI');
  const bound = (text: string): Buffer =>
    Buffer.concat([
      parse('', text),
      ...run('', 'kept')
        .slice(0, 2)
        .map((m) => m.bytes),
    ]);
  await raw.ask([query('BEGIN READ WRITE')]);
  assert.equal(said(await raw.ask([bound('SELECT 1 / (count(*) - count(*)) FROM customer'), SYNC])), '1 2 E22012 ZE');
  assert.equal(said(await raw.ask([bound('ROLLBACK'), SYNC])), '1 E42P03 ZE');
  await raw.ask([query('ROLLBACK')]);
  await raw.ask([parse('_holdpoint_x', 'SELECT 1'), SYNC]);
  await raw.ask([query('DISCARD ALL')]);
  assert.equal(said(await raw.ask([...run('_holdpoint_x', 'p').map((m) => m.bytes), SYNC])), 'E26000 ZI');
  raw.end();
});

await adminNow.end();
await images.close().catch(() => undefined);
relay.close();
pipe.close();
await server.stop();
console.log(`${passed} proofs hold`);
