import { expect, test } from 'vitest';
import { newId, randomCharacters } from './identifier.ts';

test('an id is its prefix and 26 Crockford characters', () => {
  expect(newId('hp')).toMatch(/^hp_[0-9A-HJKMNP-TV-Z]{26}$/);
});

test.each([
  [0, '0000000000'],
  [1, '0000000001'],
  [1_469_918_176_385, '01ARYZ6S41'],
  [2 ** 48 - 1, '7ZZZZZZZZZ'],
])('the time %i is written as a ULID does', (now, text) => {
  expect(newId('hp', now).slice(3, 13)).toBe(text);
});

test('ids sort by the time of their making', () => {
  const times = [1, 31, 32, 1_000, 1_700_000_000_000, 1_700_000_000_001];
  const ids = times.map((now) => newId('en' as 'hp', now));
  expect([...ids].sort()).toEqual(ids);
});

test('no two are the same, and every character turns up', () => {
  const ids = new Set(Array.from({ length: 2_000 }, () => newId('cl', 7)));
  expect(ids.size).toBe(2_000);
  const ends = [...ids].map((id) => id.slice(-16));
  for (let place = 0; place < 16; place++) expect(new Set(ends.map((end) => end[place])).size).toBe(32);
  expect(new Set(randomCharacters(4_000)).size).toBe(32);
  expect(randomCharacters(0)).toBe('');
});
