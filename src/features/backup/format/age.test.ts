import { Decrypter, Encrypter, generateIdentity, identityToRecipient } from 'age-encryption';
import fc from 'fast-check';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { identitiesIn, isRecipient, newIdentity, open, recipientOf, seal, SealBroken } from './age.ts';
import { openObject, sealObject } from './object.ts';

const sizes = [0, 1, 15, 65_535, 65_536, 65_537, 131_072, 200_000];
const bytesOf = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, index) => (index * 31) & 255);
const debianAge = ['/usr/bin/age'].find(existsSync);

describe('age files', () => {
  it('B1: open for each recipient alone, at every size around a piece', () => {
    const [one, two] = [newIdentity(), newIdentity()];
    for (const size of sizes) {
      const sealed = seal(bytesOf(size), [one.recipient, two.recipient]);
      expect(Buffer.from(open(sealed, one.identity)).equals(bytesOf(size)), String(size)).toBe(true);
      expect(Buffer.from(open(sealed, two.identity)).equals(bytesOf(size)), String(size)).toBe(true);
      expect(() => open(sealed, newIdentity().identity)).toThrow(SealBroken);
    }
  });

  it('B1: are those of the reference library, both ways', async () => {
    const identity = await generateIdentity();
    const recipient = await identityToRecipient(identity);
    expect(recipientOf(identity)).toBe(recipient);
    for (const size of sizes) {
      const theirs = new Encrypter();
      theirs.addRecipient(newIdentity().recipient);
      theirs.addRecipient(recipient);
      expect(Buffer.from(open(await theirs.encrypt(bytesOf(size)), identity)).equals(bytesOf(size))).toBe(true);
      const reader = new Decrypter();
      reader.addIdentity(identity);
      const back = await reader.decrypt(seal(bytesOf(size), [newIdentity().recipient, recipient]));
      expect(Buffer.from(back).equals(bytesOf(size))).toBe(true);
    }
  });

  it.skipIf(debianAge === undefined)('B1: `age -d | zstd -d` opens an object without us', async () => {
    const { identity, recipient } = newIdentity();
    const folder = mkdtempSync(join(tmpdir(), 'holdpoint-age-'));
    try {
      writeFileSync(join(folder, 'identity'), `# kept on paper\n${identity}\n`);
      const { bytes } = await sealObject(bytesOf(200_000), [recipient]);
      writeFileSync(join(folder, 'sealed'), bytes);
      const small = execFileSync(debianAge ?? '', ['-d', '-i', 'identity', 'sealed'], { cwd: folder });
      expect(zstdDecompressSync(small).equals(bytesOf(200_000))).toBe(true);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('B1 F3: no byte can be changed, dropped or added', () => {
    const { identity, recipient } = newIdentity();
    const sealed = Buffer.from(seal(bytesOf(70_000), [recipient]));
    fc.assert(
      fc.property(fc.nat(sealed.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const other = Buffer.from(sealed);
        other[at] = (other[at] ?? 0) ^ flip;
        expect(() => open(other, identity)).toThrow(SealBroken);
        expect(() => open(sealed.subarray(0, at), identity)).toThrow(SealBroken);
      }),
      { numRuns: 300 },
    );
    for (let at = 0; at < 200; at++) {
      const other = Buffer.from(sealed);
      other[at] = (other[at] ?? 0) ^ 1;
      expect(() => open(other, identity), String(at)).toThrow(SealBroken);
    }
    expect(() => open(Buffer.concat([sealed, Buffer.of(0)]), identity)).toThrow(SealBroken);
    // Without its last piece, the first is not the last.
    expect(() => open(sealed.subarray(0, sealed.length - (70_000 - 65_536) - 16), identity)).toThrow(SealBroken);
  });

  it('B1 F3: what was sealed opens to no more than was allowed', async () => {
    const { identity, recipient } = newIdentity();
    const bomb = await sealObject(Buffer.alloc(8 * 1024 * 1024), [recipient]);
    expect(bomb.bytes.length).toBeLessThan(10_000);
    await expect(openObject(bomb.bytes, identity, 1024 * 1024)).rejects.toThrow(SealBroken);
    expect((await openObject(bomb.bytes, identity)).length).toBe(8 * 1024 * 1024);
    const nothing = await sealObject(Buffer.alloc(0), [recipient]);
    expect((await openObject(nothing.bytes, identity, 0)).length).toBe(0);
  });

  it('B1 F3: keys are read in one way only', () => {
    const { identity, recipient } = newIdentity();
    expect(identitiesIn(`# made today\n\n${identity}\n`)).toEqual([identity]);
    expect(isRecipient(recipient)).toBe(true);
    for (const text of ['', 'age1', recipient.toUpperCase(), recipient.slice(0, -1), `${recipient}q`, identity])
      expect(isRecipient(text), text).toBe(false);
    for (let at = 4; at < recipient.length; at++) {
      const letter = recipient.charAt(at) === 'q' ? 'p' : 'q';
      expect(isRecipient(recipient.slice(0, at) + letter + recipient.slice(at + 1)), String(at)).toBe(false);
    }
    expect(() => identitiesIn(recipient)).toThrow(TypeError);
    expect(() => seal(Buffer.alloc(1), [])).toThrow(TypeError);
    expect(() => seal(Buffer.alloc(1), ['age1nobody'])).toThrow(TypeError);
  });
});
