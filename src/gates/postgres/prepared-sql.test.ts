import fc from 'fast-check';
import { expect, test } from 'vitest';
import { executedText, preparedText } from './prepared-sql.ts';

test.each([
  ['prepare p as select 1', { name: 'p', types: [], text: 'select 1', start: 13 }],
  [
    'PREPARE "My P" (int, pg_catalog.oid) AS\n select $1',
    { name: 'My P', types: [23, 26], text: 'select $1', start: 41 },
  ],
  ['/* a */ prepare /* b */ p(text)as select $1', { name: 'p', types: [25], text: 'select $1', start: 34 }],
  [
    'prepare p (text[], int4[3][], regclass, point) as select 1',
    { name: 'p', types: [1009, 1007, 2205, 600], text: 'select 1', start: 50 },
  ],
  ['prepare p (mood[]) as select 1', undefined],
  ['prepare p (mood) as select 1', undefined],
  ['prepare p (numeric(3,2)) as select 1', undefined],
  ["prepare transaction 'x'", undefined],
])('C3: %s', (text, found) => {
  expect(preparedText(text)).toEqual(found);
});

test.each([
  ['execute p', { name: 'p', values: [] }],
  ['EXECUTE P()', { name: 'p', values: [] }],
  ["execute p ('it''s', -1.5, null, TRUE);", { name: 'p', values: ["it's", '-1.5', null, 'true'] }],
  ['execute p (lower($1))', undefined],
  ["execute p (E'a')", undefined],
  ["execute p ('a'::int)", undefined],
  ["execute p ('a') ; drop table t", undefined],
])('C3: %s', (text, found) => {
  expect(executedText(text)).toEqual(found);
});

test('C3: whatever is quoted comes out as it went in', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.string({ unit: 'grapheme' }))), (values) => {
      const said = values.map((one) => (one === null ? 'null' : `'${one.replaceAll("'", "''")}'`)).join(', ');
      expect(executedText(`execute p(${said})`)).toEqual({ name: 'p', values });
    }),
  );
});

test('C3: long blanks take no time', () => {
  const blanks = ' '.repeat(500_000);
  const before = performance.now();
  for (const text of [
    `execute p(1)${blanks}-- x`,
    `execute p(${blanks}x)`,
    `execute p${blanks}x`,
    `execute p(1${')'.repeat(9_000)}${blanks}x`,
  ])
    expect(executedText(text)).toBeUndefined();
  for (const text of [`prepare p${blanks}x`, `prepare p (${blanks}x) x`, `prepare p (${'[]'.repeat(50_000)}x) as x`])
    expect(preparedText(text)).toBeUndefined();
  expect(performance.now() - before).toBeLessThan(2_000);
});
