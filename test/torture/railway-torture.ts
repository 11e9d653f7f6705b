import { type Atom, railwayAtoms } from './railway-atoms.ts';
import { Bench, type Ended } from './railway-bench.ts';
import { openFarSide } from './railway-far-side.ts';
import { type Torment, tormentOf } from './railway-requests.ts';
import type { Provider } from '../../src/contract/provider.ts';
import type { Double } from '../../demo/railway/double.ts';

export interface TortureOptions {
  readonly seed: number;
  readonly count: number;
  /** Number of the first request; 0 when absent. */
  readonly from?: number;
  /** Another than Railway's: a test of the torture itself. */
  readonly provider?: Provider;
  readonly progress?: (done: number, tally: Tally) => void;
}

/** What became of the requests, and the first things that were wrong. */
export interface Tally {
  /** By `done` or the refusal's code, how often. */
  readonly outcomes: Map<string, number>;
  /** Messages that reached the far side, and mutations whose resolver ran there. */
  requests: number;
  mutations: number;
  /** Asked for through the gate, by bytes. */
  throughGate: number;
  /** Held, then signed by a human, then asked for again or run. */
  signed: number;
  signedDone: number;
  readonly wrong: string[];
}

/** Requests under way at once, and those after which everything is opened anew: a store must not grow for ever. */
const atOnce = 16;
const perBench = 20_000;

/**
 * Sends generated requests down the real road, with Railway's provider, to a far side in this process. Those with an
 * encoding or odd headers, and some others, go through the HTTP gate as bytes. Each request is the same for the same
 * seed and number. Ends at the first thing that is wrong.
 */
export async function torture(options: TortureOptions): Promise<Tally> {
  const { seed, count, from = 0 } = options;
  const tally: Tally = {
    outcomes: new Map(),
    requests: 0,
    mutations: 0,
    throughGate: 0,
    signed: 0,
    signedDone: 0,
    wrong: [],
  };
  const far = await openFarSide();
  const stray = (thrown: unknown): void => void far.wrong.push(thrown);
  process.on('uncaughtException', stray);
  process.on('unhandledRejection', stray);
  try {
    const world = { atoms: railwayAtoms(far.double as Double), ids: idsIn(far.double.ids), seed };
    let done = 0;
    for (let start = from; start < from + count && tally.wrong.length === 0; start += perBench) {
      await using bench = await Bench.open(far, options.provider);
      const end = Math.min(from + count, start + perBench);
      let next = start;
      const work = async (): Promise<void> => {
        while (next < end && tally.wrong.length === 0) {
          const number = next++;
          await suffer(bench, world, number, tally);
          for (const wrong of far.wrong.splice(0)) tally.wrong.push(`near ${number}: ${textOf(wrong)}`);
          if (number % 40 === 0) await bench.tidy();
          done += 1;
          Object.assign(tally, far.came);
          if (done % 1_000 === 0) options.progress?.(done, tally);
        }
      };
      await Promise.all(Array.from({ length: atOnce }, work));
    }
  } finally {
    process.off('uncaughtException', stray);
    process.off('unhandledRejection', stray);
    far.close();
  }
  return tally;
}

interface Surroundings {
  readonly atoms: readonly Atom[];
  readonly ids: readonly string[];
  readonly seed: number;
}

async function suffer(bench: Bench, { atoms, ids, seed }: Surroundings, number: number, tally: Tally): Promise<void> {
  const torment = tormentOf(atoms, ids, seed, number);
  const byGate = number % 10 === 0 || torment.headers.length !== 1;
  if (byGate) tally.throughGate += 1;
  const ask = (): Promise<Ended> => (byGate ? bench.send(torment) : bench.ask(torment));
  const ended = await ask();
  tellOf(tally, number, torment, ended);
  if (ended.code !== 'HELD' || ended.hold === undefined || number % 5 !== 0) return;
  // A human signs this one: by the signature exactly it may run, and what is asked next to it may not.
  const again = number % 2 === 0 ? ask : undefined;
  const twin = (): Promise<Ended> => bench.ask(twinOf(torment, ids, number));
  const signed = await bench.sign(ended.hold, twin, again);
  if (signed === undefined) return;
  tally.signed += 1;
  if (signed.code === 'done') tally.signedDone += 1;
  tellOf(tally, number, torment, { ...signed, code: `signed, then ${signed.code}` });
}

/** The same request at another thing: what was signed for the one is nothing for the other. */
function twinOf(torment: Torment, ids: readonly string[], number: number): Torment {
  const text = torment.body.toString();
  const [named] = ids.filter((id) => text.includes(id));
  const other = ids[number % ids.length] ?? '';
  return { ...torment, body: Buffer.from(named === undefined ? `${text} ` : text.replaceAll(named, other)) };
}

function tellOf(tally: Tally, number: number, { made, path }: Torment, ended: Ended): void {
  tally.outcomes.set(ended.code, (tally.outcomes.get(ended.code) ?? 0) + 1);
  if (ended.broken !== undefined) tally.wrong.push(`${number} (${made}, ${path}): ${ended.code}: ${ended.broken}`);
}

function textOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

function idsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(idsIn);
}
