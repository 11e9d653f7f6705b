import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Double } from '../../demo/railway/double.ts';
import { type DoubleRig, openDoubleRig, refusalOf, volumeDelete } from '../fault/double-rig.ts';
import { Dice, seedFor } from '../fault/journal-dice.ts';
import { runHold } from '../../src/road/run.ts';
import { full } from '../full.ts';

const each = Number(process.env['HOLDPOINT_TORTURE'] ?? (full ? 200 : 10));

/** What happens at the provider between the signature and the run, by somebody else. */
const drifts: { readonly [name: string]: (double: Double, dice: Dice) => void } = {
  'a new backup': ({ state, ids }, dice) => {
    const [one] = state.list('backups', { volumeInstanceId: ids.volumeInstances.production });
    if (one === undefined) throw new Error('production has backups');
    const { id: _, ...fields } = one;
    state.insert('backups', { ...fields, name: `by somebody else ${dice.below(1e9)}` });
  },
  'a backup gone': ({ state, ids }, dice) => {
    state.remove('backups', dice.pick(state.list('backups', { volumeInstanceId: ids.volumeInstances.production })).id);
  },
  'the volume renamed': ({ state, ids }, dice) => {
    state.update('volumes', ids.volume, { name: `pg-data-${dice.below(1e9)}` });
  },
  'an instance moved to another environment': ({ state, ids }) => {
    state.update('volumeInstances', ids.volumeInstances.staging, { environmentId: ids.environments.preview });
  },
  'an instance gone': ({ state, ids }) => {
    state.remove('volumeInstances', ids.volumeInstances.staging);
  },
  'an instance added': ({ state, ids }, dice) => {
    const { id: _, ...fields } = state.need('volumeInstances', ids.volumeInstances.staging);
    state.insert('volumeInstances', { ...fields, mountPath: `/other-${dice.below(1e9)}` });
  },
  'the volume gone': ({ state, ids }) => {
    state.removeAll('volumeInstances', { volumeId: ids.volume });
    state.remove('volumes', ids.volume);
  },
};

const ways: { readonly [way: string]: RegExp } = {
  'changed since': /^HELD: .*what hp_\w+ was signed for has changed since/,
  'not bound': /^DENIED: .*is not bound in holdpoint.yaml/,
  gone: /^DENIED: .*(is in no project|has no instance)/,
};

async function oneCase(stage: DoubleRig, dice: Dice, name: string): Promise<string> {
  const { rig, double } = stage;
  const jane = await rig.person(`jane-${dice.below(1e9)}`);
  const hold = await stage.hold(await stage.ask(volumeDelete(double.ids.volume)));
  await rig.road.holds.approve(hold.id, jane.approve(hold, { mode: 'delayed' }));
  rig.clock.step(48 * 3_600_000 + 1 + dice.below(60_000));
  drifts[name]?.(double, dice);
  const by = dice.pick(['timer', stage.agent.principal] as const);
  const { code, detail } = refusalOf(await runHold(rig.road, hold.id, by));
  const said = `${code}: ${detail}`;
  const way = Object.entries(ways).find(([, pattern]) => pattern.test(said))?.[0];
  expect(way, `${name}: ${said}`).toBeDefined();
  expect(existsSync(double.volumeFolder('production'))).toBe(true);
  // Whatever is open of this case must not merge with the next one.
  for (const state of ['waiting', 'approved', 'scheduled'])
    for (const open of await rig.road.holds.list(state)) await rig.road.holds.withdraw(open.id, 'test');
  await double.reset();
  return way ?? '';
}

it(
  `H2, U3: ${each} signed deletes whose target changed at the provider meanwhile: none fires, the data stay`,
  { timeout: 600_000 },
  async () => {
    const dice = new Dice(seedFor('provider drift'));
    const data = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'holdpoint-drift-'));
    try {
      await using stage = await openDoubleRig({ data });
      const names = Object.keys(drifts);
      const seen: { [what: string]: number } = {};
      for (let count = 0; count < each; count++) {
        const name = names[count % names.length] ?? '';
        const what = `${name}: ${await oneCase(stage, dice, name)}`;
        seen[what] = (seen[what] ?? 0) + 1;
      }
      expect(stage.arrivals('volumeDelete')).toBe(0);
      expect(stage.double.log.filter((entry) => entry.kind === 'destruction' && entry.request !== null)).toEqual([]);
      console.log(`provider drift: ${each} refused ${JSON.stringify(seen)}`);
    } finally {
      await rm(data, { recursive: true, force: true });
    }
  },
);
