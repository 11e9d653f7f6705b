import type { RoadParts } from './parts.ts';
import { lookAgain } from './recover.ts';
import { runHold } from './run.ts';
import { endOutlived } from './undo/outlived.ts';
import { isoTime } from '../contract/clock.ts';
import type { Hold } from '../model/hold.ts';
import type { JsonObject } from '../model/json.ts';

/** Later than this after its time, a schedule was slept through and gets another hour in which a human can stop it. */
const sleptMs = 5 * 60_000;
const anotherHourMs = 3_600_000;
/** A firing that was refused is tried again after this, and then each time twice as late, up to the longest. */
const firstPauseMs = 5_000;
const longestPauseMs = 4 * 60_000;
const lookAgainEveryMs = 60_000;
const endEveryMs = 10 * 60_000;

/** What time alone brings about: expiries, and the firing of schedules. Called once a second by the daemon. */
export interface Timers {
  tick(): Promise<void>;
}

export function openTimers(road: RoadParts, clock: { readonly suspicious: boolean }): Timers {
  let busy = false;
  let looked = road.clock.now();
  let ended = looked;
  const pauses = new Map<string, { readonly until: number; readonly length: number }>();

  const fire = async (hold: Hold, now: number): Promise<void> => {
    const pause = pauses.get(hold.id);
    if (pause !== undefined && now < pause.until) return;
    const outcome = await runHold(road, hold.id, 'timer');
    if (outcome.kind === 'done') return void pauses.delete(hold.id);
    const length = Math.min((pause?.length ?? firstPauseMs / 2) * 2, longestPauseMs);
    pauses.set(hold.id, { until: road.clock.now() + length, length });
  };

  return {
    async tick() {
      if (busy) return;
      busy = true;
      try {
        await road.holds.sweep().catch((cause: unknown) => road.diagnose('sweep', cause));
        if (road.clock.now() - looked >= lookAgainEveryMs) {
          looked = road.clock.now();
          await lookAgain(road);
        }
        // A clock that stepped forward without reason must not grant what only time grants.
        if (clock.suspicious || road.freeze.state.frozen) return;
        const now = road.clock.now();
        if (now - ended >= endEveryMs) {
          ended = now;
          await endOutlived(road).catch((cause: unknown) => road.diagnose('undo-ended', cause));
        }
        const scheduled = await road.holds.list('scheduled');
        for (const id of pauses.keys()) if (!scheduled.some((hold) => hold.id === id)) pauses.delete(id);
        for (const hold of scheduled) {
          const due = Date.parse(hold.schedule?.notBefore ?? '');
          if (!(due <= now)) continue;
          if (now - due > sleptMs) await postpone(road, hold, now);
          else await fire(hold, now);
        }
      } catch (cause) {
        road.diagnose('timers', cause);
      } finally {
        busy = false;
      }
    },
  };
}

async function postpone(road: RoadParts, hold: Hold, now: number): Promise<void> {
  const notBefore = isoTime(now + anotherHourMs);
  const schedule = { notBefore, notAfter: hold.schedule?.notAfter ?? notBefore };
  await road.store.transact(async (tx) => {
    const current = await road.holds.life.read(tx, hold.id);
    if (current.state !== 'scheduled') return;
    await tx.put('holds', hold.id, { ...current, schedule } as unknown as JsonObject);
    await road.journal.append(tx, {
      kind: 'overdue',
      principal: hold.request.principal.name,
      digest: hold.digest,
      hold: hold.id,
      body: { notBefore },
    });
  });
  road.raise({
    kind: 'overdue',
    text: `${hold.code} should have fired while holdpoint was not running; it waits until ${notBefore}; stop it with: holdpoint cancel ${hold.code}`,
    hold,
  });
}
