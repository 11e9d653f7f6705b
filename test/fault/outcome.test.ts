import { describe, expect, it } from 'vitest';
import type { FaultKind } from '../../demo/railway/faults.ts';
import { type DoubleRig, openDoubleRig, refusalOf, upsert, variable, volumeDelete } from './double-rig.ts';
import type { Hold } from '../../src/model/hold.ts';
import { recover } from '../../src/road/recover.ts';
import { runHold } from '../../src/road/run.ts';
import { openTimers } from '../../src/road/timers.ts';

const minute = 60_000;
const limits = { wholeTimeout: 400 };

/** What each fault leaves behind at the far side. */
const faults: readonly { readonly fault: FaultKind; readonly happens: boolean }[] = [
  { fault: 'http500', happens: false },
  { fault: 'timeout', happens: false },
  { fault: 'timeoutAfterEffect', happens: true },
  { fault: 'dropBeforeEffect', happens: false },
  { fault: 'dropAfterEffect', happens: true },
];

/** The last `settled` entry, for what it says of the outcome. */
async function lastSettled(stage: DoubleRig): Promise<unknown> {
  const entries = await stage.rig.journal.find({ kind: 'settled', order: 'descending', limit: 1 });
  return entries[0]?.body['outcome'];
}

async function approvedDelete(stage: DoubleRig): Promise<Hold> {
  const jane = await stage.rig.person('jane');
  const hold = await stage.hold(await stage.ask(volumeDelete(stage.double.ids.ownVolume.staging)));
  return stage.rig.road.holds.approve(hold.id, jane.approve(hold, { mode: 'now' }));
}

const unknowns = (stage: DoubleRig): number => stage.rig.alarms.filter(({ kind }) => kind === 'outcome-unknown').length;

describe('an outcome that is not known is looked up, and nothing is sent twice', () => {
  for (const { fault, happens } of faults) {
    it(`F1, F2: a signed delete under ${fault}`, async () => {
      await using stage = await openDoubleRig({ limits });
      const { rig } = stage;
      const hold = await approvedDelete(stage);
      stage.double.fail({ next: fault, when: 'volumeDelete' });
      const refusal = refusalOf(await runHold(rig.road, hold.id, stage.agent.principal));
      expect(refusal.code).toBe('OUTCOME_UNKNOWN');
      expect(refusal.detail).toMatch(
        happens ? /it is proved that the act took effect/ : /whether it took effect is not known/,
      );
      expect((await rig.road.holds.find(hold.id))?.state).toBe(happens ? 'done' : 'unknown');
      expect(await lastSettled(stage)).toBe(happens ? 'done' : 'unknown');
      expect(unknowns(stage)).toBe(happens ? 0 : 1);

      // Asked for again, run again, restarted: it arrived once, and stays that way.
      expect(refusalOf(await runHold(rig.road, hold.id, stage.agent.principal)).code).toBe('DENIED');
      const again = refusalOf(await stage.ask(volumeDelete(stage.double.ids.ownVolume.staging)));
      expect(again.code).toBe(happens ? 'DENIED' : 'OUTCOME_UNKNOWN');
      await recover(rig.road);
      expect(stage.arrivals('volumeDelete')).toBe(1);
      expect(stage.effects('volumeDelete')).toBe(happens ? 1 : 0);

      // When the provider has to be done with it, an absence is a proof; the signature is spent all the same.
      const timers = openTimers(rig.road, rig.clock);
      rig.clock.step(14 * minute);
      await timers.tick();
      expect((await rig.road.holds.find(hold.id))?.state).toBe(happens ? 'done' : 'unknown');
      rig.clock.step(2 * minute);
      await timers.tick();
      expect((await rig.road.holds.find(hold.id))?.state).toBe(happens ? 'done' : 'failed');
      expect(refusalOf(await runHold(rig.road, hold.id, stage.agent.principal)).code).toBe('DENIED');
      expect(stage.arrivals('volumeDelete')).toBe(1);
      console.log(`outcome, signed delete, ${fault}: arrived once, happened ${happens ? 'once' : 'never'}, told so`);
    });

    it(`F1, U1: an undoable change under ${fault}, its image kept for as long as it may have happened`, async () => {
      await using stage = await openDoubleRig({ limits });
      const { rig, double } = stage;
      stage.double.fail({ next: fault, when: 'variableUpsert' });
      const refusal = refusalOf(await stage.ask(upsert, variable(double, 'GREETING', 'hello')));
      expect(refusal.code).toBe('OUTCOME_UNKNOWN');
      expect(stage.arrivals('variableUpsert')).toBe(1);
      expect(stage.effects('variableUpsert')).toBe(happens ? 1 : 0);
      expect(await lastSettled(stage)).toBe(happens ? 'done' : 'unknown');
      expect((await rig.road.images.list())[0]?.state).toBe(happens ? 'settled' : 'secured');
      const timers = openTimers(rig.road, rig.clock);
      rig.clock.step(16 * minute);
      await timers.tick();
      expect((await rig.road.images.list())[0]?.state).toBe(happens ? 'settled' : 'void');
      expect(stage.arrivals('variableUpsert')).toBe(1);
    });
  }

  it('F2: what is still under way when it is looked up is not called undone', async () => {
    await using stage = await openDoubleRig({ limits });
    const { rig } = stage;
    const hold = await approvedDelete(stage);
    // The line gives up after 400 ms; the provider carries it out after 900.
    stage.double.fail({ next: 'slow', when: 'volumeDelete', delayMs: 900 });
    const refusal = refusalOf(await runHold(rig.road, hold.id, stage.agent.principal));
    expect(refusal.code).toBe('OUTCOME_UNKNOWN');
    expect((await rig.road.holds.find(hold.id))?.state).toBe('unknown');
    expect(stage.effects('volumeDelete')).toBe(0);
    while (stage.effects('volumeDelete') === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    const timers = openTimers(rig.road, rig.clock);
    rig.clock.step(16 * minute);
    await timers.tick();
    expect((await rig.road.holds.find(hold.id))?.state).toBe('done');
    expect(stage.arrivals('volumeDelete')).toBe(1);
  });

  it('F1, H2: a provider that cannot be reached: nothing was sent, the signature is worth what it was', async () => {
    await using stage = await openDoubleRig({ limits });
    const { rig } = stage;
    const hold = await approvedDelete(stage);
    await stage.double.stop();
    const refusal = refusalOf(await runHold(rig.road, hold.id, stage.agent.principal));
    expect(refusal).toMatchObject({ code: 'DENIED' });
    expect(refusal.detail).toMatch(/could not be resolved/);
    expect((await rig.road.holds.find(hold.id))?.state).toBe('approved');
    expect(await rig.store.find('clearances')).toEqual([]);
  });

  it('E3: the provider’s own refusal of a signed act ends it as failed, and it is not sent again', async () => {
    await using stage = await openDoubleRig({ limits });
    const { rig } = stage;
    const hold = await approvedDelete(stage);
    stage.double.fail({ next: 'unauthorized', when: 'volumeDelete' });
    expect(refusalOf(await runHold(rig.road, hold.id, stage.agent.principal)).hint).toMatch(
      /do not look for another credential/,
    );
    expect((await rig.road.holds.find(hold.id))?.state).toBe('failed');
    expect(refusalOf(await runHold(rig.road, hold.id, stage.agent.principal)).code).toBe('DENIED');
    expect(stage.arrivals('volumeDelete')).toBe(1);
    expect(stage.effects('volumeDelete')).toBe(0);
  });
});

describe('a schedule whose firing is refused', () => {
  it('U3: is tried again ever more slowly, not once a second', async () => {
    await using stage = await openDoubleRig({ limits });
    const { rig } = stage;
    const jane = await rig.person('jane');
    const hold = await stage.hold(await stage.ask(volumeDelete(stage.double.ids.ownVolume.staging)));
    await rig.road.holds.approve(hold.id, jane.approve(hold, { mode: 'delayed' }));
    rig.clock.step(48 * 60 * minute + 1);
    const before = rig.alarms.length;
    stage.double.fail({ next: 'http500', times: 1_000 });
    const timers = openTimers(rig.road, rig.clock);
    for (let second = 0; second < 120; second++) {
      await timers.tick();
      rig.clock.step(1_000);
    }
    expect(stage.arrivals('volumeDelete')).toBe(0);
    expect(rig.alarms.length - before).toBeGreaterThan(1);
    expect(rig.alarms.length - before).toBeLessThan(8);
    expect((await rig.road.holds.find(hold.id))?.state).toBe('scheduled');
  });
});
