import { openPostgres, type TestServer } from './server.ts';
import { openPostgresStage, type PostgresStage } from './stage.ts';
import { undoFunctions, undoWorld } from './undo-programs.ts';
import { type Became, type Tried, tryProgram, tryRandom } from './undo-trial.ts';
import { undoRole } from './undo-world.ts';

export interface UndoTally {
  readonly became: { [one in Became]: number };
  /** Why programs were held before their COMMIT, and how often. */
  readonly why: Map<string, number>;
  /** Each with the seed that repeats it. */
  readonly wrong: string[];
}

export interface UndoTorture {
  readonly majors: readonly (15 | 18)[];
  /** Programs on each server. */
  readonly count: number;
  /** Seed of the first: an even one is of the world that is filled anew, an odd one of a schema of its own. */
  readonly from: number;
  readonly progress?: (done: number, tally: UndoTally) => void;
}

/** A stage keeps every hold and image of its programs: after so many a new one goes on. */
const perStage = 200;

/** Programs that destroy, each undone, on real servers. */
export async function undoTorture({ majors, count, from, progress }: UndoTorture): Promise<UndoTally> {
  const became = { undone: 0, signed: 0, held: 0, nothing: 0, failed: 0 };
  const tally: UndoTally = { became, why: new Map(), wrong: [] };
  let done = 0;
  for (const major of majors) {
    for (let at = 0; at < count; at += perStage) {
      const last = Math.min(count, at + perStage);
      await onServer(major, async (fixed, random) => {
        for (let seed = from + at; seed < from + last; seed++) {
          const trial = seed % 2 === 0 ? tryProgram : tryRandom;
          const where = seed % 2 === 0 ? fixed : random;
          const tried = await trial(where.server, where.stage, seed).catch((thrown: Error) => thrown);
          keep(tally, major, tried);
          progress?.(++done, tally);
        }
      });
    }
  }
  return tally;
}

function keep({ became, why, wrong }: UndoTally, major: number, tried: Tried | Error): void {
  if (tried instanceof Error) {
    wrong.push(`PostgreSQL ${major}, ${tried.message}`);
    return;
  }
  became[tried.became]++;
  if (tried.became === 'held') {
    const said = (tried.why ?? 'not said').replaceAll(/`[^`]*`/g, '…');
    why.set(said, (why.get(said) ?? 0) + 1);
  }
}

interface Place {
  readonly server: TestServer;
  readonly stage: PostgresStage;
}

async function onServer(major: 15 | 18, work: (fixed: Place, random: Place) => Promise<void>): Promise<void> {
  const settings = ['log_statement=none', 'fsync=off'];
  const places: Place[] = [];
  try {
    for (const isFixed of [true, false]) {
      const server = await openPostgres({ major, settings });
      await server.query(`create role agent login password 'secret'; ${undoRole}`);
      if (isFixed) {
        await server.query(undoFunctions);
        await server.query(
          `${undoWorld}; grant all on all tables in schema public to agent; grant all on all sequences in schema public to agent`,
        );
      }
      places.push({ server, stage: await openPostgresStage(server, { undo: 'holdpoint_undo:secret' }) });
    }
    const [fixed, random] = places;
    if (fixed !== undefined && random !== undefined) await work(fixed, random);
  } finally {
    for (const { server, stage } of places) {
      await stage.close();
      await server.stop();
    }
  }
}
