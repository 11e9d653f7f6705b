import type { Hold } from '../model/hold.ts';

/** Something a human should know of now. */
export interface Alarm {
  readonly id: string;
  readonly at: string;
  readonly kind:
    | 'held'
    | 'denied'
    | 'exposure'
    | 'provider-refused'
    | 'scheduled'
    | 'overdue'
    | 'frozen'
    | 'outcome-unknown'
    | 'goal-locked'
    | 'signer'
    | 'clock'
    | 'backup-late'
    | 'drill-late'
    | 'backup-failed'
    | 'drill-failed'
    | 'slot-lag';
  /** Our own words. Agent text appears in `hold.agentSays` only. */
  readonly text: string;
  readonly hold?: Hold;
}

/** A way to reach a human that the agent cannot mute. */
export interface Channel {
  readonly name: string;
  /** Resolves when the far end took it; the caller retries and journals failures. */
  raise(alarm: Alarm): Promise<void>;
  close(): Promise<void>;
}
