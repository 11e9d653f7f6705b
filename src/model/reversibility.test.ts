import fc from 'fast-check';
import { expect, test } from 'vitest';
import { reversibilities, worse, worst, type Reversibility } from './reversibility.ts';

test('K2: the order, from the mildest to the worst', () => {
  expect(reversibilities).toEqual(['read', 'provisional', 'reversible', 'recoverable', 'irreversible', 'unknown']);
});

test('K2: nothing to go by is unknown', () => {
  expect(worst([])).toBe('unknown');
});

test('K2: property: the whole is as bad as its worst part, in any order', () => {
  const any = fc.constantFrom(...reversibilities);
  const rank = (one: Reversibility): number => reversibilities.indexOf(one);
  fc.assert(
    fc.property(fc.array(any, { minLength: 1 }), (all) => {
      expect(rank(worst(all))).toBe(Math.max(...all.map(rank)));
      expect(worst([...all].reverse())).toBe(worst(all));
    }),
  );
  fc.assert(
    fc.property(any, any, (a, b) => {
      expect(worse(a, b)).toBe(worse(b, a));
      expect(rank(worse(a, b))).toBeGreaterThanOrEqual(Math.max(rank(a), rank(b)));
    }),
  );
});
