import { Client } from 'pg';
import type { TestServer } from './server.ts';
import type { PostgresStage } from './stage.ts';
import { Dice, program, refill } from './undo-programs.ts';
import { randomWorld } from './undo-schemas.ts';
import { digests, undoLast } from './undo-world.ts';

/**
 * What became of a program: put back whole; put back once a human had signed that; held before the COMMIT; nothing written;
 * refused by the server.
 */
export type Became = 'undone' | 'signed' | 'held' | 'nothing' | 'failed';

export interface Tried {
  readonly became: Became;
  /** Why it was held. */
  readonly why?: string;
}

/** Somebody else who locks rows, before, meanwhile and after; never for so long that the agent would wait. */
class Neighbour {
  readonly client: Client;
  readonly #dice: Dice;
  readonly #locked: readonly string[];

  constructor(server: TestServer, seed: number, locked: readonly string[]) {
    this.#dice = new Dice(seed);
    this.#locked = locked;
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
    const [first = '', second = first] = this.#locked;
    await this.client.query(
      `begin; savepoint a; select 1 from ${first} where ${this.#some()} for key share skip locked; savepoint b; select 1 from ${second} where ${this.#some()} for key share skip locked`,
    );
  }

  #some(): string {
    return `id::text in (${Array.from({ length: 6 }, () => `'${1 + this.#dice.roll(20)}'`).join(', ')})`;
  }

  letGo(): Promise<unknown> {
    return this.client.query('commit');
  }

  async tidy(): Promise<void> {
    const table = this.#locked[this.#dice.roll(this.#locked.length)];
    if (this.#dice.roll(5) === 0) await this.client.query(`vacuum (freeze) ${table}`);
    if (this.#dice.roll(3) === 0)
      await this.client.query('update mirror set times = 1 where id = 3; update mirror set times = 0 where id = 3');
  }
}

/** A program in the one world that is filled anew: `undoWorld`. */
export async function tryProgram(server: TestServer, stage: PostgresStage, seed: number): Promise<Tried> {
  await server.query(refill);
  return tried(server, stage, seed, program(seed).text, ['parent', 'part', 'kept', 'bare']);
}

/** A program in a world of its own. */
export async function tryRandom(server: TestServer, stage: PostgresStage, seed: number): Promise<Tried> {
  const { made, program: text, tables } = randomWorld(seed);
  await server.query(
    `drop schema public cascade; create schema public; grant usage on schema public to agent; ${made};
      grant all on all tables in schema public to agent; grant all on all sequences in schema public to agent`,
  );
  return tried(server, stage, seed, text, tables);
}

/** Throws where a table is not what it was. */
async function tried(
  server: TestServer,
  stage: PostgresStage,
  seed: number,
  text: readonly string[],
  locked: readonly string[],
): Promise<Tried> {
  stage.rig.clock.step(1);
  const neighbour = new Neighbour(server, seed + 1_000_000, locked);
  const client = await stage.connect();
  const wrong = (what: string): Error => new Error(`seed ${seed}: ${what}: ${text.join('; ')}`);
  try {
    await neighbour.client.connect();
    await neighbour.tidy();
    const before = JSON.stringify(await digests(server));
    const isEqual = async (): Promise<boolean> => JSON.stringify(await digests(server)) === before;
    const secured = (await stage.rig.road.images.list()).length;
    const early = seed % 3 === 0;
    if (early) await neighbour.lock();
    let code: string | undefined;
    for (const [at, said] of text.entries()) {
      if (early && at === 1) await neighbour.letGo();
      if (!early && at === text.length - 1) await neighbour.lock();
      const ran = await client.query(said).catch((thrown: { code?: string }) => {
        code ??= thrown.code ?? 'none';
        return undefined;
      });
      // A savepoint may have saved it.
      if (ran?.command === 'COMMIT') code = undefined;
    }
    if (early && text.length < 2) await neighbour.letGo();
    if (!early) await neighbour.letGo();
    if (code !== undefined) {
      await client.query('rollback').catch(() => undefined);
      if (!(await isEqual())) throw wrong(`it ended with ${code}, and something is changed`);
      if (code.startsWith('HP') && code !== 'HP001') throw wrong(`it ended with ${code}`);
      return code === 'HP001' ? { became: 'held', ...(await whyHeld(stage)) } : { became: 'failed' };
    }
    if ((await stage.rig.road.images.list()).length === secured) {
      if (!(await isEqual())) throw wrong('something is changed, and nothing was secured');
      return { became: 'nothing' };
    }
    const signed = await takeBack(stage);
    if (!(await isEqual())) throw wrong('it was undone, and something is not as it was');
    return { became: signed ? 'signed' : 'undone' };
  } catch (thrown) {
    throw thrown instanceof Error && thrown.message.startsWith('seed') ? thrown : wrong(String(thrown));
  } finally {
    await client.end();
    await neighbour.client.end();
  }
}

async function whyHeld(stage: PostgresStage): Promise<{ readonly why?: string }> {
  const [hold] = (await stage.waiting()).toSorted((one, other) => (one.createdAt < other.createdAt ? 1 : -1));
  const why = hold?.facts.find((one) => one.label === 'Not secured')?.value;
  return why === undefined ? {} : { why };
}

/** Whether a signature was needed. Throws where it is not done then. */
async function takeBack(stage: PostgresStage): Promise<boolean> {
  const before = new Set((await stage.waiting()).map((one) => one.id));
  const image = (await stage.rig.road.images.list())[0];
  if (image === undefined) throw new Error('nothing was secured');
  const refused = (await undoLast(stage)).find((one) => one.kind === 'refused');
  if (refused === undefined) return false;
  const holds = (await stage.waiting()).filter((one) => !before.has(one.id));
  if (holds.length === 0) throw new Error(`the undo was refused: ${refused.refusal.detail}`);
  for (const hold of holds) await stage.rig.road.holds.approve(hold.code, stage.jane.approve(hold));
  const again = (await undoLast(stage)).find((one) => one.kind === 'refused');
  if (again !== undefined) throw new Error(`the signed undo was refused: ${again.refusal.detail}`);
  return true;
}
