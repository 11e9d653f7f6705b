import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson, frozen, plain, type Json } from './json.ts';

describe('canonical JSON (RFC 8785)', () => {
  test.each([
    [null, 'null'],
    [[], '[]'],
    [{ b: 1, a: 2 }, '{"a":2,"b":1}'],
    // Sorted by UTF-16 code units: the surrogate pair of an emoji stands before U+FB33.
    [{ '\ufb33': 1, '😀': 2, '\u20ac': 3, '\r': 4, '1': 5, ö: 6 }, '{"\\r":4,"1":5,"ö":6,"€":3,"😀":2,"\ufb33":1}'],
    [
      [333333333.3333333, 1e30, 4.5, 2e-3, 0.000000000000000000000000001, -0],
      '[333333333.3333333,1e+30,4.5,0.002,1e-27,0]',
    ],
    ['\u20ac$\u000f\nA\'B"\\"/\u2028', '"€$\\u000f\\nA\'B\\"\\\\\\"/\u2028"'],
    [{ gone: undefined, stays: null }, '{"stays":null}'],
    [Uint8Array.of(0xff, 0xef), '"_-8"'],
    [{ deep: [{ bytes: new Uint8Array() }] }, '{"deep":[{"bytes":""}]}'],
  ] as [Json, string][])('%j', (value, text) => {
    expect(canonicalJson(value)).toBe(text);
  });

  test.each([
    ['NaN', Number.NaN],
    ['infinity', Number.POSITIVE_INFINITY],
    ['a lone surrogate', '\ud800'],
    ['a lone surrogate in a key', { '\udc00': 1 }],
    ['nothing', undefined],
    ['a function', (() => 1) as unknown],
    ['a function somewhere', { deep: [() => 1] } as unknown],
    ['a big integer', { deep: 1n } as unknown],
    ['a hole in a list', [1, undefined] as unknown],
  ])('F1: %s has no canonical form', (_what, value) => {
    expect(() => canonicalJson(value as Json)).toThrow();
  });

  test('property: is the text that another implementation writes', () => {
    const key = fc.oneof(fc.string({ unit: 'grapheme' }), fc.integer().map(String), fc.constant('__proto__'));
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'grapheme' }), fc.dictionary(key, fc.double()), (value, numbers) => {
        const finite = Object.entries(numbers).filter(([, number]) => Number.isFinite(number));
        const all = { value, numbers: Object.fromEntries(finite) } as Json;
        expect(canonicalJson(all)).toBe(canonicalize(all));
      }),
    );
  });

  test('property: the text reads back as the value, and does not depend on the order of members', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'grapheme' }), (value) => {
        const text = canonicalJson(value as Json);
        expect(canonicalJson(JSON.parse(text) as Json)).toBe(text);
        expect(canonicalJson(reversed(value) as Json)).toBe(text);
      }),
    );
  });
});

test('H2: property: bytes and the text they are written as are one value, so what is stored digests as what was judged', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const written = plain({ bytes }) as { bytes: string };
      expect(canonicalJson(written)).toBe(canonicalJson({ bytes }));
      expect(Buffer.from(written.bytes, 'base64url')).toEqual(Buffer.from(bytes));
    }),
  );
});

test('a frozen value cannot be changed at any depth', () => {
  const value = frozen({ list: [{ name: 'a' }], bytes: Uint8Array.of(1) });
  expect(() => ((value as { list: unknown }).list = [])).toThrow(TypeError);
  expect(() => value.list.push({ name: 'b' })).toThrow(TypeError);
  expect(() => {
    (value.list[0] ?? { name: '' }).name = 'c';
  }).toThrow(TypeError);
  expect(value).toEqual({ list: [{ name: 'a' }], bytes: Uint8Array.of(1) });
});

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, reversed(member)]),
  );
}
