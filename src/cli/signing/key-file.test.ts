import { createPublicKey, verify } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { makeKeyFile, openKeyFile, parseKeyFile } from './key-file.ts';
import { approvalStatement, signAct, signApproval } from './statement.ts';
import { digestOf } from '../../model/digest.ts';
import type { Hold } from '../../model/hold.ts';
import type { Json } from '../../model/json.ts';

const passphrase = 'correct horse battery';
const file = await makeKeyFile('jane', passphrase);
const key = await openKeyFile(file, passphrase);
const publicKey = createPublicKey({ key: Buffer.from(file.publicKey, 'base64url'), format: 'der', type: 'spki' });

describe("a signer's key", () => {
  test('H2 opens with its passphrase alone, however the passphrase is composed', async () => {
    const composed = await makeKeyFile('jane', 'm\u00fcsli m\u00fcsli m\u00fcsli');
    await expect(openKeyFile(composed, 'mu\u0308sli mu\u0308sli mu\u0308sli')).resolves.toBeDefined();
    await expect(openKeyFile(file, 'correct horse battery ')).rejects.toThrow('does not open the key');
    await expect(makeKeyFile('jane', 'short')).rejects.toThrow('at least 12 characters');
  });

  test('C5 rests under argon2id with 64 MiB or more, and two are never alike', async () => {
    expect(file.derivation.memory).toBeGreaterThanOrEqual(65_536);
    const other = await makeKeyFile('jane', passphrase);
    expect(other.sealed).not.toBe(file.sealed);
    expect(other.derivation.salt).not.toBe(file.derivation.salt);
  });

  test('H2 does not open once any part of the file was changed', async () => {
    const text = JSON.stringify(file);
    const other = await makeKeyFile('jane', passphrase);
    const changes = [
      { ...file, name: 'joan' },
      { ...file, publicKey: other.publicKey },
      { ...file, derivation: { ...file.derivation, passes: file.derivation.passes + 1 } },
      { ...file, sealed: `${file.sealed.slice(0, -4)}AAAA` },
      { ...file, sealed: other.sealed },
    ];
    for (const changed of changes) await expect(openKeyFile(changed, passphrase)).rejects.toThrow('does not open');
    expect(parseKeyFile(text, 'x')).toEqual(file);
  });

  test('F3 files that are none, or that ask for too little or too much work, are refused', () => {
    const bad = (change: object): string => JSON.stringify({ ...file, ...change });
    for (const text of [
      '',
      '[]',
      'null',
      bad({ more: 1 }),
      bad({ schema: 'holdpoint/signer-key/v2' }),
      bad({ sealed: 'AA' }),
      bad({ derivation: { ...file.derivation, memory: 1_024 } }),
      bad({ derivation: { ...file.derivation, memory: 2 ** 30 } }),
      bad({ derivation: { ...file.derivation, name: 'scrypt' } }),
      bad({ derivation: { ...file.derivation, more: 1 } }),
    ])
      expect(() => parseKeyFile(text, 'the-file')).toThrow('`the-file` is no signer');
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(() => parseKeyFile(text, 'x')).toThrow('is no signer');
      }),
    );
  });
});

describe('what is signed', () => {
  const hold = { id: 'hp_1', digest: 'ab'.repeat(32) } as Hold;
  const windows = { delayMs: 172_800_000, windowMs: 86_400_000, signatureMs: 900_000 };
  const verdict = { hold, signer: 'sg_1', verdict: 'approve', mode: 'now', typed: 'pg-data' } as const;

  test('H2 an approval for now is good for the signature’s life, a delayed one fires in its window', () => {
    const now = Date.UTC(2026, 3, 24);
    const atOnce = approvalStatement(verdict, windows, now);
    expect(Date.parse(atOnce.notAfter) - Date.parse(atOnce.notBefore)).toBe(900_000);
    const later = approvalStatement({ ...verdict, mode: 'delayed' }, windows, now);
    expect(later.notBefore).toBe('2026-04-26T00:00:00.000Z');
    expect(later.notAfter).toBe('2026-04-27T00:00:00.000Z');
    expect(later.number).toMatch(/^[\w-]{22}$/);
    expect(later.number).not.toBe(atOnce.number);
  });

  test('H2 the signature is over the digest of exactly this statement, apart by domain from acts', () => {
    const statement = approvalStatement(verdict, windows, Date.now());
    const { signature } = signApproval(statement, key);
    const good = (domain: 'holdpoint/approval/v1' | 'holdpoint/act/v1', value: object): boolean =>
      verify(null, Buffer.from(digestOf(domain, value as Json)), publicKey, Buffer.from(signature, 'base64url'));
    expect(good('holdpoint/approval/v1', statement)).toBe(true);
    expect(good('holdpoint/act/v1', statement)).toBe(false);
    expect(good('holdpoint/approval/v1', { ...statement, typed: '' })).toBe(false);
    const act = signAct({ kind: 'thaw', body: { epoch: 1 }, signer: 'sg_1' }, key, Date.now());
    const digest = digestOf('holdpoint/act/v1', { ...act.statement });
    expect(verify(null, Buffer.from(digest), publicKey, Buffer.from(act.signature, 'base64url'))).toBe(true);
  });
});
