import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openFreeze, type Freeze } from './freeze.ts';
import { openRig, type Rig } from '../../../test/contract/rig.ts';
import { refusalIn } from '../../model/refusal.ts';

let rig: Rig;
let freeze: Freeze;
beforeEach(async () => {
  rig = await openRig({ providers: [], upstreams: [], environments: [], entries: {} });
  freeze = rig.road.freeze;
});
afterEach(() => rig.close());

const somebody = { id: 'pr_somebody' };
const passes = (one: Freeze = freeze): string => {
  try {
    one.pass(somebody);
    return 'passes';
  } catch (thrown) {
    return refusalIn(thrown).code;
  }
};
const kinds = async (): Promise<readonly string[]> => {
  const entries = await rig.store.find('entries');
  return entries
    .map((one) => (one.record['entry'] as { kind: string }).kind)
    .filter((kind) => /frozen|thawed/.test(kind));
};

describe('the freeze', () => {
  test('H7: nothing is frozen to begin with', () => {
    expect(freeze.state).toMatchObject({ frozen: false, epoch: 0 });
    expect(passes()).toBe('passes');
  });

  test('H7: it holds from the call on, before anything is on disk', async () => {
    const writing = freeze.freeze('jane', 'something is odd');
    expect(passes()).toBe('FROZEN');
    await writing;
    expect(freeze.state).toMatchObject({ frozen: true, epoch: 1, by: 'jane', why: 'something is odd' });
    expect(() => freeze.pass(somebody)).toThrow(/jane stopped all agent writes/);
    expect(await kinds()).toEqual(['frozen']);
  });

  test('F1 H7: it holds even when it cannot be written', async () => {
    vi.spyOn(rig.journal, 'append').mockRejectedValueOnce(new Error('disk full'));
    await expect(freeze.freeze('jane', 'x')).rejects.toThrow('disk full');
    expect(passes()).toBe('FROZEN');
  });

  test('F2 H7: it is still in force after a restart', async () => {
    await freeze.freeze('jane', 'x');
    expect(passes(await openFreeze(rig))).toBe('FROZEN');
  });

  test.each([{}, { frozen: 'yes' }, { epoch: '1', frozen: false }, { epoch: 1 }])(
    'F1: a stored freeze that cannot be read counts as frozen: %j',
    async (record) => {
      await rig.store.transact((tx) => tx.put('settings', 'freeze', record));
      expect(passes(await openFreeze(rig))).toBe('FROZEN');
    },
  );

  test('H7: thawing is in force once it is durable, and the epoch moves on', async () => {
    await freeze.freeze('jane', 'x');
    const thawed = await rig.store.transact((tx) => freeze.thaw(tx, 'joe'));
    expect(passes()).toBe('FROZEN');
    thawed();
    expect(passes()).toBe('passes');
    expect(freeze.state.epoch).toBe(2);
    expect(passes(await openFreeze(rig))).toBe('passes');
    await freeze.freeze('jane', 'again');
    expect(freeze.state.epoch).toBe(3);
    expect(await kinds()).toEqual(['frozen', 'thawed', 'frozen']);
  });

  test('H7: who freezes while a thaw is being written is not thawed by it', async () => {
    await freeze.freeze('jane', 'first');
    const thawed = await rig.store.transact((tx) => freeze.thaw(tx, 'joe'));
    const writing = freeze.freeze('ann', 'second');
    thawed();
    expect(passes()).toBe('FROZEN');
    await writing;
    expect(freeze.state).toMatchObject({ frozen: true, by: 'ann' });
    expect(passes(await openFreeze(rig))).toBe('FROZEN');
  });

  test('H7: a thaw that is not written thaws nothing', async () => {
    await freeze.freeze('jane', 'x');
    await expect(
      rig.store.transact(async (tx) => {
        await freeze.thaw(tx, 'joe');
        throw new Error('the signature was not good');
      }),
    ).rejects.toThrow();
    expect(passes()).toBe('FROZEN');
    expect(passes(await openFreeze(rig))).toBe('FROZEN');
  });
});
