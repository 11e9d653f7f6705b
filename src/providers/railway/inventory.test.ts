import { expect, test } from 'vitest';
import { Inventory } from './inventory.ts';

test('E2: what was seen is believed for half a minute, and no longer', () => {
  let now = 0;
  const inventory = new Inventory(() => now);
  inventory.saw('d', 'e');
  expect(inventory.environmentOf('d')).toBe('e');
  now = 29_999;
  expect(inventory.environmentOf('d')).toBe('e');
  now = 30_000;
  expect(inventory.environmentOf('d')).toBeUndefined();
});

test('F3: it keeps no more than its bound, the oldest go', () => {
  const inventory = new Inventory(() => 0);
  for (let at = 0; at < 2_001; at++) inventory.saw(String(at), 'e');
  expect(inventory.environmentOf('0')).toBeUndefined();
  expect(inventory.environmentOf('1')).toBe('e');
  expect(inventory.environmentOf('2000')).toBe('e');
});
