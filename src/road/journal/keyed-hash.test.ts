import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { keyedHash } from './keyed-hash.ts';

test('J1: the keyed hash is HMAC-SHA256, for every key and text', () => {
  // RFC 4231 §4.3.
  expect(keyedHash(Buffer.from('Jefe'))('what do ya want for nothing?')).toBe(
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.string({ unit: 'grapheme' }), (key, text) => {
      expect(keyedHash(key)(text)).toBe(createHmac('sha256', key).update(text).digest('hex'));
    }),
  );
  expect(() => keyedHash(new Uint8Array(65))).toThrow(RangeError);
});
