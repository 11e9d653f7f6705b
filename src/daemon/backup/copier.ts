import { setTimeout as delay } from 'node:timers/promises';
import type { BackupPlan } from './config.ts';
import { Copies } from './copies.ts';
import { nextDump } from './dumps.ts';
import { completes, forgetKeptLog, type KeptLog, readKeptLog, writeKeptLog } from './kept-log.ts';
import type { BackupKeys } from './keys.ts';
import { NoBackup, type TroubledPart, Troubles } from './troubles.ts';
import { milliseconds } from '../config-words.ts';
import { type BackupSource, type BackupStore, SourceFailed, StoreFailed } from '../../contract/backup.ts';
import type { BackupRecord } from '../../contract/backup-state.ts';
import type { Alarm } from '../../contract/channel.ts';
import type { Clock } from '../../contract/clock.ts';
import type { Journal } from '../../road/journal/journal.ts';
import { lsnNumber } from '../../contract/lsn.ts';
import type { Store } from '../../contract/store.ts';
import { archiveWal, type ArchivedPiece, WalGap } from '../../features/backup/archive-wal.ts';
import { writeBase, type WriteProgress } from '../../features/backup/write-base.ts';
import { writeDump } from '../../features/backup/write-dump.ts';

export interface CopierParts {
  /** The upstream that is copied. */
  readonly name: string;
  readonly plan: BackupPlan;
  /** `system`: the cluster that the copies so far are of. */
  readonly openSource: (system: string | undefined) => BackupSource;
  readonly stores: readonly BackupStore[];
  readonly keys: BackupKeys;
  readonly store: Store;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly raise: (alarm: Omit<Alarm, 'id' | 'at'>) => void;
  readonly diagnose: (where: string, cause: unknown) => void;
  /** Milliseconds; for tests. */
  readonly patience?: number;
  readonly shortestPause?: number;
}

/** Told how far the base backup is that was asked for. */
export type CopyProgress = (progress: WriteProgress) => void;

interface Asked {
  readonly progress: CopyProgress;
  readonly done: (record: BackupRecord) => void;
  readonly failed: (thrown: unknown) => void;
}

const longestPauseMs = 60_000;
const stopWaitMs = 5_000;

/**
 * Keeps copying one server for as long as it is open: its log all the time, the whole of it as often as the plan says. A
 * base backup counts once every store has it and all of the log that it needs; nothing that fails here lets the server
 * forget what is not kept.
 */
export class Copier {
  readonly #parts: CopierParts;
  readonly #stop = new AbortController();
  readonly #troubles: Troubles;
  readonly #waiting: Asked[] = [];
  readonly #copies: Copies;
  readonly #resting = new Set<AbortController>();
  /** Goes up with everything for which a part may have to look anew. */
  #changes = 0;
  #log: KeptLog | undefined;
  #source: BackupSource | undefined;
  #running: Promise<unknown> = Promise.resolve();

  constructor(parts: CopierParts) {
    this.#parts = parts;
    this.#copies = new Copies(parts);
    const { name, clock, journal, raise, diagnose, patience = 60_000 } = parts;
    this.#troubles = new Troubles({ name, clock, journal, raise, diagnose, patience });
  }

  /** What goes wrong just now, in sentences. */
  get troubles(): readonly string[] {
    return this.#troubles.sentences;
  }

  get log(): KeptLog | undefined {
    return this.#log;
  }

  get #slot(): string {
    const { name, plan } = this.#parts;
    return plan.slot ?? `holdpoint_${name.replaceAll('-', '_')}`;
  }

  start(): void {
    this.#running = this.#again('stores', async () => {
      await this.#prove();
      const { continuous, dumps } = this.#parts.plan;
      await Promise.all([
        ...(continuous
          ? [
              this.#again('log', () => this.#keepLog()),
              this.#again('base', () => this.#keepBases()),
              this.#again('slot', () => this.#watchSlot()),
            ]
          : []),
        ...(dumps === undefined ? [] : [this.#again('dump', () => this.#keepDumps())]),
      ]);
    });
  }

  /** A base backup now; resolves when it counts. Throws what kept it from that. */
  now(progress: CopyProgress = () => undefined): Promise<BackupRecord> {
    return new Promise((done, failed) => {
      if (this.#stop.signal.aborted) failed(new SourceFailed('failed', 'this backup is no longer kept'));
      this.#waiting.push({ progress, done, failed });
      this.#change();
    });
  }

  async close(): Promise<void> {
    this.#stop.abort(new SourceFailed('failed', 'the daemon stops'));
    this.#change();
    await Promise.race([this.#running, delay(stopWaitMs, undefined, { ref: false })]);
    for (const one of this.#waiting.splice(0)) one.failed(this.#stop.signal.reason);
    await this.#source?.close();
    await Promise.all(this.#parts.stores.map((one) => one.close()));
  }

  /** Works until it is done or told to stop, and pauses longer after each failure in a row. */
  async #again(part: TroubledPart, work: () => Promise<void>): Promise<void> {
    const { shortestPause = 1_000 } = this.#parts;
    let pause = shortestPause;
    while (!this.#stop.signal.aborted) {
      const began = Date.now();
      try {
        await work();
        return;
      } catch (thrown) {
        if (this.#stop.signal.aborted) return;
        this.#troubles.begin(part, thrown);
      }
      pause = Date.now() - began > longestPauseMs ? shortestPause : Math.min(pause * 2, longestPauseMs);
      await this.#sleep(pause);
    }
  }

  async #sleep(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#stop.signal, ref: false }).catch(() => undefined);
  }

  /** Nothing is put where it could be destroyed by the credential that puts it. */
  async #prove(): Promise<void> {
    const { stores, plan, clock } = this.#parts;
    const until = new Date(clock.now() + milliseconds(plan.keep));
    for (const store of stores) {
      const attempts = await store.probe(until);
      if (attempts.length === 0 || attempts.some((one) => !one.refused)) throw new NoBackup(store.name, attempts);
    }
    this.#troubles.over('stores');
  }

  async #keepLog(): Promise<void> {
    const { name, plan, stores, clock, store } = this.#parts;
    const slot = this.#slot;
    try {
      const log = (this.#log = await this.#begin());
      const { system } = log;
      // That the server answers says nothing of the stores.
      this.#troubles.over('log', (thrown) => !(thrown instanceof StoreFailed));
      this.#change();
      await archiveWal({
        source: this.#sourceOf(system),
        stores,
        keys: this.#writingKeys(),
        clock,
        system,
        slot,
        from: { timeline: log.timeline, position: log.position },
        keepFor: milliseconds(plan.keep),
        archived: (piece) => this.#kept(piece),
        signal: this.#stop.signal,
      });
    } catch (thrown) {
      if (thrown instanceof WalGap || (thrown instanceof SourceFailed && thrown.code === 'wal-gone')) {
        this.#log = undefined;
        await forgetKeptLog(store, name);
        await this.#source?.dropSlot(slot).catch((cause: unknown) => this.#parts.diagnose('backups', cause));
      }
      throw thrown;
    }
  }

  /** Where the log goes on, or where it begins. */
  async #begin(): Promise<KeptLog> {
    const { name, store } = this.#parts;
    const stored = await readKeptLog(store, name, this.#slot);
    const source = this.#sourceOf(stored?.system);
    const { system, timeline } = await source.identify();
    const { position } = await source.slot(this.#slot);
    if (stored !== undefined) return stored;
    const fresh: KeptLog = { system, slot: this.#slot, since: position, timeline, position };
    await writeKeptLog(store, name, fresh);
    return fresh;
  }

  #sourceOf(system: string | undefined): BackupSource {
    this.#source ??= this.#parts.openSource(system);
    return this.#source;
  }

  #writingKeys() {
    const { keys, plan } = this.#parts;
    const recipients = plan.drill === undefined ? [plan.recovery] : [plan.recovery, plan.drill];
    return { naming: keys.naming, signing: keys.signing, recipients };
  }

  /** Written down before the server is allowed to forget it. */
  async #kept(piece: ArchivedPiece): Promise<void> {
    const { name, store } = this.#parts;
    if (this.#log === undefined) return;
    const { timeline, end: position, sentAt: restorableTo } = piece;
    this.#log = { ...this.#log, timeline, position, restorableTo };
    await writeKeptLog(store, name, this.#log);
    this.#troubles.over('log');
    await this.#complete();
  }

  /** Copies that have all of their log by now. */
  async #complete(): Promise<void> {
    const log = this.#log;
    if (log === undefined) return;
    for (const record of await this.#copies.all()) {
      if (record.state === 'whole' || !completes(log, record)) continue;
      const whole = await this.#copies.count({ ...record, restorableTo: log.restorableTo ?? record.restorableTo });
      this.#troubles.over('base');
      for (const one of this.#waiting.splice(0)) one.done(whole);
    }
  }

  async #keepBases(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const seen = this.#changes;
      const wait = await this.#untilDue();
      if (wait <= 0) await this.#base();
      else await this.#rest(Math.min(wait, longestPauseMs), seen);
    }
  }

  #change(): void {
    this.#changes += 1;
    for (const one of this.#resting) one.abort();
  }

  /** Until the time has come, or something changed since it was looked at. */
  async #rest(ms: number, seen: number): Promise<void> {
    if (seen !== this.#changes) return;
    const woken = new AbortController();
    this.#resting.add(woken);
    const signal = AbortSignal.any([woken.signal, this.#stop.signal]);
    await delay(ms, undefined, { signal, ref: false }).catch(() => undefined);
    this.#resting.delete(woken);
  }

  /** Milliseconds; one that waits for the end of its log is not taken again. */
  async #untilDue(): Promise<number> {
    const { plan, clock } = this.#parts;
    const log = this.#log;
    if (log === undefined) return longestPauseMs;
    const present = (await this.#copies.all()).filter(
      (one) =>
        one.system === log.system &&
        one.startLsn !== undefined &&
        lsnNumber(one.startLsn) >= lsnNumber(log.since) &&
        one.stores.length === this.#parts.stores.length,
    );
    const pending = present.some((one) => one.state === 'incomplete');
    if (this.#waiting.length > 0 && !pending) return 0;
    // One that was begun under a clock that was ahead would put off the next until it is right.
    const begun = present.map((one) => Date.parse(one.startedAt ?? '')).filter((at) => at <= clock.now() + 60_000);
    return Math.max(...begun, -Infinity) + milliseconds(plan.base) - clock.now();
  }

  async #keepDumps(): Promise<void> {
    const { plan, clock } = this.#parts;
    while (!this.#stop.signal.aborted) {
      const seen = this.#changes;
      const next = nextDump(plan, await this.#copies.all(), clock.now());
      // Where nothing else is copied, what is asked for is a dump.
      const isAsked = !plan.continuous && this.#waiting.length > 0;
      if (next === undefined) return;
      if (isAsked || next.wait <= 0) await this.#dump(next.database);
      else await this.#rest(Math.min(next.wait, longestPauseMs), seen);
    }
  }

  async #dump(database: string): Promise<void> {
    const asked = this.#parts.plan.continuous ? [] : this.#waiting.splice(0);
    try {
      const written = await writeDump({
        ...this.#wishes(asked),
        database,
        source: this.#sourceOf(this.#log?.system),
        ...(await this.#copies.before({ database })),
      });
      const whole = await this.#copies.count(this.#copies.recordOf(written));
      this.#troubles.over('dump');
      for (const one of asked) one.done(whole);
    } catch (thrown) {
      for (const one of asked) one.failed(thrown);
      throw thrown;
    }
  }

  async #base(): Promise<void> {
    const log = this.#log;
    if (log === undefined) return;
    const earlier = await this.#copies.before({ system: log.system });
    try {
      const written = await writeBase({
        ...this.#wishes(this.#waiting),
        source: this.#sourceOf(log.system),
        // As long as there is none, the server is not spared.
        checkpoint: this.#waiting.length > 0 || earlier.previous === undefined ? 'fast' : 'spread',
        ...earlier,
      });
      await this.#copies.take(written);
    } catch (thrown) {
      for (const one of this.#waiting.splice(0)) one.failed(thrown);
      throw thrown;
    }
    await this.#complete();
  }

  /** What base backups and dumps are written by; `told` may grow meanwhile. */
  #wishes(told: readonly Asked[]) {
    const { plan, stores, clock } = this.#parts;
    return {
      stores,
      keys: this.#writingKeys(),
      clock,
      keptUntil: new Date(clock.now() + milliseconds(plan.keep)),
      signal: this.#stop.signal,
      progress: (progress: WriteProgress): void => {
        for (const one of told) one.progress(progress);
      },
    };
  }

  /** The server's disk is never filled on our account: half of what it keeps for the slot is time for an alarm. */
  async #watchSlot(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.#sleep(longestPauseMs);
      const log = this.#log;
      if (log === undefined || this.#stop.signal.aborted) continue;
      const { position, slotKeepMegabytes } = await this.#sourceOf(log.system).identify();
      const behind = Number(lsnNumber(position) - lsnNumber(log.position)) / 1_048_576;
      if (slotKeepMegabytes > 0 && behind > slotKeepMegabytes / 2)
        this.#troubles.begin(
          'slot',
          new SourceFailed(
            'failed',
            `${Math.round(behind)} MB of the log are not kept yet, and the server keeps ${slotKeepMegabytes} MB for us`,
            { hint: 'a store is too slow or away; raise max_slot_wal_keep_size, or mend the store' },
          ),
        );
      else this.#troubles.over('slot');
    }
  }
}
