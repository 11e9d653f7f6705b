import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { checkpointSigner } from './note.ts';
import { emptyFrontier, rootOf } from './tree.ts';

describe('the checkpoint signer', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');

  it('J1: writes a C2SP checkpoint: origin, size, root, an empty line, one signature', () => {
    const signer = checkpointSigner('holdpoint/test', privateKey);
    const note = signer.sign(0, rootOf(emptyFrontier));
    const pattern =
      /^holdpoint\/test\n0\n47DEQpj8HBSa\+\/TImW\+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n— holdpoint\/test [A-Za-z0-9+/]{91}=\n$/;
    expect(note).toMatch(pattern);
    expect(signer.sign(0, rootOf(emptyFrontier))).toBe(note);
    expect(signer.verifierKey).toMatch(/^holdpoint\/test\+[0-9a-f]{8}\+A[A-Za-z0-9+/]{43}$/);
  });

  it('refuses a key that is not a private Ed25519 one, and an origin that cannot be a key name', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    expect(() => checkpointSigner('holdpoint/test', publicKey)).toThrow('Ed25519');
    expect(() => checkpointSigner('holdpoint/test', rsa)).toThrow('Ed25519');
    for (const origin of ['', 'a b', 'a+b', 'a\nb', 'a\u00a0b', 'a\u0001b', '\ud800']) {
      expect(() => checkpointSigner(origin, privateKey)).toThrow('key name');
    }
  });
});
