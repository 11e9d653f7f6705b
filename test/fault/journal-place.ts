import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../src/contract/clock.ts';
import type { Store } from '../../src/contract/store.ts';
import { exportJournal } from '../../src/road/journal/export.ts';
import { type Journal, openJournal } from '../../src/road/journal/journal.ts';
import { openSqliteStore } from '../../src/stores/sqlite/store.ts';

export const origin = 'holdpoint/test';

/** A clock that a test moves. */
export class SteppedClock implements Clock {
  time = Date.UTC(2026, 0, 1);

  now(): number {
    return this.time;
  }
}

/** A journal in a folder of its own, to be opened again and again. */
export class JournalPlace implements AsyncDisposable {
  readonly folder: string;
  readonly path: string;
  readonly key: KeyObject = generateKeyPairSync('ed25519').privateKey;
  readonly clock = new SteppedClock();

  constructor(folder: string) {
    this.folder = folder;
    this.path = join(folder, 'state', 'holdpoint.db');
  }

  static async make(): Promise<JournalPlace> {
    return new JournalPlace(await mkdtemp(join(tmpdir(), 'holdpoint-journal-')));
  }

  async open(): Promise<{ readonly store: Store; readonly journal: Journal }> {
    const store = await openSqliteStore({ path: this.path });
    return { store, journal: await openJournal({ store, clock: this.clock, key: this.key, origin }) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

export async function exported(store: Store): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of exportJournal(store)) lines.push(line);
  return lines;
}
