import { inspect } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findingId, Fingerprints, Secret, withFacts, type Finding } from './finding.ts';

test('N1: a secret shows itself in no print, no JSON, no inspection and no error', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[A-Za-z0-9]{12,40}$/), (value) => {
      const secret = new Secret(value);
      const holder = { secret, list: [secret], map: new Map([['a', secret]]) };
      const shown = [
        String(secret),
        `${secret}`,
        JSON.stringify(holder),
        inspect(holder, { depth: 9, showHidden: true, getters: true }),
        inspect(new Error('broken', { cause: holder }), { depth: 9, showHidden: true }),
        JSON.stringify(Object.entries(Object.getOwnPropertyDescriptors(secret))),
        String(Reflect.ownKeys(secret)),
      ];
      for (const text of shown) expect(text).not.toContain(value);
      expect(() => structuredClone(secret)).not.toThrow();
      expect(JSON.stringify(structuredClone(secret))).not.toContain(value);
      expect(secret.reveal()).toBe(value);
    }),
  );
});

test('N1: equal values have equal fingerprints under one key, and other ones under another', () => {
  const one = new Fingerprints();
  const other = new Fingerprints();
  expect(one.of(new Secret('value'))).toBe(one.of(new Secret('value')));
  expect(one.of(new Secret('value'))).not.toBe(one.of(new Secret('valuf')));
  expect(one.of(new Secret('value'))).not.toBe(other.of(new Secret('value')));
  expect(() => new Fingerprints(new Uint8Array(8))).toThrow('16 bytes');
});

test('N1: an id is the same in the next scan, and differs by kind and by place', () => {
  const place = { kind: 'file', path: '/a', line: 1, column: 2 } as const;
  expect(findingId('aws', place)).toBe(findingId('aws', { ...place }));
  expect(findingId('aws', place)).toMatch(/^fd_[0-9a-f]{12}$/);
  const ids = [
    findingId('aws', place),
    findingId('npm', place),
    findingId('aws', { ...place, line: 2 }),
    findingId('aws', { ...place, key: 'K' }),
  ];
  expect(new Set(ids).size).toBe(4);
});

test('N1: what is proved takes the place of what was assumed, and not the other way', () => {
  const finding: Finding = {
    id: 'fd_1',
    kind: 'railway',
    place: { kind: 'file', path: '/a', line: 1, column: 1 },
    masked: '…',
    fingerprint: 'f',
    certainty: 'inferred',
    why: 'w',
    facts: [{ about: 'power', says: 'perhaps all', certainty: 'assumed' }],
  };
  const proved = withFacts(finding, [{ about: 'power', says: 'all', certainty: 'proven', holds: true }]);
  expect(proved.facts.map(({ says }) => says)).toEqual(['all']);
  expect(finding.facts[0]?.says).toBe('perhaps all');
});
