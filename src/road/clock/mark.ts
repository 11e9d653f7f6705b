import type { StoredRecord } from '../../contract/store.ts';
import { refuse } from '../../model/refusal.ts';

/** Why what time alone would grant waits for a human. */
export interface Suspicion {
  /** What the time should have been, ISO 8601. */
  readonly at: string;
  /** By how much (ms) the clock went further than the machine ran. */
  readonly stepMs: number;
  /** `step`: while the machine ran. `boot`: over a restart of the machine. */
  readonly why: 'step' | 'boot';
}

/** The durable high-water mark. All in ms. */
export interface Mark {
  /** The latest time ever given out, and how long the machine had been up then. */
  readonly latest: number;
  readonly uptime: number;
  /** Wall time minus uptime as last agreed. */
  readonly offset: number;
  /** The boot that `uptime` and `offset` are of. */
  readonly bootId: string;
  /** How often a human has confirmed the time. */
  readonly confirmations: number;
  readonly suspicion?: Suspicion | undefined;
}

/** Where it is kept in the `settings` collection. */
export const settingsKey = 'clock';

/** Throws `Refused` (`UNAVAILABLE`) for a mark that cannot be read: without it time could have run back. */
export function readMark(stored: StoredRecord): Mark {
  const { latest, uptime, offset, bootId, confirmations, suspicion } = stored;
  const numbers = isTime(latest) && isTime(uptime) && isTime(offset) && isTime(confirmations);
  if (!numbers || typeof bootId !== 'string') {
    throw refuse(
      'UNAVAILABLE',
      'the stored high-water mark of the clock cannot be read',
      'restore the store from its backup',
    );
  }
  return {
    latest,
    uptime,
    offset,
    bootId,
    confirmations,
    ...(suspicion === undefined ? {} : { suspicion: readSuspicion(suspicion) }),
  };
}

/** The stored form. */
export function storeMark({ suspicion, ...mark }: Mark): StoredRecord {
  return { ...mark, ...(suspicion === undefined ? {} : { suspicion: { ...suspicion } }) };
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

/** A suspicion that cannot be read is one all the same. */
function readSuspicion(stored: unknown): Suspicion {
  const { at, stepMs, why } = Object(stored) as { readonly [member: string]: unknown };
  return {
    at: typeof at === 'string' ? at : '',
    stepMs: typeof stepMs === 'number' ? stepMs : 0,
    why: why === 'boot' ? 'boot' : 'step',
  };
}
