import { Client } from 'pg';
import { describe, expect, test } from 'vitest';
import { hasPostgres15, openPostgres, type TestServer } from './server.ts';
import { openPostgresStage, type PostgresStage } from './stage.ts';
import { Dice, program, refill, undoFunctions, undoWorld } from './undo-programs.ts';
import { digests, undoLast, undoRole } from './undo-world.ts';

const full = process.env['HOLDPOINT_FULL'] === '1';
/** Programs on both servers together. */
const programs = Number(process.env['HOLDPOINT_UNDO_PROGRAMS'] ?? (full ? 40 : 16));
const first = Number(process.env['HOLDPOINT_UNDO_SEED'] ?? 1);
const versions = hasPostgres15() ? ([18, 15] as const) : ([18] as const);

/** Somebody else who locks rows, before, meanwhile and after; never for so long that the agent would wait. */
class Neighbour {
  readonly client: Client;
  readonly #dice: Dice;

  constructor(server: TestServer, seed: number) {
    this.#dice = new Dice(seed);
    this.client = new Client({
      host: '127.0.0.1',
      port: server.port,
      user: 'postgres',
      password: server.password,
      database: 'postgres',
    });
    this.client.on('error', () => undefined);
  }

  async lock(): Promise<void> {
    const ids = Array.from({ length: 6 }, () => 1 + this.#dice.roll(20)).join(', ');
    await this.client.query(
      `begin; savepoint a; select 1 from parent where id in (${ids}) for key share skip locked; savepoint b; select 1 from part where id in (${ids}) for key share skip locked`,
    );
  }

  letGo(): Promise<unknown> {
    return this.client.query('commit');
  }

  async tidy(): Promise<void> {
    if (this.#dice.roll(5) === 0)
      await this.client.query(`vacuum (freeze) ${this.#dice.one(['parent', 'part', 'kept', 'bare'])}`);
    if (this.#dice.roll(3) === 0)
      await this.client.query('update mirror set times = 1 where id = 6; update mirror set times = 0 where id = 6');
  }
}

describe.each(versions)('U1, U2: on PostgreSQL %i', (major) => {
  const count = Math.ceil(programs / versions.length);
  test(
    `${count} programs that destroy, with neighbours who lock the same rows: each is put back whole`,
    async () => {
      const server = await openPostgres({ major });
      let stage: PostgresStage | undefined;
      try {
        await server.query(`create role agent login password 'secret'; ${undoRole}`);
        await server.query(undoFunctions);
        await server.query(
          `${undoWorld}; grant all on all tables in schema public to agent; grant all on all sequences in schema public to agent`,
        );
        stage = await openPostgresStage(server, { undo: 'holdpoint_undo:secret' });
        const became = { undone: 0, held: 0, nothing: 0 };
        for (let seed = first; seed < first + count; seed++) became[await one(server, stage, seed)]++;
        // Too many that are held would prove nothing.
        expect(became.undone).toBeGreaterThan(count * 0.6);
        console.log(`PostgreSQL ${major}, seeds ${first} to ${first + count - 1}: ${JSON.stringify(became)}`);
      } finally {
        await stage?.close();
        await server.stop();
      }
    },
    30_000 + count * 4_000,
  );
});

async function one(server: TestServer, stage: PostgresStage, seed: number): Promise<'undone' | 'held' | 'nothing'> {
  const { text } = program(seed);
  await server.query(refill);
  stage.rig.clock.step(1);
  const neighbour = new Neighbour(server, seed + 1_000_000);
  const client = await stage.connect();
  try {
    await neighbour.client.connect();
    await neighbour.tidy();
    const before = await digests(server);
    const secured = (await stage.rig.road.images.list()).length;
    const early = seed % 3 === 0;
    if (early) await neighbour.lock();
    let held = false;
    for (const [at, said] of text.entries()) {
      if (early && at === 1) await neighbour.letGo();
      if (!early && at === text.length - 1) await neighbour.lock();
      await client.query(said).catch((thrown: { code?: string; message: string }) => {
        if (thrown.code !== 'HP001') throw new Error(`seed ${seed}: ${said}: ${thrown.message}`);
        held = true;
      });
    }
    if (early && text.length < 2) await neighbour.letGo();
    if (!early) await neighbour.letGo();
    const after = await digests(server);
    if (held) {
      expect(after, `seed ${seed} was held`).toEqual(before);
      return 'held';
    }
    if ((await stage.rig.road.images.list()).length === secured) {
      expect(after, `seed ${seed}: nothing was secured`).toEqual(before);
      return 'nothing';
    }
    const outcomes = await undoLast(stage);
    expect(
      outcomes.filter((outcome) => outcome.kind !== 'done'),
      `seed ${seed}: ${text.join('; ')}`,
    ).toEqual([]);
    expect(await digests(server), `seed ${seed}: ${text.join('; ')}`).toEqual(before);
    return 'undone';
  } finally {
    await client.end();
    await neighbour.client.end();
  }
}
