import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeUtf8, exactNumber, readStrictJson } from './json.ts';
import { Refused } from '../../model/refusal.ts';

describe('strict JSON', () => {
  it.each([
    '{"a":1,"a":1}',
    '{"a":1,"\\u0061":2}',
    '[{"b":{"a":1,"a":2}}]',
    '{"__proto__":1}',
    '{"a":{"__pro\\u0074o__":1}}',
    '"\\u0000"',
    '"\\ud800"',
    '"\\udc00x"',
    '"\u0000"',
    '"\u001f"',
    '"\\x"',
    '"\\u12"',
    '"a',
    '9007199254740993',
    '1e400',
    '1e-400',
    '0.1000000000000000055511151231257827',
    '01',
    '+1',
    '.5',
    '1.',
    'NaN',
    'Infinity',
    '-',
    'nul',
    'truefalse',
    '[1,]',
    '{"a":1,}',
    '{a:1}',
    "{'a':1}",
    '',
    ' ',
    '[',
    '{',
    '{"a"}',
    '{"a":}',
    '[1 2]',
    '1 2',
    '\u00a01',
    '//x\n1',
    `${'['.repeat(70)}${']'.repeat(70)}`,
  ])('K5, F3 refuses %j', (text) => {
    expect(() => readStrictJson(text)).toThrow(Refused);
  });

  it('K5 property: what it reads is what JSON.parse reads', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.boolean(), (value, spaced) => {
        const text = JSON.stringify(value, null, spaced ? 2 : undefined);
        let read: unknown;
        try {
          read = readStrictJson(text);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(Refused);
          expect(text).toMatch(/\\u0000|\\ud|__proto__|e[+-]?\d|\d{16}/i);
          return;
        }
        expect(read).toEqual(JSON.parse(text));
      }),
    );
  });

  it('F3 property: any text is read or refused, never another throw, and never read where JSON.parse cannot', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string({ unit: fc.constantFrom(...Array.from('{}[]",:\\u0123456789eE+-. truefalsn\n')) }),
        ),
        (text) => {
          try {
            const read = readStrictJson(text);
            expect(read).toEqual(JSON.parse(text));
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(Refused);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('K5 property: a key twice is refused however it is written', () => {
    const key = fc.string({ minLength: 1, maxLength: 5 }).filter((text) => !text.includes('\0') && text.isWellFormed());
    fc.assert(
      fc.property(key, fc.boolean(), (name, nested) => {
        const escaped = Array.from(
          { length: name.length },
          (_, index) => `\\u${name.charCodeAt(index).toString(16).padStart(4, '0')}`,
        ).join('');
        const object = `{${JSON.stringify(name)}:1,"${escaped}":1}`;
        expect(() => readStrictJson(nested ? `[{"x":${object}}]` : object)).toThrow(Refused);
      }),
    );
  });

  it('K5 property: a number is exact or refused', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const safe = !Number.isInteger(value) || Number.isSafeInteger(value);
        expect(exactNumber(JSON.stringify(value))).toBe(safe);
      }),
    );
    expect(exactNumber('1.50e1')).toBe(true);
    expect(exactNumber('100')).toBe(true);
    expect(exactNumber('0.30')).toBe(true);
  });

  it('F3 refuses malformed UTF-8 and a byte order mark', () => {
    expect(() => decodeUtf8(Uint8Array.of(0xc0, 0xaf))).toThrow(Refused);
    expect(() => decodeUtf8(Uint8Array.of(0xed, 0xa0, 0x80))).toThrow(Refused);
    expect(() => decodeUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x31))).toThrow(Refused);
    expect(decodeUtf8(new TextEncoder().encode('é'))).toBe('é');
  });
});
