import { machineTime, type TimeSource } from './time-source.ts';
import { readMark, settingsKey, storeMark, type Mark, type Suspicion } from './mark.ts';
import { isoTime, type Clock } from '../../contract/clock.ts';
import type { Store, Transaction } from '../../contract/store.ts';
import { refuse } from '../../model/refusal.ts';

export type { Suspicion } from './mark.ts';
export { machineTime, type TimeSource } from './time-source.ts';

export interface ClockParts {
  readonly store: Store;
  readonly source?: TimeSource;
  /** Steps forward up to this (ms) are an ordinary correction. */
  readonly toleranceMs?: number;
  /**
   * How long (ms) the machine may have been off between two boots without a human's word: less than the shortest delay
   * that time alone would end, so that one wrong start of the machine's clock fires nothing.
   */
  readonly offMs?: number;
}

/**
 * Time that never runs back, over restarts either. A step forward that the time since
 * boot does not explain makes it suspicious: what should end still ends, at the later of the two times, but what time
 * alone would grant waits for a human.
 */
export interface RoadClock extends Clock {
  readonly suspicious: boolean;
  /** What made it so. */
  readonly suspicion: Suspicion | undefined;
  /** Throws `Refused` (`UNAVAILABLE`) while time alone may grant nothing. Called before a timer fires anything. */
  pass(): void;
  /** Is told of each new suspicion, once; must not throw. */
  watch(listener: (suspicion: Suspicion) => void): void;
  /**
   * A human says that the machine's time is right now: inside the transaction of that signed act. What it returns is
   * called once that is durable. Where the machine's clock is behind ours, ours goes back to it at the next start.
   */
  confirm(tx: Transaction): Promise<() => void>;
}

const defaultToleranceMs = 60_000;
const defaultOffMs = 24 * 3_600_000;
/** How often (ms) the time since boot is looked at, which costs a file read, as long as nothing looks odd. */
const lookEveryMs = 1_000;
/** `/proc/uptime` counts in hundredths of a second: this much (ms) of it is never taken for time gone by. */
const uptimeGrainMs = 20;

export async function openClock(parts: ClockParts): Promise<RoadClock> {
  const stored = await parts.store.get('settings', settingsKey);
  const clock = new HighWaterClock(parts, stored === undefined ? undefined : readMark(stored));
  // Each durable act carries the mark with it: no later run can begin before the last thing that happened in this one.
  parts.store.beforeCommit((tx) => clock.keep(tx));
  await parts.store.transact((tx) => clock.keep(tx, true));
  return clock;
}

class HighWaterClock implements RoadClock {
  readonly #source: TimeSource;
  readonly #tolerance: number;
  readonly #listeners: ((suspicion: Suspicion) => void)[] = [];
  /** Wall time minus uptime as last agreed: what the wall clock should say is this plus the uptime. */
  #offset: number;
  /** Our time goes on from here at least as fast as the machine runs, whatever its wall clock says. */
  #anchor: { readonly time: number; readonly uptime: number };
  #latest: number;
  #suspicion: Suspicion | undefined;
  #looked: { readonly wall: number; readonly uptime: number; readonly monotonic: number };
  #confirmations: number;
  /** By how much (ms) the next run begins earlier than this one goes on: a human said that our time was ahead. */
  #setBack = 0;
  #kept: Pick<Mark, 'latest' | 'suspicion'> = { latest: Number.NEGATIVE_INFINITY };

  constructor(
    { source = machineTime(), toleranceMs = defaultToleranceMs, offMs = defaultOffMs }: ClockParts,
    mark: Mark | undefined,
  ) {
    this.#source = source;
    this.#tolerance = toleranceMs;
    const wall = source.wall();
    const uptime = source.uptime();
    this.#looked = { wall, uptime, monotonic: source.monotonic() };
    this.#suspicion = mark?.suspicion;
    this.#confirmations = mark?.confirmations ?? 0;
    this.#latest = mark?.latest ?? wall;
    const sameBoot = mark?.bootId === source.bootId;
    // After another boot at least its uptime has gone by since the mark. How long the machine was off, only its clock says.
    this.#anchor = { time: this.#latest, uptime: mark === undefined ? uptime : sameBoot ? mark.uptime : 0 };
    this.#offset = mark === undefined ? wall - uptime : sameBoot ? mark.offset : Math.max(wall - uptime, mark.latest);
    const off = mark === undefined || sameBoot ? 0 : wall - uptime - mark.latest;
    if (off > offMs) this.#suspect({ at: isoTime(wall - off), stepMs: Math.round(off), why: 'boot' });
    this.#look();
  }

  now(): number {
    const wall = this.#source.wall();
    const sinceLook = this.#source.monotonic() - this.#looked.monotonic;
    const odd = Math.abs(wall - this.#looked.wall - sinceLook) > lookEveryMs;
    if (odd || !(sinceLook >= 0 && sinceLook < lookEveryMs)) this.#look();
    else this.#latest = Math.max(this.#latest, wall, this.#floor(this.#looked.uptime + sinceLook));
    return this.#latest;
  }

  get suspicious(): boolean {
    return this.suspicion !== undefined;
  }

  get suspicion(): Suspicion | undefined {
    this.#look();
    return this.#suspicion;
  }

  pass(): void {
    const { suspicion } = this;
    if (suspicion === undefined) return;
    const minutes = Math.round(suspicion.stepMs / 60_000);
    throw refuse(
      'UNAVAILABLE',
      `the clock of this machine went forward by ${minutes} minutes that it did not run; what time alone would start waits`,
      'a human looks at the clock and confirms it',
    );
  }

  watch(listener: (suspicion: Suspicion) => void): void {
    this.#listeners.push(listener);
    if (this.#suspicion !== undefined) listener(this.#suspicion);
  }

  async confirm(tx: Transaction): Promise<() => void> {
    this.#look();
    const { wall, uptime } = this.#looked;
    const { bootId } = this.#source;
    const ahead = this.#latest - wall;
    const setBack = ahead > this.#tolerance ? ahead : 0;
    const confirmations = this.#confirmations + 1;
    const offset = wall - uptime;
    await tx.put(
      'settings',
      settingsKey,
      storeMark({ latest: this.#latest - setBack, uptime, offset, bootId, confirmations }),
    );
    return () => {
      this.#offset = offset;
      this.#setBack = setBack;
      this.#confirmations = confirmations;
      this.#suspicion = undefined;
      this.#kept = { latest: Number.NEGATIVE_INFINITY };
    };
  }

  /** Writes the mark into a transaction that is about to be made durable, when a second has gone by or something is new. */
  async keep(tx: Transaction, always = false): Promise<void> {
    const latest = this.now();
    const suspicion = this.#suspicion;
    if (!always && latest - this.#kept.latest < 1_000 && suspicion === this.#kept.suspicion) return;
    const stored = await tx.get('settings', settingsKey);
    // A confirmation in this very transaction stands; it becomes ours when it is durable.
    if (stored !== undefined && readMark(stored).confirmations !== this.#confirmations) return;
    this.#look();
    const { uptime } = this.#looked;
    const mark = { latest: this.#latest - this.#setBack, uptime, offset: this.#offset, bootId: this.#source.bootId };
    await tx.put(
      'settings',
      settingsKey,
      storeMark({ ...mark, confirmations: this.#confirmations, suspicion: this.#suspicion }),
    );
    this.#kept = { latest, suspicion: this.#suspicion };
  }

  /** Compares the wall clock with the time since boot, from the last agreement of the two: creeping adds up. */
  #look(): void {
    const wall = this.#source.wall();
    const uptime = this.#source.uptime();
    this.#looked = { wall, uptime, monotonic: this.#source.monotonic() };
    const expected = this.#offset + uptime;
    if (wall - expected > this.#tolerance)
      this.#suspect({ at: isoTime(expected), stepMs: Math.round(wall - expected), why: 'step' });
    const floor = this.#floor(uptime);
    // Moved on only by a true step, or the grain of the uptime would add up to a clock that runs fast.
    if (wall > floor + lookEveryMs) this.#anchor = { time: wall, uptime };
    this.#latest = Math.max(this.#latest, wall, floor);
  }

  #floor(uptime: number): number {
    return Math.floor(this.#anchor.time + uptime - this.#anchor.uptime - uptimeGrainMs);
  }

  #suspect(suspicion: Suspicion): void {
    if (this.#suspicion !== undefined) return;
    this.#suspicion = Object.freeze(suspicion);
    for (const listener of this.#listeners) listener(this.#suspicion);
  }
}
