import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Signer } from '../../contract/api.ts';
import { openRig, type Rig } from '../../../test/contract/rig.ts';
import { digestOf } from '../../model/digest.ts';
import { refusalIn } from '../../model/refusal.ts';

const digest = digestOf('holdpoint/test/v1', 'what is signed');

let rig: Rig;
beforeEach(async () => {
  rig = await openRig({ providers: [], upstreams: [], environments: [], entries: {} });
});
afterEach(() => rig.close());

const spki = (key: KeyObject): string => key.export({ type: 'spki', format: 'der' }).toString('base64url');
const add = (publicKey: string, name = 'jane'): Promise<Signer> =>
  rig.store.transact((tx) => rig.road.signers.add(tx, { name, kind: 'ed25519', publicKey, addedBy: 'first' }));
const remove = (id: string): Promise<void> => rig.store.transact((tx) => rig.road.signers.remove(tx, id));
const codeOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
    return 'done';
  } catch (thrown) {
    return refusalIn(thrown).code;
  }
};
const signed = (key: KeyObject, text: string = digest): string =>
  sign(null, Buffer.from(text), key).toString('base64url');

describe('signers', () => {
  test('H2: an enrolled key’s signature over exactly this is good, and names its human', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const jane = await add(spki(publicKey));
    expect(await rig.road.signers.check(jane.id, digest, signed(privateKey))).toEqual(jane);
  });

  test('H2: everything else is refused', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const stranger = generateKeyPairSync('ed25519').privateKey;
    const jane = await add(spki(publicKey));
    const good = signed(privateKey);
    const bad: readonly (readonly [id: string, digest: string, signature: string])[] = [
      [jane.id, digest, signed(stranger)],
      [jane.id, digestOf('holdpoint/test/v1', 'something else'), good],
      [jane.id, digest.toUpperCase(), good],
      [jane.id, digest, ''],
      [jane.id, digest, `${good}A`],
      [jane.id, digest, `${good}==`],
      [jane.id, digest, good.slice(0, -1)],
      [jane.id, digest, Buffer.from(good, 'base64url').toString('hex')],
      // The last character carries four bits that say nothing: another spelling of the same bytes.
      [jane.id, digest, good.slice(0, -1) + respelled(good.slice(-1))],
      ['sg_nobody', digest, good],
      ['', digest, good],
    ];
    for (const [id, over, signature] of bad)
      expect(await codeOf(rig.road.signers.check(id, over, signature)), `${id} ${over} ${signature}`).toBe('DENIED');
  });

  test('H2: after removal its signature is worth nothing', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const jane = await add(spki(publicKey));
    await add(spki(generateKeyPairSync('ed25519').publicKey), 'joe');
    await remove(jane.id);
    expect(await codeOf(rig.road.signers.check(jane.id, digest, signed(privateKey)))).toBe('DENIED');
  });

  test('the only signer stays, an unknown one is refused', async () => {
    const jane = await add(spki(generateKeyPairSync('ed25519').publicKey));
    expect(await codeOf(remove(jane.id))).toBe('DENIED');
    expect(await codeOf(remove('sg_nobody'))).toBe('BAD_REQUEST');
    expect(await rig.road.signers.list()).toEqual([jane]);
  });

  test('H4: one key is one signer, however it is spelled', async () => {
    const key = spki(generateKeyPairSync('ed25519').publicKey);
    await add(key);
    const others = [key, Buffer.from(key, 'base64url').toString('base64'), `${key}=`, `${key}\n`, ` ${key}`];
    for (const other of others) expect(await codeOf(add(other, 'joe')), other).toBe('BAD_REQUEST');
    expect(await rig.road.signers.list()).toHaveLength(1);
  });

  test.each([
    ['nothing', ''],
    ['no key', Buffer.from('no key').toString('base64url')],
    ['an RSA key', spki(generateKeyPairSync('rsa', { modulusLength: 2_048 }).publicKey)],
    ['an X25519 key', spki(generateKeyPairSync('x25519').publicKey)],
    ['an Ed448 key', spki(generateKeyPairSync('ed448').publicKey)],
    ['a P-256 key', spki(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey)],
  ])('H2: %s is not enrolled', async (_what, key) => {
    expect(await codeOf(add(key))).toBe('BAD_REQUEST');
    expect(await rig.road.signers.list()).toEqual([]);
  });

  test('J2: who was added and removed, and by whom, is on the journal', async () => {
    const jane = await add(spki(generateKeyPairSync('ed25519').publicKey));
    const joe = await add(spki(generateKeyPairSync('ed25519').publicKey), 'joe');
    await remove(jane.id);
    const entries = await rig.store.find('entries', { where: { 'entry.kind': 'signer-changed' } });
    expect(entries.map((one) => (one.record['entry'] as { body: object }).body)).toMatchObject([
      { change: 'added', signer: jane.id, publicKey: jane.publicKey, addedBy: 'first' },
      { change: 'added', signer: joe.id },
      { change: 'removed', signer: jane.id },
    ]);
  });
});

/** Another character whose first two bits are the same. */
function respelled(character: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return alphabet.charAt(alphabet.indexOf(character) ^ 1);
}
