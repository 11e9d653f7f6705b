import type { FreezeState } from '../../contract/api.ts';
import type { Clock } from '../../contract/clock.ts';
import { isoTime } from '../../contract/clock.ts';
import type { JournalWriter } from '../../contract/journal.ts';
import type { Store, Transaction } from '../../contract/store.ts';
import { refuse } from '../../model/refusal.ts';

/** Stops every agent write at every door, approved holds and timers too. Any human may freeze; thawing is signed. */
export interface Freeze {
  readonly state: FreezeState;
  /** Throws `Refused` (`FROZEN`) while writes are stopped. Called before each send, never cached. */
  pass(): void;
  freeze(by: string, why: string): Promise<FreezeState>;
  /** Inside the transaction of the signed act that thaws. */
  thaw(tx: Transaction, by: string): Promise<() => void>;
}

const key = 'freeze';

export async function openFreeze(parts: { store: Store; journal: JournalWriter; clock: Clock }): Promise<Freeze> {
  const stored = await parts.store.get('settings', key);
  let state: FreezeState =
    stored === undefined ? { epoch: 0, frozen: false, at: '', by: '', why: '' } : readState(stored);

  return {
    get state() {
      return state;
    },
    pass() {
      if (!state.frozen) return;
      throw refuse(
        'FROZEN',
        `${state.by} stopped all agent writes at ${state.at}`,
        'stop here; ask the person you work for; nothing runs until a human thaws it',
        state.why === '' ? {} : { reasons: [state.why] },
      );
    },
    async freeze(by, why) {
      const next: FreezeState = { epoch: state.epoch + 1, frozen: true, at: isoTime(parts.clock.now()), by, why };
      // In memory first: from here on nothing is sent, whatever becomes of the disk.
      state = next;
      await parts.store.transact(async (tx) => {
        await tx.put('settings', key, { ...next });
        await parts.journal.append(tx, { kind: 'frozen', principal: by, body: { epoch: next.epoch, why } });
      });
      return next;
    },
    async thaw(tx, by) {
      const thawed = state;
      const next: FreezeState = { epoch: state.epoch + 1, frozen: false, at: isoTime(parts.clock.now()), by, why: '' };
      await tx.put('settings', key, { ...next });
      await parts.journal.append(tx, { kind: 'thawed', principal: by, body: { epoch: next.epoch } });
      return () => {
        // Somebody who froze while this was being written is not thawed by it.
        if (state === thawed) state = next;
      };
    },
  };
}

function readState(stored: { readonly [member: string]: unknown }): FreezeState {
  const { epoch, frozen, at, by, why } = stored;
  if (typeof epoch !== 'number' || typeof frozen !== 'boolean') {
    // A freeze record that cannot be read counts as frozen.
    return { epoch: 0, frozen: true, at: '', by: 'holdpoint', why: 'the stored freeze could not be read' };
  }
  return { epoch, frozen, at: String(at), by: String(by), why: String(why) };
}
