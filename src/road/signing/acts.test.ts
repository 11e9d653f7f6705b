import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openActs, type Acts } from './acts.ts';
import { actDigest, type ActStatement, type SignedAct } from '../../model/act.ts';
import type { Signer } from '../../contract/api.ts';
import { openRig, type Rig } from '../../../test/contract/rig.ts';
import { isoTime } from '../../contract/clock.ts';
import { refusalIn } from '../../model/refusal.ts';

let rig: Rig;
let acts: Acts;
let key: KeyObject;
let jane: Signer;
beforeEach(async () => {
  rig = await openRig({ providers: [], upstreams: [], environments: [], entries: {} });
  acts = openActs({ store: rig.store, journal: rig.journal, signers: rig.road.signers, clock: rig.clock });
  const pair = generateKeyPairSync('ed25519');
  key = pair.privateKey;
  const publicKey = pair.publicKey.export({ type: 'spki', format: 'der' }).toString('base64url');
  jane = await rig.store.transact((tx) =>
    rig.road.signers.add(tx, { name: 'jane', kind: 'ed25519', publicKey, addedBy: 'first' }),
  );
});
afterEach(() => rig.close());

function statement(over: Partial<ActStatement> = {}): ActStatement {
  return {
    kind: 'thaw',
    body: { epoch: 1 },
    signer: jane.id,
    signedAt: isoTime(rig.clock.now()),
    number: randomBytes(16).toString('base64url'),
    ...over,
  };
}
const signed = (one: ActStatement): SignedAct => ({
  statement: one,
  signature: sign(null, Buffer.from(actDigest(one)), key).toString('base64url'),
});
/** Carries it out; the work is one record in the store. */
const carryOut = (act: SignedAct, kind = act.statement.kind): Promise<string> =>
  acts.carryOut(act, kind, async (tx, signer) => {
    await tx.put('settings', 'work', { by: signer.name });
    return signer.name;
  });
const codeOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
    return 'done';
  } catch (thrown) {
    return refusalIn(thrown).code;
  }
};

describe('signed acts', () => {
  test('H2: runs the work, the spending and the entry in one', async () => {
    const act = signed(statement());
    expect(await carryOut(act)).toBe('jane');
    expect(await rig.store.get('settings', 'work')).toEqual({ by: 'jane' });
    const [entry] = await rig.store.find('entries', { where: { 'entry.kind': 'act-signed' } });
    expect(entry?.record['entry']).toMatchObject({
      principal: 'jane',
      digest: actDigest(act.statement),
      body: { act: 'thaw', statement: { ...act.statement }, signature: act.signature },
    });
  });

  test.each<[string, () => SignedAct | Promise<SignedAct>]>([
    ['signed 16 minutes ago', () => signed(statement({ signedAt: isoTime(rig.clock.now() - 16 * 60_000) }))],
    ['signed in the future', () => signed(statement({ signedAt: isoTime(rig.clock.now() + 16 * 60_000) }))],
    ['signed at no time', () => signed(statement({ signedAt: 'soon' }))],
    ['by nobody', () => signed(statement({ signer: 'sg_nobody' }))],
    ['with a number that is none', () => signed(statement({ number: 'short' }))],
    ['with another body', () => ({ ...signed(statement()), statement: statement({ body: { epoch: 2 } }) })],
    [
      'with one member more',
      () => {
        const act = signed(statement());
        return { ...act, statement: { ...act.statement, also: true } as ActStatement };
      },
    ],
    ['with an empty signature', () => ({ ...signed(statement()), signature: '' })],
  ])('H2: refused: %s; nothing is done and nothing is spent', async (_what, make) => {
    expect(await codeOf(carryOut(await make()))).toMatch(/^(DENIED|BAD_REQUEST)$/);
    expect(await rig.store.get('settings', 'work')).toBeUndefined();
    expect(await rig.store.find('spent')).toEqual([]);
    expect(await rig.store.find('entries', { where: { 'entry.kind': 'act-signed' } })).toEqual([]);
  });

  test('H2: a signature for one kind of act is none for another', async () => {
    expect(await codeOf(carryOut(signed(statement({ kind: 'thaw' })), 'apply'))).toBe('DENIED');
  });

  test('F2: once only, also when several try at once', async () => {
    const act = signed(statement());
    const ends = await Promise.all([1, 2, 3, 4].map(() => codeOf(carryOut(act))));
    expect(ends.filter((one) => one === 'done')).toHaveLength(1);
    expect(await codeOf(carryOut(act))).toBe('DENIED');
  });

  test('F2: work that fails leaves the signature unspent', async () => {
    const act = signed(statement());
    const failing = acts.carryOut(act, 'thaw', async (tx) => {
      await tx.put('settings', 'work', { half: true });
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await rig.store.get('settings', 'work')).toBeUndefined();
    expect(await rig.store.find('spent')).toEqual([]);
    expect(await carryOut(act)).toBe('jane');
  });

  test('H2: golden: what is signed of an act', () => {
    const one: ActStatement = {
      kind: 'thaw',
      body: { epoch: 1 },
      signer: 'sg_01',
      signedAt: '2026-11-23T09:00:00.000Z',
      number: 'AAAAAAAAAAAAAAAAAAAAAA',
    };
    expect(actDigest(one)).toBe('8d96a2f2747e3bb64af5528d04eabdf8ce9499870505ce1e51be3511c5eb0bb3');
  });
});
