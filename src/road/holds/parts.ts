import type { GoalLocks } from './locks.ts';
import type { Alarm } from '../../contract/channel.ts';
import type { Clock } from '../../contract/clock.ts';
import type { JournalWriter } from '../../contract/journal.ts';
import type { Store } from '../../contract/store.ts';
import type { Signers } from '../signing/signers.ts';

export interface HoldSettings {
  /** Printed on every hold: what was proved about this installation. */
  readonly tier: string;
  /** When that tier was proved by attack; undefined where it is only as started. */
  readonly tierProvedAt?: string | undefined;
  readonly lifetimeMs: number;
  /** How long a signature is good for. */
  readonly signatureMs: number;
  /** Our own delay after the signature for provider deletes. */
  readonly delayMs: number;
  /** How long after its time a scheduled one may still fire. */
  readonly windowMs: number;
  /** Waiting holds of one principal, and characters of their records together; with more, it is refused. */
  readonly waitingAtMost: number;
  readonly waitingCharacters: number;
}

export const defaultHoldSettings: Omit<HoldSettings, 'tier' | 'tierProvedAt'> = {
  lifetimeMs: 24 * 3_600_000,
  signatureMs: 15 * 60_000,
  delayMs: 48 * 3_600_000,
  windowMs: 24 * 3_600_000,
  waitingAtMost: 200,
  waitingCharacters: 4_194_304,
};

export interface HoldParts {
  readonly store: Store;
  readonly journal: JournalWriter;
  readonly clock: Clock;
  readonly signers: Signers;
  readonly goalLocks: GoalLocks;
  readonly settings: HoldSettings;
  readonly raise: (alarm: Omit<Alarm, 'id' | 'at'>) => void;
}
