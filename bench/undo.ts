import { Client } from 'pg';
import { type Effort, type Figure, median } from './figure.ts';
import { openPostgres, type TestServer } from '../test/postgres/server.ts';
import { openPostgresStage, type PostgresStage } from '../test/postgres/stage.ts';
import { asHuman, undoRole } from '../test/postgres/undo-world.ts';
import { undo } from '../src/road/undo/put-back.ts';

/** As many as one act may change. */
const many = 100_000;

/**
 * What it costs to have rows secured before they change: one statement directly and through the gate, in turn, on one table, COMMIT
 * included; and what bringing them back costs against a COPY of the same rows. Gate and client share this process.
 */
export async function benchUndo(_: string, effort: Effort): Promise<readonly Figure[]> {
  const rows = effort.quick ? 100_000 : 1_000_000;
  const server = await openPostgres({
    settings: ['log_statement=none', 'shared_buffers=256MB', 'max_wal_size=4GB', 'synchronous_commit=on'],
  });
  try {
    await server.query(`${undoRole}; create role agent login password 'secret'`);
    await server.query('create table big (id int primary key, v text not null)');
    await server.query(`insert into big select g, 'row ' || g from generate_series(1, ${rows}) g`);
    await server.query('grant select, insert, update, delete on big to agent');
    await server.query('vacuum (freeze, analyze) big');
    const stage = await openPostgresStage(server, { undo: 'holdpoint_undo:secret' });
    const direct = new Client({ connectionString: `postgres://agent:secret@127.0.0.1:${server.port}/postgres` });
    await direct.connect();
    try {
      const gate = await stage.connect();
      return [...(await one(direct, gate, rows, effort)), ...(await plenty(server, stage, direct, gate, rows, effort))];
    } finally {
      await direct.end();
      await stage.close();
    }
  } finally {
    await server.stop();
  }
}

async function took(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  return performance.now() - from;
}

function figures(part: string, plain: readonly number[], secured: readonly number[], atMost: number): Figure[] {
  const ratios = secured.map((value, at) => value / (plain[at] ?? Number.NaN));
  return [
    { part, name: 'directly', value: median(plain), unit: 'ms' },
    { part, name: 'through the gate, secured', value: median(secured), unit: 'ms' },
    { part, name: 'secured, directly being 1', value: median(ratios), unit: '×', atMost },
  ];
}

/** Throws what the hold says where it was held. */
async function secure(stage: PostgresStage, gate: Client, text: string): Promise<void> {
  try {
    await gate.query(text);
  } catch (cause) {
    throw new Error(JSON.stringify((await stage.waiting())[0]?.facts), { cause });
  }
}

async function one(direct: Client, gate: Client, rows: number, effort: Effort): Promise<readonly Figure[]> {
  const plain: number[] = [];
  const secured: number[] = [];
  const times = effort.quick ? 3 : 4 * effort.rounds;
  const change = (client: Client, at: number): Promise<number> =>
    took(() => client.query("update big set v = v || '.' where id = $1", [1 + ((at * 7919) % rows)]));
  await change(gate, 0);
  for (let at = 1; at <= times; at++) {
    plain.push(await change(direct, 2 * at));
    secured.push(await change(gate, 2 * at + 1));
  }
  return figures(`undo, one row of ${rows} changed`, plain, secured, 15);
}

async function plenty(
  server: TestServer,
  stage: PostgresStage,
  direct: Client,
  gate: Client,
  rows: number,
  effort: Effort,
): Promise<readonly Figure[]> {
  const count = effort.quick ? 5_000 : many;
  const found: { [kind: string]: { plain: number[]; secured: number[] } } = {};
  const back: number[] = [];
  const copied: number[] = [];
  for (let round = 0; round < (effort.quick ? 1 : Math.min(3, effort.rounds)); round++) {
    for (const [kind, text] of [
      ['DELETE', `delete from big where id <= ${count}`],
      ['UPDATE', `update big set v = v || '!' where id <= ${count}`],
    ] as const) {
      const times = (found[kind] ??= { plain: [], secured: [] });
      await server.query(`create table spare as select * from big where id <= ${count}`);
      times.plain.push(await took(() => direct.query(text)));
      if (kind === 'DELETE') copied.push(await took(() => server.query('insert into big select * from spare')));
      await server.query('drop table spare');
      await server.query('vacuum big');
      stage.rig.clock.step(1);
      times.secured.push(await took(() => secure(stage, gate, text)));
      stage.rig.clock.step(1);
      const [image] = await stage.rig.road.images.list();
      const { road } = stage.rig;
      const spent = await took(() => undo(road, road.images, image?.id ?? '', asHuman(stage), false));
      if (kind === 'DELETE') back.push(spent);
      const { rows: now } = await server.query('select count(*)::int as n from big');
      if (now[0]?.['n'] !== rows) throw new Error(`${kind} was not undone`);
      await server.query('vacuum big');
    }
  }
  const part = `undo, ${count} of ${rows} rows`;
  return [
    ...figures(`${part} deleted`, found['DELETE']?.plain ?? [], found['DELETE']?.secured ?? [], 3.5),
    ...figures(`${part} changed`, found['UPDATE']?.plain ?? [], found['UPDATE']?.secured ?? [], 1.6),
    { part: `${part} brought back`, name: 'inserted from a copy beside', value: median(copied), unit: 'ms' },
    { part: `${part} brought back`, name: 'undo', value: median(back), unit: 'ms' },
    {
      part: `${part} brought back`,
      name: 'undo, the copy being 1',
      value: median(back.map((value, at) => value / (copied[at] ?? Number.NaN))),
      unit: '×',
      atMost: 3,
    },
  ];
}
