import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it, type TestContext } from 'vitest';
import { type DoubleRig, openDoubleRig, refusalOf, upsert, variable, volumeDelete } from './double-rig.ts';
import type { Outcome } from '../../src/contract/road.ts';
import { verifyJournal } from '../../src/features/verify/verify.ts';
import { runHold } from '../../src/road/run.ts';
import { openTimers } from '../../src/road/timers.ts';
import { full } from '../full.ts';

const minute = 60_000;

/** A file system of its own, of so many KiB; undefined where this machine does not allow it. */
async function smallDisk(kib: number): Promise<({ readonly path: string } & AsyncDisposable) | undefined> {
  const path = await mkdtemp(join(tmpdir(), 'holdpoint-small-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${kib}k,mode=0700`, 'tmpfs', path]);
  if (mounted.status !== 0) {
    await rm(path, { recursive: true, force: true });
    return undefined;
  }
  return {
    path,
    async [Symbol.asyncDispose]() {
      spawnSync('umount', ['-l', path]);
      await rm(path, { recursive: true, force: true });
    },
  };
}

/** Skips with the reason, unless a skipped test counts as a failure. */
function cannot(context: TestContext, why: string): never {
  if (full) throw new Error(`${why}, and HOLDPOINT_FULL=1 asks for every test`);
  return context.skip(why);
}

const upserted = (stage: DoubleRig, name: string, value: string): Promise<Outcome> =>
  stage.ask(upsert, variable(stage.double, name, value));

async function intact(stage: DoubleRig): Promise<void> {
  const lines: string[] = [];
  for await (const line of stage.rig.journal.export()) lines.push(line);
  const report = await verifyJournal({ entries: lines, publicKey: stage.rig.journal.verifierKey });
  expect(report.findings).toEqual([]);
}

/** Until the journal can be written again: it tries by itself. */
async function untilHealthy(stage: DoubleRig): Promise<void> {
  for (let tries = 0; !stage.rig.journal.healthy && tries < 400; tries++) await wait(25);
  expect(stage.rig.journal.healthy).toBe(true);
}

describe('a disk without room', () => {
  it(
    'F1: nothing is forwarded that could not be recorded, it is said so, and it goes on when there is room',
    { timeout: 120_000 },
    async (context) => {
      await using disk = (await smallDisk(2_048)) ?? cannot(context, 'a small file system cannot be mounted here');
      await using stage = await openDoubleRig({ data: disk.path });
      expect((await upserted(stage, 'BEFORE', 'room')).kind).toBe('done');
      const jane = await stage.rig.person('jane');
      const hold = await stage.hold(await stage.ask(volumeDelete(stage.double.ids.ownVolume.staging)));
      await stage.rig.road.holds.approve(hold.id, jane.approve(hold, { mode: 'now' }));

      // Everything that is left goes to something else, as on a full disk.
      const { bavail, bsize } = await statfs(disk.path);
      await writeFile(join(disk.path, 'somebody-else'), Buffer.alloc(bavail * bsize, 1)).catch(() => undefined);
      const before = stage.arrivals('variableUpsert');
      let passed = 0;
      const refusals = new Set<string>();
      for (let count = 0; count < 60; count++) {
        const outcome = await upserted(stage, 'FULL', `value ${count}`);
        if (outcome.kind === 'done') passed += 1;
        else refusals.add(`${outcome.refusal.code}: ${outcome.refusal.detail}`);
      }
      // Each that arrived was recorded before; those that could not be, never left.
      expect(stage.arrivals('variableUpsert') - before).toBe(await intentsOf(stage, 'FULL'));
      expect(refusals.size).toBeGreaterThan(0);
      expect(
        [...refusals].filter(
          (said) =>
            !/^UNAVAILABLE: holdpoint could not carry this through, so nothing was sent|^OUTCOME_UNKNOWN: it was sent/.test(
              said,
            ),
        ),
      ).toEqual([]);
      const deletes = stage.arrivals('volumeDelete');
      const running = refusalOf(await runHold(stage.rig.road, hold.id, stage.agent.principal));
      expect(running.code).toBe('UNAVAILABLE');
      expect(stage.arrivals('volumeDelete')).toBe(deletes);
      expect(stage.rig.journal.healthy).toBe(false);
      const reading = stage.ask(`query { environment(id: "${stage.double.ids.environments.staging}") { id name } }`);
      expect(refusalOf(await reading).code).toBe('UNAVAILABLE');

      await rm(join(disk.path, 'somebody-else'));
      await untilHealthy(stage);
      expect((await upserted(stage, 'AFTER', 'room again')).kind).toBe('done');
      expect((await runHold(stage.rig.road, hold.id, stage.agent.principal)).kind).toBe('done');
      expect(stage.effects('volumeDelete')).toBe(1);
      // What had been sent when the disk was full is settled by now.
      await vigil(async () => (await stage.rig.store.find('clearances', { where: { state: 'sent' } })).length === 0);
      await intact(stage);
      console.log(
        `disk full: ${passed} of 60 passed, the others refused as ${[...refusals].join(' | ')}; on again after room was made (${(await readdir(disk.path)).length} files)`,
      );
    },
  );

  it(
    'F1: a commit that fails at any of the road’s transactions forwards nothing, and the outcome of what was sent is written down later',
    { timeout: 60_000 },
    async () => {
      await using stage = await openDoubleRig();
      const { rig } = stage;
      const jane = await rig.person('jane');
      let failAt = Number.POSITIVE_INFINITY;
      let commit = 0;
      rig.store.beforeCommit(async () => {
        commit += 1;
        // Three in a row: the settling, and what is tried again at once.
        if (commit >= failAt && commit < failAt + 3) throw new Error('the disk is full');
      });
      const seen: string[] = [];
      for (let at = 1; at <= 8; at++) {
        await stage.double.reset();
        const before = { delete: stage.arrivals('volumeDelete'), intents: await countOf(stage, 'intent') };
        commit = 0;
        failAt = at;
        const hold = await stage
          .ask(volumeDelete(stage.double.ids.ownVolume.staging))
          .then((outcome) => (refusalOf(outcome).hold === undefined ? undefined : stage.hold(outcome)));
        const approved =
          hold === undefined
            ? undefined
            : await rig.road.holds.approve(hold.id, jane.approve(hold, { mode: 'now' })).catch(() => undefined);
        const outcome =
          approved === undefined ? undefined : await runHold(rig.road, approved.id, stage.agent.principal);
        failAt = Number.POSITIVE_INFINITY;
        await untilHealthy(stage);
        const arrived = stage.arrivals('volumeDelete') - before.delete;
        expect(arrived, `commit ${at}`).toBe((await countOf(stage, 'intent')) - before.intents);
        const said = outcome === undefined ? 'not signed' : outcome.kind === 'done' ? 'done' : outcome.refusal.code;
        if (arrived === 1) expect(['done', 'OUTCOME_UNKNOWN'], `commit ${at}`).toContain(said);
        else expect(said, `commit ${at}`).not.toBe('done');
        await vigil(async () => (await rig.store.find('clearances', { where: { state: 'sent' } })).length === 0);
        if (approved !== undefined && arrived === 1)
          await vigil(async () => (await rig.road.holds.find(approved.id))?.state === 'done');
        for (const state of ['waiting', 'approved'])
          for (const open of await rig.road.holds.list(state)) await rig.road.holds.withdraw(open.id, 'test');
        seen.push(`${at}: ${said}${arrived === 1 ? ', sent once' : ''}`);
      }
      expect(seen.join()).toContain('OUTCOME_UNKNOWN, sent once');
      await intact(stage);
      console.log(`commit k fails → ${seen.join('; ')}`);
    },
  );
});

describe('a store that is locked', () => {
  it('F1: nothing is forwarded while another process holds it; on again when it lets go', async () => {
    const data = await mkdtemp(join(tmpdir(), 'holdpoint-locked-'));
    try {
      await using stage = await openDoubleRig({ data });
      const other = new DatabaseSync(join(data, 'state', 'holdpoint.db'));
      other.exec('BEGIN IMMEDIATE');
      for (const value of ['one', 'two', 'three']) {
        const refusal = refusalOf(await upserted(stage, 'LOCKED', value));
        expect(refusal.code).toBe('UNAVAILABLE');
      }
      expect(stage.arrivals('variableUpsert')).toBe(0);
      other.exec('ROLLBACK');
      other.close();
      await untilHealthy(stage);
      expect((await upserted(stage, 'LOCKED', 'free')).kind).toBe('done');
      expect(stage.effects('variableUpsert')).toBe(1);
      await intact(stage);
    } finally {
      await rm(data, { recursive: true, force: true });
    }
  });
});

describe('a clock that steps', () => {
  it('F1, U3: an hour forward or back ends what time ends, grants nothing, forwards nothing', async () => {
    await using stage = await openDoubleRig();
    const { rig } = stage;
    const jane = await rig.person('jane');
    let suspicious = false;
    const timers = openTimers(rig.road, {
      get suspicious() {
        return suspicious;
      },
    });
    const volume = volumeDelete(stage.double.ids.ownVolume.staging);

    // Signed for now, and the clock jumps an hour: the signature is over.
    const hold = await stage.hold(await stage.ask(volume));
    await rig.road.holds.approve(hold.id, jane.approve(hold, { mode: 'now' }));
    rig.clock.step(60 * minute);
    expect(refusalOf(await runHold(rig.road, hold.id, stage.agent.principal)).detail).toMatch(
      /does not serve: it is good from/,
    );
    await timers.tick();
    expect((await rig.road.holds.find(hold.id))?.state).toBe('expired');

    // Back an hour: a signature from the future is none, and what was signed before is not good for longer.
    const next = await stage.hold(await stage.ask(volume));
    const early = jane.approve(next, { mode: 'now' });
    rig.clock.step(-60 * minute);
    await expect(rig.road.holds.approve(next.id, early)).rejects.toThrow(/from the future/);
    rig.clock.step(60 * minute);
    await rig.road.holds.approve(next.id, early);
    rig.clock.step(-60 * minute);
    expect(refusalOf(await runHold(rig.road, next.id, stage.agent.principal)).detail).toMatch(
      /does not serve: it is good from/,
    );
    rig.clock.step(60 * minute);
    await rig.road.holds.withdraw(next.id, 'test');

    // A schedule that a step forward brings up does not fire while a human has not confirmed the clock.
    const delayed = await stage.hold(await stage.ask(volume));
    await rig.road.holds.approve(delayed.id, jane.approve(delayed, { mode: 'delayed' }));
    rig.clock.step(48 * 60 * minute + 1);
    suspicious = true;
    await timers.tick();
    expect((await rig.road.holds.find(delayed.id))?.state).toBe('scheduled');
    expect(stage.arrivals('volumeDelete')).toBe(0);
    suspicious = false;
    await timers.tick();
    expect((await rig.road.holds.find(delayed.id))?.state).toBe('done');
    expect(stage.effects('volumeDelete')).toBe(1);
  });
});

async function countOf(stage: DoubleRig, kind: 'intent' | 'settled'): Promise<number> {
  return (await stage.rig.journal.find({ kind })).length;
}

async function intentsOf(stage: DoubleRig, variableName: string): Promise<number> {
  const intents = await stage.rig.journal.find({ kind: 'intent' });
  return intents.filter((entry) => {
    const { plan } = entry.body['request'] as {
      readonly plan: { readonly steps: readonly { readonly body: string }[] };
    };
    return plan.steps.some((step) => Buffer.from(step.body, 'base64url').toString().includes(variableName));
  }).length;
}

async function vigil(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await holds()) && tries < 400; tries++) await wait(25);
  expect(await holds()).toBe(true);
}
