import { isoTime, type Clock } from '../../contract/clock.ts';
import type { JournalWriter } from '../../contract/journal.ts';
import type { Transaction } from '../../contract/store.ts';
import type { ActionRequest } from '../../model/action-request.ts';
import type { EntryDraft, EntryKind } from '../../model/entry.ts';
import type { Hold, HoldState } from '../../model/hold.ts';
import type { JsonObject } from '../../model/json.ts';
import { refuse } from '../../model/refusal.ts';

/** From which states a hold may come into each one (docs/architecture.md, "The life of a hold"). */
const into: { readonly [state in HoldState]: readonly HoldState[] } = {
  waiting: [],
  // Back from `running` only when it is proved that nothing took effect.
  approved: ['waiting', 'running'],
  scheduled: ['waiting', 'approved', 'running'],
  running: ['approved', 'scheduled'],
  done: ['running', 'unknown'],
  failed: ['running', 'unknown'],
  unknown: ['running'],
  denied: ['waiting', 'approved'],
  withdrawn: ['waiting', 'approved', 'scheduled'],
  expired: ['waiting', 'approved', 'scheduled'],
  cancelled: ['scheduled', 'approved'],
};

const entryOf: { readonly [state in HoldState]: EntryKind } = {
  waiting: 'held',
  approved: 'approved',
  scheduled: 'scheduled',
  running: 'intent',
  done: 'settled',
  failed: 'settled',
  unknown: 'settled',
  denied: 'denied',
  withdrawn: 'withdrawn',
  expired: 'expired',
  cancelled: 'cancelled',
};

export interface Life {
  /** The hold as it stands in this transaction. */
  read(tx: Transaction, id: string): Promise<Hold>;
  /**
   * One step of a hold's life, with its journal entry, in the caller's transaction. Throws `Refused` when the hold is no
   * longer in a state that leads there, so that of two that race only one goes on.
   */
  step(tx: Transaction, id: string, to: HoldState, body: JsonObject, change?: Partial<Hold>): Promise<Hold>;
}

export function openLife(parts: { journal: JournalWriter; clock: Clock }): Life {
  const read: Life['read'] = async (tx, id) => {
    const record = await tx.get('holds', id);
    if (record === undefined)
      throw refuse('BAD_REQUEST', `there is no hold \`${id}\``, 'list them with `holdpoint hold list`');
    return record as unknown as Hold;
  };
  return {
    read,
    async step(tx, id, to, body, change = {}) {
      const hold = await read(tx, id);
      if (!into[to].includes(hold.state)) {
        throw refuse(
          'DENIED',
          `hold ${hold.code} is ${hold.state} and cannot become ${to}`,
          `look at it with \`holdpoint hold show ${hold.code}\``,
        );
      }
      const next: Hold = { ...hold, ...change, state: to };
      await tx.put('holds', id, { ...next } as unknown as JsonObject);
      // The road writes its own, fuller entries for what it runs.
      if (to !== 'running' && to !== 'done' && to !== 'failed' && to !== 'unknown') {
        await parts.journal.append(tx, {
          kind: entryOf[to],
          ...whose(hold),
          digest: hold.digest,
          hold: hold.id,
          body: { ...body, from: hold.state, at: isoTime(parts.clock.now()) },
        });
      }
      return next;
    },
  };
}

/** What a damaged record does not say is left out of the entry: such a hold has to be able to end all the same. */
function whose(hold: Hold): Partial<EntryDraft> {
  const { principal, token, gate } = Object(hold.request) as Partial<ActionRequest>;
  return Object.fromEntries(
    Object.entries({ principal: principal?.name, token, gate }).filter(([, value]) => typeof value === 'string'),
  );
}
