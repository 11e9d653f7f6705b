import type { GoalLock } from '../../contract/api.ts';
import type { Alarm } from '../../contract/channel.ts';
import { isoTime, type Clock } from '../../contract/clock.ts';
import type { JournalWriter } from '../../contract/journal.ts';
import type { Store, Transaction } from '../../contract/store.ts';
import type { Action } from '../../model/action.ts';
import type { Hold } from '../../model/hold.ts';
import { newId } from '../../model/identifier.ts';
import type { Principal } from '../../model/principal.ts';
import { refuse } from '../../model/refusal.ts';

export interface GoalLocks {
  /** Throws `Refused` (`DENIED`) when one of the actions pursues a denied goal, `dependents` being what goes with them. */
  pass(principal: Principal, actions: readonly Action[], dependents?: readonly string[]): void;
  lock(tx: Transaction, hold: Hold, by: string, note: string): Promise<() => void>;
  /** Inside a signed act. */
  lift(tx: Transaction, id: string, by: string): Promise<() => void>;
  list(): readonly GoalLock[];
}

/** An agent that goes on asking is told each time, a human once in so long (ms) for each lock. */
const tellAgainAfter = 60_000;

export async function openGoalLocks(parts: {
  readonly store: Store;
  readonly journal: JournalWriter;
  readonly clock: Clock;
  readonly raise: (alarm: Omit<Alarm, 'id' | 'at'>) => void;
}): Promise<GoalLocks> {
  const locks = new Map<string, GoalLock>();
  const told = new Map<string, number>();
  const tell = (lock: GoalLock, principal: Principal, action: Action): void => {
    const now = parts.clock.now();
    if (now - (told.get(lock.id) ?? Number.NEGATIVE_INFINITY) < tellAgainAfter) return;
    told.set(lock.id, now);
    const text = `${principal.name} tried again, by ${action.operation}, what ${lock.by} refused (${lock.hold}); it was denied`;
    parts.raise({ kind: 'goal-locked', text });
  };
  for (const found of await parts.store.find('locks')) locks.set(found.key, found.record as unknown as GoalLock);

  return {
    list: () => [...locks.values()],
    pass(principal, actions, dependents = []) {
      for (const lock of locks.values()) {
        if (lock.principal !== principal.id) continue;
        const action = actions.find((one) => reaches(lock, one, dependents));
        if (action === undefined) continue;
        tell(lock, principal, action);
        throw refuse(
          'DENIED',
          `${lock.by} refused this goal (${lock.hold})${lock.note === '' ? '' : `: “${lock.note}”`}; the refusal is of the goal, not of the wording`,
          undefined,
          {
            hold: lock.hold,
            reasons: [
              `goal lock: ${action.operation} on ${action.resources.map((one) => one.name ?? one.id).join(', ')}`,
            ],
          },
        );
      }
    },
    async lock(tx, hold, by, note) {
      const resources = hold.request.actions.flatMap((action) => action.resources.map((one) => one.id));
      const lock: GoalLock = {
        id: newId('lk', parts.clock.now()),
        principal: hold.request.principal.id,
        resources: [...new Set(resources)],
        operations: hold.request.actions.map((action) => action.operation),
        effect: hold.request.actions.every((one) => one.reversibility === 'reversible') ? 'change' : 'destroy',
        hold: hold.code,
        note,
        by,
        at: isoTime(parts.clock.now()),
      };
      await tx.insert('locks', lock.id, { ...lock });
      return () => void locks.set(lock.id, lock);
    },
    async lift(tx, id, by) {
      if (!locks.has(id))
        throw refuse('BAD_REQUEST', `there is no goal lock \`${id}\``, 'list them with `holdpoint hold locks`');
      await tx.remove('locks', id);
      await parts.journal.append(tx, { kind: 'unlocked', principal: by, body: { lock: id } });
      return () => {
        locks.delete(id);
        told.delete(id);
      };
    },
  };
}

/** A denied destruction locks destruction; a denied change locks both, since destroying also changes. */
function reaches(lock: GoalLock, action: Action, dependents: readonly string[]): boolean {
  if (action.reversibility === 'read') return false;
  if (lock.effect === 'destroy' && action.reversibility === 'reversible') return false;
  if (lock.operations.includes(action.operation) && lock.resources.length === 0) return true;
  // What takes a denied target with it pursues the denied goal.
  if (action.reversibility !== 'reversible' && dependents.some((id) => lock.resources.includes(id))) return true;
  return action.resources.some(
    (one) =>
      lock.resources.includes(one.id) || (one.within ?? []).some((container) => lock.resources.includes(container)),
  );
}
