import type { Reading } from '../../contract/provider.ts';
import type { Action } from '../../model/action.ts';
import { digestOf } from '../../model/digest.ts';
import type { Json } from '../../model/json.ts';

/** What an agent wanted, as far as counting goes. */
export interface Attempt {
  /** The same for the same message, however it was spelled: polling a hold is no new attempt. */
  readonly key: string;
  readonly destructive: boolean;
  /** It would have changed nothing. */
  readonly reads: boolean;
}

/** Something an agent wanted and did not simply get. */
export interface Attempted extends Attempt {
  readonly outcome: 'held' | 'denied';
}

/** What a message would do before anything is looked up. Never throws: what cannot be told counts as destructive. */
export function attemptOf(reading: Pick<Reading, 'plan' | 'actions'>): Attempt {
  const destructive = reading.actions.length === 0 || reading.actions.some(isDestructive);
  const reads = reading.actions.length > 0 && reading.actions.every((action) => action.reversibility === 'read');
  return { key: keyOf(reading.plan), destructive, reads };
}

export function isDestructive(action: Pick<Action, 'reversibility' | 'traits'>): boolean {
  const { reversibility, traits } = action;
  return (
    reversibility === 'recoverable' ||
    reversibility === 'irreversible' ||
    reversibility === 'unknown' ||
    traits.includes('weakens-backup') ||
    traits.includes('ends-undo')
  );
}

function keyOf(plan: Reading['plan']): string {
  try {
    return digestOf('holdpoint/attempt/v1', plan as unknown as Json);
  } catch {
    return 'what has no digest';
  }
}
