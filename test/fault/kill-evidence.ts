import type { Double } from '../../demo/railway/double.ts';
import type { Entry } from '../../src/model/entry.ts';
import type { Phase } from './kill-aim.ts';

/** One act that the parent asked for: a variable's new value, or a volume to delete. */
export interface Act {
  readonly kind: 'upsert' | 'delete';
  /** The value, or the volume's id: in no other act. */
  readonly key: string;
  /** What the daemon said of it before it was killed. */
  acknowledged: boolean;
}

/** What the journal says of one sending. */
export interface Sending {
  readonly intent: Entry;
  readonly settled: readonly Entry[];
}

/** The journal read for what it says of each act, by the keys in the plans. */
export class Evidence {
  readonly entries: readonly Entry[];
  /** Index of the first entry of each run of the daemon. */
  readonly starts: readonly number[];
  readonly #sendings: readonly (Sending & { readonly body: string })[];

  constructor(lines: readonly string[]) {
    const read = lines.map((line) => JSON.parse(line) as { readonly entry?: Entry });
    this.entries = read.flatMap(({ entry }) => (entry === undefined ? [] : [entry]));
    this.starts = this.entries.filter(({ kind }) => kind === 'started').map(({ index }) => index);
    const settled = this.entries.filter(({ kind }) => kind === 'settled');
    this.#sendings = this.entries
      .filter(({ kind }) => kind === 'intent')
      .map((intent) => ({
        intent,
        settled: settled.filter(({ body }) => body['clearance'] === intent.body['clearance']),
        body: planBody(intent),
      }));
  }

  get sendings(): readonly Sending[] {
    return this.#sendings;
  }

  of(key: string): readonly Sending[] {
    return this.#sendings.filter(({ body }) => body.includes(key));
  }

  /** In which run of the daemon an entry was written, from 0. */
  runOf(entry: Entry): number {
    return this.starts.filter((start) => start <= entry.index).length - 1;
  }
}

function planBody(intent: Entry): string {
  const request = intent.body['request'] as {
    readonly plan: { readonly steps: readonly { readonly body?: string; readonly text?: string }[] };
  };
  return request.plan.steps.map(({ body = '', text }) => text ?? Buffer.from(body, 'base64url').toString()).join('\n');
}

/** How often the double began to carry an act out. */
export function carriedOut(double: Double, { kind, key }: Act): number {
  const name = kind === 'upsert' ? 'variableUpsert' : 'volumeDelete';
  return double.log.filter(
    (entry) => entry.kind === 'operation' && entry.name === name && JSON.stringify(entry.arguments).includes(key),
  ).length;
}

/** What the daemon was doing about one act when it was killed in the given run; undefined when it was done with it. */
export function phaseOf(
  evidence: Evidence,
  double: Double,
  at: {
    readonly act: Act;
    readonly run: number;
    readonly aimed: Phase | 'chance';
    readonly sure: boolean;
    readonly killedAt: string;
  },
): Phase | undefined {
  const { act, run, aimed, sure, killedAt } = at;
  const sending = evidence.of(act.key).find(({ intent }) => evidence.runOf(intent) === run);
  if (sending === undefined) {
    if (aimed === 'record' && sure) return 'record';
    return aimed === 'measure' || aimed === 'before send' ? 'measure' : 'judge';
  }
  if (carriedOut(double, act) === 0) return aimed === 'record' && sure ? 'record' : 'before send';
  if (sending.settled.some((entry) => evidence.runOf(entry) === run)) return undefined;
  const effect = double.log.find(
    (entry) =>
      entry.kind === 'operation' && entry.type === 'mutation' && JSON.stringify(entry.arguments).includes(act.key),
  );
  return effect !== undefined && effect.at <= killedAt ? 'settle' : 'after send';
}
