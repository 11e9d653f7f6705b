import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withinBounds } from './bounds.ts';

const bounds = (rows: number, before: number, of?: number): boolean =>
  withinBounds({ rows, before, atMost: 1_000, tables: of === undefined ? [] : [{ table: 't', rows, of }] });

describe('how much may be changed unsigned', () => {
  it.each([
    [1_000, 0, true],
    [1_001, 0, false],
    [400, 600, true],
    [401, 600, false],
    [0, 5_000, true],
    [Number.NaN, 0, false],
    [-1, 0, false],
    [1, Number.NaN, false],
  ])('U1: %d rows after %d within the hour: %s', (rows, before, expected) => {
    expect(bounds(rows, before)).toBe(expected);
  });

  it.each([
    [20, 20, true],
    [21, 400, false],
    [21, 420, true],
    [500, 10_000, true],
    [501, 10_000, false],
    [21, Number.NaN, false],
  ])('U1: %d rows of a table of %d: %s', (rows, of, expected) => {
    expect(bounds(rows, 0, of)).toBe(expected);
  });

  it('U1: property: more rows are never within bounds where fewer are not', () => {
    fc.assert(
      fc.property(fc.nat(3_000), fc.nat(3_000), fc.nat(3_000), fc.nat(100_000), (fewer, more, before, of) => {
        if (bounds(fewer + more, before, of)) expect(bounds(fewer, before, of)).toBe(true);
      }),
    );
  });
});
