import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mixesScripts, visible } from './visible.ts';

/** What no terminal and no page may be given raw. */
const raw = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|[^\S ]/u;

test.each([
  ['plain text', 'delete “pg-data” (5 GB), 日本語, Ünïcödé, 100 %', 'delete “pg-data” (5 GB), 日本語, Ünïcödé, 100 %'],
  ['bidi override', 'a\u202etxt.exe', 'a⟨U+202E⟩txt.exe'],
  ['bidi isolates and marks', '\u2066a\u2069\u200e\u200f\u061c', '⟨U+2066⟩a⟨U+2069⟩⟨U+200E⟩⟨U+200F⟩⟨U+061C⟩'],
  ['ANSI', '\u001b[2J\u001b[1;1H\u009b31m', '⟨U+001B⟩[2J⟨U+001B⟩[1;1H⟨U+009B⟩31m'],
  ['lines', 'a\r\nApproved: yes\u2028b\u2029\u0085', 'a⟨U+000D⟩⟨U+000A⟩Approved: yes⟨U+2028⟩b⟨U+2029⟩⟨U+0085⟩'],
  ['tabs and backspaces', '\tx\b\u007f\0', '⟨U+0009⟩x⟨U+0008⟩⟨U+007F⟩⟨U+0000⟩'],
  ['zero-width', 'pro\u200bduc\u200dtion\ufeff\u2060', 'pro⟨U+200B⟩duc⟨U+200D⟩tion⟨U+FEFF⟩⟨U+2060⟩'],
  ['soft hyphen, fillers and blanks', '\u00ad\u115f\u3164\uffa0\u2800', '⟨U+00AD⟩⟨U+115F⟩⟨U+3164⟩⟨U+FFA0⟩⟨U+2800⟩'],
  ['tags', '\u{e0041}\u{e0042}', '⟨U+E0041⟩⟨U+E0042⟩'],
  ['variation selectors', 'a\ufe0f\u{e0100}', 'a⟨U+FE0F⟩⟨U+E0100⟩'],
  ['spaces that are none', 'a\u00a0b\u2003c\u3000d', 'a⟨U+00A0⟩b⟨U+2003⟩c⟨U+3000⟩d'],
  ['private use and unassigned', '\ue000\u0378', '⟨U+E000⟩⟨U+0378⟩'],
  ['lone surrogates', '\ud800a\udc00', '⟨U+D800⟩a⟨U+DC00⟩'],
  ['accents, up to three on a letter', 'e\u0301a\u0301\u0302\u0303\u0304', 'e\u0301a\u0301\u0302\u0303⟨U+0304⟩'],
  ['an accent on nothing', '\u0301a', '⟨U+0301⟩a'],
])('H3: %s', (_what, text, shown) => {
  expect(visible(text)).toBe(shown);
});

test('H3: line feeds stay only where lines are wanted', () => {
  expect(visible('a\nb\r\n', { lines: true })).toBe('a\nb⟨U+000D⟩\n');
});

test('H3: property: nothing hidden comes through raw, whatever the text, and it is stable', () => {
  const nasty = fc.constantFrom(
    '\u202e',
    '\u001b',
    '\u200b',
    '\u0301',
    '\n',
    '\r',
    '\u2028',
    '\ud800',
    '\udc00',
    '\u{e0041}',
    '\u2800',
    'a',
    ' ',
  );
  const any = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: nasty }),
    fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) }),
  );
  fc.assert(
    fc.property(any, (text) => {
      const shown = visible(text);
      expect(shown).not.toMatch(raw);
      expect(shown).not.toMatch(/\p{M}{4}/u);
      expect(shown.isWellFormed()).toBe(true);
      expect(visible(shown)).toBe(shown);
    }),
    { numRuns: 500 },
  );
});

test('H3: names that mix look-alikes are told apart from names in another alphabet', () => {
  expect(mixesScripts('pg-data')).toBe(false);
  expect(mixesScripts('база')).toBe(false);
  expect(mixesScripts('pg-dаta')).toBe(true);
  expect(mixesScripts('日本 pg')).toBe(false);
});
