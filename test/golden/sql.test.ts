import { openSql } from '../../src/languages/sql/index.ts';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const folder = join(import.meta.dirname, 'sql');
const settings = { standardConformingStrings: true, clientEncoding: 'UTF8', serverMajor: 18 };
const sql = await openSql();

/** Lines `class | parts | statement`, written by hand: what is expected, not what came out. */
const cases = readdirSync(folder).flatMap((file) =>
  readFileSync(join(folder, file), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [form = '', parts = '', ...text] = line.split(' | ');
      return [text.join(' | '), form, parts] as const;
    }),
);

// K1, K3, K4, K5: every form of statement, the danger classes and the SQL evasions.
test.each(cases)('K5 %s', (text, form, parts) => {
  const statements = sql.read(text, settings);
  expect(statements).toHaveLength(1);
  const [only] = statements;
  const said = only?.parts.map(
    ({ operation, destroys }) => `${operation.slice('postgres:'.length)}${destroys ? '!' : ''}`,
  );
  expect(said?.join(', ')).toBe(parts);
  expect(only?.class).toBe(form);
});

test('K6 the golden statements are many, and no two are the same', () => {
  expect(cases.length).toBeGreaterThanOrEqual(400);
  expect(new Set(cases.map(([text]) => text)).size).toBe(cases.length);
});
