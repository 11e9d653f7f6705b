import type { Attempted } from './attempt.ts';
import { counters, type Counter, type VelocityLimits } from './limits.ts';
import { recall } from './recall.ts';
import { Sum, Window } from './window.ts';
import type { Alarm } from '../../contract/channel.ts';
import type { Clock } from '../../contract/clock.ts';
import type { Store } from '../../contract/store.ts';
import type { Principal } from '../../model/principal.ts';
import type { Freeze } from '../freeze/freeze.ts';

/**
 * How fast each agent goes. Whoever passes a limit is frozen by nobody's hand, before the next act (H7); rows add up, so
 * that many small steps make no ruin.
 */
export interface Velocity {
  /** Counts it, and freezes at once where that is too many. People are not counted. */
  attempted(principal: Principal, attempt: Attempted): void;
  /** Rows or records that the principal changed unsigned within the window. */
  rows(principal: Principal): number;
  /** Adds rows that are about to be changed unsigned. What then fails stays counted. */
  spend(principal: Principal, rows: number): void;
  readonly limits: VelocityLimits;
  /** From here on it counts attempts anew, of all where no name is given: a human has looked. Rows stay counted. */
  forget(principal?: string): void;
}

interface Tally {
  windows: { readonly [counter in Counter]: Window };
  readonly rows: Sum;
  /** Repeated denials each count, so each has a key of its own. */
  denials: number;
}

export interface VelocityParts {
  readonly store: Pick<Store, 'find'>;
  readonly clock: Clock;
  readonly freeze: Pick<Freeze, 'state' | 'freeze' | 'freezeAgent'>;
  /** Read each time, since a human may sign others. */
  readonly limits: () => VelocityLimits;
  readonly raise: (alarm: Omit<Alarm, 'id' | 'at'>) => void;
  readonly diagnose: (where: string, cause: unknown) => void;
}

/** Takes up where the journal left off: a restart makes nobody slower or faster. */
export async function openVelocity(parts: VelocityParts): Promise<Velocity> {
  const { clock, limits } = parts;
  const tallies = new Map<string, Tally>();
  const tallyOf = (principal: string): Tally => {
    const known = tallies.get(principal);
    if (known !== undefined) return known;
    const tally: Tally = { windows: newWindows(), rows: new Sum(), denials: 0 };
    tallies.set(principal, tally);
    return tally;
  };
  const forget: Velocity['forget'] = (principal) => {
    for (const [name, tally] of tallies)
      if (principal === undefined || name === principal) tally.windows = newWindows();
  };
  const passed = (principal: string, attempt: Attempted, at: number): Counter | undefined => {
    const tally = tallyOf(principal);
    tally.denials += 1;
    const keys: { readonly [counter in Counter]: string | undefined } = {
      destructive: attempt.destructive ? attempt.key : undefined,
      held: attempt.outcome === 'held' ? attempt.key : undefined,
      denied: attempt.outcome === 'denied' ? String(tally.denials) : undefined,
    };
    const over = counters.filter((counter) => {
      const key = keys[counter];
      const limit = limits()[counter];
      return key !== undefined && limit !== undefined && tally.windows[counter].passes(key, at, limit);
    });
    return over[0];
  };

  for (const { principal, at, attempt, rows, isForgotten } of await recall(parts.store, clock.now())) {
    if (isForgotten === true) forget(principal);
    if (principal === undefined) continue;
    if (attempt !== undefined) passed(principal, attempt, at);
    if (rows !== undefined) tallyOf(principal).rows.add(rows, at, limits().rows.withinMs);
  }

  return {
    get limits() {
      return limits();
    },
    attempted(principal, attempt) {
      if (principal.kind === 'human') return;
      const counter = passed(principal.name, attempt, clock.now());
      if (counter !== undefined) trip(parts, principal, counter);
    },
    rows: (principal) => tallies.get(principal.name)?.rows.of(clock.now(), limits().rows.withinMs) ?? 0,
    spend(principal, rows) {
      if (rows > 0) tallyOf(principal.name).rows.add(rows, clock.now(), limits().rows.withinMs);
    },
    forget,
  };
}

function newWindows(): Tally['windows'] {
  return { destructive: new Window(), held: new Window(), denied: new Window() };
}

const words: { readonly [counter in Counter]: string } = {
  destructive: 'different destructive acts',
  held: 'acts that were held',
  denied: 'denials',
};

function trip({ freeze, limits, raise, diagnose }: VelocityParts, principal: Principal, counter: Counter): void {
  const { freezes, [counter]: limit } = limits();
  const { frozen, agents } = freeze.state;
  if (limit === undefined || frozen) return;
  if (freezes === 'agent' && agents.some((one) => one.principal === principal.id)) return;
  const why = `${principal.name} passed ${limit.most} ${words[counter]} within ${Math.round(limit.withinMs / 1_000)} s`;
  // In force when these return; what they then write may fail without anybody getting through.
  const writing = freezes === 'all' ? freeze.freeze('holdpoint', why) : freeze.freezeAgent(principal, 'holdpoint', why);
  writing.catch((cause: unknown) => diagnose('velocity', cause));
  raise({ kind: 'frozen', text: `holdpoint froze ${freezes === 'all' ? 'all agents' : principal.name}: ${why}` });
}
