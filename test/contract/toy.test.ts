import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openRig, type Person, type Rig } from './rig.ts';
import { ToyFarSide, type ToyMessage } from './toy/far-side.ts';
import { ToyGate } from './toy/gate.ts';
import { toyProvider } from './toy/provider.ts';
import type { Bearer, Outcome } from '../../src/contract/road.ts';
import type { Hold } from '../../src/model/hold.ts';
import { runHold } from '../../src/road/run.ts';
import { openTimers } from '../../src/road/timers.ts';
import { undo } from '../../src/road/undo/put-back.ts';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';

const set = (environment: string, key: string, value: string): ToyMessage => ({
  protocol: 'toy',
  verb: 'set',
  environment,
  key,
  value,
});
const drop = (environment: string): ToyMessage => ({ protocol: 'toy', verb: 'drop', environment });
const get = (environment: string, key: string): ToyMessage => ({ protocol: 'toy', verb: 'get', environment, key });

let folder: string;
let far: ToyFarSide;
let rig: Rig;
let agent: Bearer;
let jane: Person;
let gate: ToyGate;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdpoint-toy-'));
  far = new ToyFarSide(join(folder, 'far.db'));
  rig = await openRig({
    providers: [toyProvider],
    upstreams: [far.upstream()],
    environments: [
      { name: 'production', production: true, disposable: false, bindings: { toy: ['toy-prod'] } },
      { name: 'staging', production: false, disposable: false, bindings: { toy: ['toy-stage'] } },
    ],
    entries: {
      'toy-production': { provider: 'toy', environment: 'production', secret: 'real-secret-p', reach: 'all' },
      'toy-staging': { provider: 'toy', environment: 'staging', secret: 'real-secret-s', reach: 'environment' },
    },
  });
  agent = await rig.bearer('cursor');
  jane = await rig.person('jane');
  gate = new ToyGate(rig.road, agent);
});

afterEach(async () => {
  await rig.close();
  far.close();
  await rm(folder, { recursive: true, force: true });
});

const refusalOf = (outcome: Outcome): { code: string; detail: string; hold?: string } => {
  if (outcome.kind === 'done') throw new Error('it was not refused');
  return outcome.refusal;
};
const holdOf = async (outcome: Outcome): Promise<Hold> => {
  const hold = await rig.road.holds.find(refusalOf(outcome).hold ?? '');
  if (hold === undefined) throw new Error('there is no hold');
  return hold;
};
const committed = (): number => far.log.filter((line) => line === 'commit').length;

describe('a transactional gate on the same road', () => {
  it('passes a read, and a reversible write with its undo secured before the commit (U1)', async () => {
    expect((await gate.autocommit(set('toy-prod', 'a', '1'))).kind).toBe('done');
    const read = await gate.autocommit(get('toy-prod', 'a'));
    expect(read).toMatchObject({ kind: 'done', answer: { content: '1' } });
    expect(far.rows()).toEqual([{ environment: 'toy-prod', key: 'a', value: '1' }]);
    // Settling is not waited for by the agent; it is there a moment later.
    await vi.waitFor(async () =>
      expect((await rig.road.images.list())[0]).toMatchObject({ state: 'settled', operations: ['toy:set'] }),
    );
  });

  it('holds the irreversible with the numbers it measured, and takes the transaction back (H3)', async () => {
    await gate.autocommit(set('toy-prod', 'a', '1'));
    await gate.autocommit(set('toy-prod', 'b', '2'));
    const outcome = await gate.autocommit(drop('toy-prod'));
    const hold = await holdOf(outcome);
    expect(refusalOf(outcome)).toMatchObject({ code: 'HELD' });
    expect(hold.facts).toContainEqual({ label: 'Rows', value: '2', tone: 'plain', source: 'measured' });
    expect(hold.friction).toEqual({ signatures: 1, typedFact: true });
    expect(far.rows()).toHaveLength(2);
    expect(far.log.at(-1)).toBe('rollback');
    expect(rig.alarms.map((alarm) => alarm.kind)).toContain('held');
  });

  it('merges equal asks into one hold (H6)', async () => {
    await gate.autocommit(set('toy-prod', 'a', '1'));
    const first = await holdOf(await gate.autocommit(drop('toy-prod')));
    const second = await holdOf(await gate.autocommit(drop('toy-prod')));
    expect(second.id).toBe(first.id);
    expect(second.asked).toBe(2);
    expect(rig.alarms.filter((alarm) => alarm.kind === 'held')).toHaveLength(1);
  });

  it('runs a signed act once, replayed and measured anew (H2)', async () => {
    await gate.autocommit(set('toy-prod', 'a', '1'));
    const hold = await holdOf(await gate.autocommit(drop('toy-prod')));
    await rig.road.holds.approve(hold.code, jane.approve(hold));
    const before = committed();
    expect((await runHold(rig.road, hold.code, agent.principal)).kind).toBe('done');
    expect(far.rows()).toEqual([]);
    expect(committed()).toBe(before + 1);
    expect(refusalOf(await runHold(rig.road, hold.code, agent.principal))).toMatchObject({ code: 'DENIED' });
    expect(committed()).toBe(before + 1);
  });

  it('lets the same act pass once when it is asked for again after the signature', async () => {
    await gate.autocommit(set('toy-prod', 'a', '1'));
    const hold = await holdOf(await gate.autocommit(drop('toy-prod')));
    await rig.road.holds.approve(hold.code, jane.approve(hold));
    expect((await gate.autocommit(drop('toy-prod'))).kind).toBe('done');
    const again = await gate.autocommit(drop('toy-prod'));
    expect(refusalOf(again).code).toBe('HELD');
    expect((await holdOf(again)).id).not.toBe(hold.id);
  });

  it('holds again when what would be hit is not what was signed (H2)', async () => {
    await gate.autocommit(set('toy-prod', 'a', '1'));
    const hold = await holdOf(await gate.autocommit(drop('toy-prod')));
    await rig.road.holds.approve(hold.code, jane.approve(hold));
    await gate.autocommit(set('toy-prod', 'a', 'changed meanwhile'));
    const outcome = await runHold(rig.road, hold.code, agent.principal);
    const next = await holdOf(outcome);
    expect(next.id).not.toBe(hold.id);
    expect(next.facts[0]?.label).toBe('CHANGED since it was signed');
    expect(far.rows()).toEqual([{ environment: 'toy-prod', key: 'a', value: 'changed meanwhile' }]);
    expect((await rig.road.holds.find(hold.id))?.state).toBe('withdrawn');
  });

  it('judges the commit of an open transaction on all that it did, as one hold (H6)', async () => {
    await gate.autocommit(set('toy-prod', 'a', '1'));
    await gate.begin('toy-production');
    expect((await gate.statement(set('toy-prod', 'b', '2'))).kind).toBe('done');
    expect((await gate.statement(drop('toy-prod'))).kind).toBe('done');
    const outcome = await gate.commit();
    const hold = await holdOf(outcome);
    expect(hold.request.actions.map((action) => action.operation)).toEqual(['toy:set', 'toy:drop']);
    expect(far.rows()).toEqual([{ environment: 'toy-prod', key: 'a', value: '1' }]);
    await rig.road.holds.approve(hold.id, jane.approve(hold));
    expect((await runHold(rig.road, hold.id, agent.principal)).kind).toBe('done');
    expect(far.rows()).toEqual([]);
  });

  it('commits an open transaction of reversible acts without asking anybody', async () => {
    await gate.begin('toy-production');
    await gate.statement(set('toy-prod', 'a', '1'));
    await gate.statement(set('toy-prod', 'b', '2'));
    expect((await gate.commit()).kind).toBe('done');
    expect(far.rows()).toHaveLength(2);
  });

  it('puts an image back by the same road (U1)', async () => {
    await gate.autocommit(set('toy-prod', 'a', 'before'));
    rig.clock.step(1);
    await gate.autocommit(set('toy-prod', 'a', 'after'));
    const [image] = await rig.road.images.list();
    await undo(rig.road, rig.road.images, image?.id ?? '', agent, false);
    expect(far.rows()).toEqual([{ environment: 'toy-prod', key: 'a', value: 'before' }]);
  });

  it('refuses the unknown (K2) and what no environment is bound to (E2)', async () => {
    expect(() => toyProvider.read({ protocol: 'toy', verb: 'explode' })).toThrow('explode');
    expect(refusalOf(await gate.autocommit(set('toy-nowhere', 'a', '1')))).toMatchObject({ code: 'DENIED' });
    expect(far.log).toEqual([]);
  });

  it('keeps a token to its operations, environments and gates (C2, E1)', async () => {
    const reader = new ToyGate(rig.road, await rig.bearer('reader', { operations: ['toy:get'] }));
    expect(refusalOf(await reader.autocommit(set('toy-prod', 'a', '1'))).detail).toContain('toy:set');
    const stager = new ToyGate(rig.road, await rig.bearer('stager', { environments: ['staging'] }));
    expect(refusalOf(await stager.autocommit(set('toy-prod', 'a', '1'))).detail).toContain('production');
    const elsewhere = new ToyGate(rig.road, await rig.bearer('elsewhere', { gates: ['http'] }));
    expect(refusalOf(await elsewhere.autocommit(get('toy-prod', 'a'))).code).toBe('DENIED');
    expect(far.log).toEqual([]);
  });

  it('locks a denied goal at this door, whatever the wording (H5)', async () => {
    await gate.autocommit(set('toy-prod', 'a', '1'));
    const hold = await holdOf(await gate.autocommit(drop('toy-prod')));
    await rig.road.holds.deny(hold.id, jane.deny(hold, 'archive it instead'));
    const again = refusalOf(await gate.autocommit(drop('toy-prod')));
    expect(again).toMatchObject({ code: 'DENIED' });
    expect(again.detail).toContain('archive it instead');
    expect(far.rows()).toHaveLength(1);
  });

  it('sends nothing while frozen, approved holds included (H7)', async () => {
    await gate.autocommit(set('toy-prod', 'a', '1'));
    const hold = await holdOf(await gate.autocommit(drop('toy-prod')));
    await rig.road.holds.approve(hold.id, jane.approve(hold));
    await rig.road.freeze.freeze('jane', 'something is wrong');
    const before = far.log.length;
    expect(refusalOf(await gate.autocommit(set('toy-prod', 'b', '1'))).code).toBe('FROZEN');
    expect(refusalOf(await runHold(rig.road, hold.id, agent.principal)).code).toBe('FROZEN');
    expect(far.log.length).toBe(before);
  });

  it('never sends the unsigned when a signature is late, early, typed wrong or used twice (H2, H4)', async () => {
    await gate.autocommit(set('toy-prod', 'a', '1'));
    const hold = await holdOf(await gate.autocommit(drop('toy-prod')));
    const approve = (change: Parameters<Person['approve']>[1]): Promise<Hold> =>
      rig.road.holds.approve(hold.id, jane.approve(hold, change));
    await expect(approve({ typed: 'yes' })).rejects.toThrow('toy-prod');
    await expect(
      approve({ digest: hold.digest.replace(/^./, (c) => (c === '0' ? '1' : '0')) as Hold['digest'] }),
    ).rejects.toThrow('something else');
    await expect(approve({ notAfter: '2027-01-01T00:00:00.000Z' })).rejects.toThrow('15 minutes');
    await expect(approve({ signedAt: '2026-11-22T00:00:00.000Z' })).rejects.toThrow('older than 15 minutes');
    const good = jane.approve(hold);
    await rig.road.holds.approve(hold.id, good);
    await expect(rig.road.holds.approve(hold.id, good)).rejects.toThrow('approved');
    rig.clock.step(16 * 60_000);
    expect(refusalOf(await runHold(rig.road, hold.id, agent.principal)).code).toBe('HELD');
    expect(far.rows()).toHaveLength(1);
  });

  it('fires a delayed one only in its window, and not when it was cancelled (U3)', async () => {
    await gate.autocommit(set('toy-prod', 'a', '1'));
    const hold = await holdOf(await gate.autocommit(drop('toy-prod')));
    await rig.road.holds.approve(hold.id, jane.approve(hold, { mode: 'delayed' }));
    const timers = openTimers(rig.road, rig.clock);
    await timers.tick();
    expect(refusalOf(await gate.autocommit(drop('toy-prod'))).code).toBe('SCHEDULED');
    expect(far.rows()).toHaveLength(1);
    rig.clock.step(48 * 3_600_000 + 1_000);
    await timers.tick();
    expect(far.rows()).toEqual([]);
    expect((await rig.road.holds.find(hold.id))?.state).toBe('done');

    await gate.autocommit(set('toy-prod', 'a', '1'));
    const next = await holdOf(await gate.autocommit(drop('toy-prod')));
    await rig.road.holds.approve(next.id, jane.approve(next, { mode: 'delayed' }));
    await rig.road.holds.cancel(next.id, 'jane');
    rig.clock.step(49 * 3_600_000);
    await timers.tick();
    expect(far.rows()).toHaveLength(1);
  });

  it('gives another hour to what was slept through (U3)', async () => {
    await gate.autocommit(set('toy-prod', 'a', '1'));
    const hold = await holdOf(await gate.autocommit(drop('toy-prod')));
    await rig.road.holds.approve(hold.id, jane.approve(hold, { mode: 'delayed' }));
    rig.clock.step(50 * 3_600_000);
    const timers = openTimers(rig.road, rig.clock);
    await timers.tick();
    expect(far.rows()).toHaveLength(1);
    expect(rig.alarms.map((alarm) => alarm.kind)).toContain('overdue');
    rig.clock.step(3_600_000 + 1_000);
    await timers.tick();
    expect(far.rows()).toEqual([]);
  });

  it('never repeats what it cannot prove (F2)', async () => {
    await gate.autocommit(set('toy-prod', 'a', '1'));
    const hold = await holdOf(await gate.autocommit(drop('toy-prod')));
    await rig.road.holds.approve(hold.id, jane.approve(hold));
    far.breakAt = 'after-commit';
    expect(refusalOf(await runHold(rig.road, hold.id, agent.principal)).code).toBe('OUTCOME_UNKNOWN');
    far.breakAt = 'nothing';
    expect((await rig.road.holds.find(hold.id))?.state).toBe('unknown');
    const commits = committed();
    expect(refusalOf(await runHold(rig.road, hold.id, agent.principal)).code).toBe('DENIED');
    expect(committed()).toBe(commits);
    expect(rig.alarms.map((alarm) => alarm.kind)).toContain('outcome-unknown');
  });

  it('shows a credential to nobody: not in an answer, a hold, an alarm or the journal (C1)', async () => {
    await gate.autocommit(set('toy-prod', 'a', '1'));
    await gate.autocommit(drop('toy-prod'));
    expect(far.credentials).toContain('real-secret-p');
    const everything = JSON.stringify([
      await rig.store.find('entries'),
      await rig.store.find('holds'),
      await rig.store.find('vault'),
      rig.alarms,
      rig.diagnoses,
    ]);
    expect(everything).not.toContain('real-secret');
  });

  it('refuses when the journal is down, and the far side sees nothing (F1)', async () => {
    const down = {
      ...rig.road,
      journal: {
        ...rig.road.journal,
        healthy: false,
        append: async () => Promise.reject(new Error('disk full')),
        record: async () => Promise.reject(new Error('disk full')),
        noteRead: () => {
          throw new Error('disk full');
        },
      },
    };
    const stuck = new ToyGate(down, agent);
    expect(refusalOf(await stuck.autocommit(set('toy-prod', 'a', '1'))).code).toBe('UNAVAILABLE');
    expect(refusalOf(await stuck.autocommit(get('toy-prod', 'a'))).code).toBe('UNAVAILABLE');
    expect(far.rows()).toEqual([]);
    expect(committed()).toBe(0);
  });
});

describe('E1: an entry that the client addresses itself', () => {
  const at = (entry: string, environment: string): ToyMessage => ({ ...get(environment, 'a'), entry });

  it('serves its own environment', async () => {
    expect(await gate.autocommit(at('toy-staging', 'toy-stage'))).toMatchObject({ kind: 'done' });
    expect(new Set(far.credentials)).toEqual(new Set(['real-secret-s']));
  });

  it('never serves what is in a production of another', async () => {
    const outcome = await gate.autocommit(at('toy-staging', 'toy-prod'));
    expect(refusalOf(outcome)).toMatchObject({ code: 'DENIED', detail: expect.stringContaining('production') });
    expect(far.log).toEqual([]);
  });

  it('is denied when nobody configured it, or when the open line leads elsewhere', async () => {
    expect(refusalOf(await gate.autocommit(at('toy-nowhere', 'toy-stage'))).detail).toContain('not configured');
    await gate.begin('toy-production');
    expect(refusalOf(await gate.statement(at('toy-staging', 'toy-stage'))).detail).toContain('another upstream');
    expect(far.log).toEqual(['begin']);
  });
});
