import { setTimeout as wait } from 'node:timers/promises';
import { untilItHasSynced, untilItWrites } from './kill-aim.ts';
import type { Passing, WatchedWire } from './postgres-wire.ts';

/** Where an act is on its way to its COMMIT, and behind it. */
export const phases = ['before begin', 'provisional', 'recorded', 'sent', 'committed', 'settling'] as const;
export type Phase = (typeof phases)[number];

/** Who is killed: the daemon, the server with all its processes, or the one process that works for the daemon. */
export const victims = ['daemon', 'server', 'backend'] as const;
export type Victim = (typeof victims)[number];

export interface Aim {
  readonly phase: Phase;
  readonly victim: Victim;
  /** Process id of the daemon. */
  readonly daemon: number;
  /** The statement that the act is known by. */
  readonly key: string;
  /** Chance: 0 to 99. */
  readonly dice: number;
}

export interface Moment {
  /** Of the server's process that worked for the act. */
  readonly backend: number;
}

/** What was seen of one act on the wire. */
export interface Seen {
  stepped: boolean;
  /** The daemon said COMMIT; it may not have got through. */
  said: boolean;
  sent: boolean;
  committed: boolean;
  heard: boolean;
  /** The server was asked what came of it. */
  lookedUp: boolean;
}

const asksForOutcome = (text: string): boolean => text.startsWith('SELECT pg_catalog.pg_xact_status(');

/** Follows acts by their keys; what has passed stands here. */
export class Sightings {
  readonly #acts = new Map<string, Seen>();

  of(key: string): Seen {
    const known = this.#acts.get(key);
    if (known !== undefined) return known;
    const fresh = { stepped: false, said: false, sent: false, committed: false, heard: false, lookedUp: false };
    this.#acts.set(key, fresh);
    return fresh;
  }

  /** `passed`: it went on. */
  note(passing: Passing, passed: boolean): void {
    for (const [key, seen] of this.#acts) {
      if (asksForOutcome(passing.text)) seen.lookedUp ||= seen.sent;
      const mine = passing.before.some((text) => text.includes(key));
      if (!mine) continue;
      if (passing.at === 'answered' && passing.text.includes(key)) seen.stepped = true;
      if (passing.text !== 'COMMIT') continue;
      if (passing.at === 'asked') {
        seen.said = true;
        seen.sent ||= passed;
      } else {
        seen.committed ||= passing.tag === 'COMMIT';
        seen.heard ||= seen.committed && passed;
      }
    }
  }
}

/** Watches the wire from now on, and resolves when the act is where the aim is; nothing passes from then on where that would move it. */
export function momentOf(wire: WatchedWire, sightings: Sightings, aim: Aim): Promise<Moment> {
  const { promise, resolve } = Promise.withResolvers<Moment>();
  let reached = false;
  let backend = 0;
  let broke = false;
  const there = (): void => {
    reached = true;
    resolve({ backend });
  };
  const judge = (passing: Passing): 'pass' | 'hold' => {
    if (reached) return aim.phase === 'sent' && passing.at === 'asked' ? 'pass' : 'hold';
    const mine = passing.text.includes(aim.key) || passing.before.some((text) => text.includes(aim.key));
    if (mine || backend === 0 || asksForOutcome(passing.text)) backend = passing.backend;
    if (!reaches(passing, aim, mine)) return breaks(passing);
    switch (aim.phase) {
      case 'sent':
        there();
        return 'pass';
      case 'settling':
        return settling(passing);
      default:
        there();
        return 'hold';
    }
  };
  /** Of an answer that passes, the daemon writes down what it says; of one that never comes, it asks on another line. */
  const settling = (passing: Passing): 'pass' | 'hold' => {
    if (asksForOutcome(passing.text)) {
      there();
      return 'hold';
    }
    if (aim.dice % 3 > 0 || aim.victim !== 'daemon') {
      broke = true;
      setImmediate(() => wire.cut());
      return 'hold';
    }
    setImmediate(() => {
      if (aim.dice % 2 === 0) untilItWrites(aim.daemon);
      process.kill(aim.daemon, 'SIGKILL');
      there();
    });
    return 'pass';
  };
  /** The moment after the disk has taken the intent, and before the COMMIT is said, is seen from outside alone. */
  const breaks = (passing: Passing): 'pass' | 'hold' => {
    if (broke) return 'pass';
    // The last that is asked before the intent is written: what was looked at is taken back.
    const measuring = passing.at === 'answered' && passing.text.startsWith('RELEASE SAVEPOINT _holdpoint_');
    if (aim.phase !== 'recorded' || aim.victim !== 'daemon' || aim.dice % 2 > 0 || !measuring) return 'pass';
    setImmediate(() => {
      if (!untilItHasSynced(aim.daemon, 60)) return;
      process.kill(aim.daemon, 'SIGKILL');
      there();
    });
    return 'pass';
  };
  wire.watch = (passing) => {
    const said = judge(passing);
    sightings.note(passing, said === 'pass');
    return said;
  };
  const late = setTimeout(there, 15_000);
  return promise.then(async (moment) => {
    clearTimeout(late);
    // A server that has the COMMIT works on it for a while (`commit_delay`): anywhere in there, or right behind it.
    if (aim.phase === 'sent') await wait((aim.dice * 25) / 100);
    if (aim.phase !== 'settling') wire.freeze();
    return moment;
  });
}

function reaches({ at, text, tag }: Passing, { phase, key, dice }: Aim, mine: boolean): boolean {
  switch (phase) {
    case 'before begin':
      return at === 'asked' && (text.startsWith('BEGIN') || dice % 3 === 0);
    case 'provisional':
      return at === 'answered' && text.includes(key);
    case 'recorded':
    case 'sent':
      return mine && at === 'asked' && text === 'COMMIT';
    case 'committed':
      return mine && at === 'answered' && tag === 'COMMIT';
    case 'settling':
      return (mine && at === 'answered' && tag === 'COMMIT') || (at === 'asked' && asksForOutcome(text));
  }
}

/** Where the act was when everything stopped. `recorded`: the journal has its intent. */
export function phaseOf(seen: Seen, recorded: boolean): Phase {
  if (seen.heard || seen.lookedUp) return 'settling';
  if (seen.committed) return 'committed';
  if (seen.sent) return 'sent';
  if (recorded || seen.said) return 'recorded';
  return seen.stepped ? 'provisional' : 'before begin';
}
