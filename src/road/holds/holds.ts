import { openOrMerge, type Shown } from './asked.ts';
import { asHold, KeptHolds, openStates } from './kept.ts';
import { openLife, type Life } from './life.ts';
import type { HoldParts, HoldSettings } from './parts.ts';
import { acceptApproval, acceptDenial, type PlainDenial } from './verdict.ts';
import type { Transaction } from '../../contract/store.ts';
import type { ActionRequest } from '../../model/action-request.ts';
import type { Approval, Hold } from '../../model/hold.ts';
import { refuse, type Refused } from '../../model/refusal.ts';

/** The waiting actions and what humans say of them. Silence is no. */
export interface Holds {
  readonly life: Life;
  readonly settings: HoldSettings;
  /** The open hold for this digest and principal, or a new one; equal asks merge. Raises the alarm for a new one. */
  ask(request: ActionRequest, shown: Shown): Promise<Hold>;
  /** The hold for this digest, whatever its state, newest first. */
  forDigest(request: ActionRequest): Promise<Hold | undefined>;
  /** By whole id or by code; of codes, open holds come first. */
  find(idOrCode: string): Promise<Hold | undefined>;
  list(state?: string): Promise<readonly Hold[]>;
  approvals(hold: Hold): Promise<readonly Approval[]>;
  approve(hold: string, approval: Approval): Promise<Hold>;
  deny(hold: string, denial: Approval | PlainDenial): Promise<Hold>;
  /** Any human may at once: narrows only. */
  cancel(hold: string, by: string): Promise<Hold>;
  withdraw(hold: string, by: string): Promise<Hold>;
  /** When a token is revoked. */
  withdrawAllOf(tx: Transaction, token: string): Promise<void>;
  /** Ends what is past its time. Returns how many. */
  sweep(): Promise<number>;
}

export function openHolds(parts: HoldParts): Holds {
  const { store, settings } = parts;
  const life = openLife(parts);
  const kept = new KeptHolds(store);

  return {
    life,
    settings,
    find: (idOrCode) => kept.find(idOrCode),
    forDigest: (request) => kept.forDigest(request),
    list: (state) => kept.list(state),
    approvals: (hold) => kept.approvals(hold),
    async ask(request, shown) {
      const { hold, isNew } = await store.transact((tx) => openOrMerge(parts, tx, request, shown));
      if (isNew && hold.kind !== 'question')
        parts.raise({ kind: 'held', text: `${hold.code} waits for a signature`, hold });
      return hold;
    },
    async approve(idOrCode, approval) {
      const { id } = await kept.known(idOrCode);
      return store.transact((tx) => acceptApproval({ ...parts, life }, tx, id, approval));
    },
    async deny(idOrCode, denial) {
      const { id } = await kept.known(idOrCode);
      const { hold, locked } = await store.transact((tx) => acceptDenial({ ...parts, life }, tx, id, denial));
      locked();
      return hold;
    },
    async cancel(idOrCode, by) {
      const { id } = await kept.known(idOrCode);
      return store.transact((tx) => life.step(tx, id, 'cancelled', { by }));
    },
    async withdraw(idOrCode, by) {
      const { id } = await kept.known(idOrCode);
      return store.transact((tx) => life.step(tx, id, 'withdrawn', { by }));
    },
    async withdrawAllOf(tx, token) {
      for (const state of openStates) {
        for (const { key, record } of await tx.find('holds', { where: { state } })) {
          if (asHold(record).request.token === token) await life.step(tx, key, 'withdrawn', { by: 'token revoked' });
        }
      }
    },
    sweep: async () => end(parts, life, await kept.overdue(parts.clock.now())),
  };
}

/** Ends these by silence, each by itself: a record that cannot be ended must not keep the others open. Returns how many. */
async function end({ store }: HoldParts, life: Life, overdue: readonly Hold[]): Promise<number> {
  const failures: unknown[] = [];
  for (const { id } of overdue) {
    try {
      await store.transact((tx) => life.step(tx, id, 'expired', { reason: 'silence is no' }));
    } catch (cause) {
      failures.push(cause);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, 'not every hold that is past its time could be ended');
  return overdue.length;
}

/** The refusal that tells an agent about a hold it has to wait for. */
export function heldRefusal(hold: Hold, wouldDo: string): Refused {
  if (hold.state === 'scheduled') {
    return refuse(
      'SCHEDULED',
      `a human signed this; it is scheduled for ${hold.schedule?.notBefore ?? 'later'} and not done yet: ${wouldDo}`,
      'stop here; it has not happened; do not ask for it again and do not count on it',
      { hold: hold.code },
    );
  }
  return refuse(
    'HELD',
    `this would ${wouldDo}. Nothing was done`,
    `stop here; tell the person you work for what you wanted and why; do not try another way; after approval: holdpoint run ${hold.code}`,
    { hold: hold.code, reasons: hold.reasons },
  );
}
