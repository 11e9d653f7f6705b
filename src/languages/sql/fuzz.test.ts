import { openSql } from './read.ts';
import type { Statement } from './statement.ts';
import { Refused } from '../../model/refusal.ts';
import fc from 'fast-check';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const settings = { standardConformingStrings: true, clientEncoding: 'UTF8', serverMajor: 18 };
const sql = await openSql();
const folder = join(import.meta.dirname, '../../../test/golden/sql');
const golden = readdirSync(folder).flatMap((file) =>
  readFileSync(join(folder, file), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(' | ').slice(2).join(' | ')),
);
const statement = fc.constantFrom(...golden);
const pieces = [
  ';',
  '--',
  '/*',
  '*/',
  "'",
  '"',
  '$$',
  '$a$',
  '\\',
  'E',
  'U&',
  '(',
  ')',
  'SELECT',
  'DELETE FROM t',
  'WITH',
  'AS',
  ',',
  '\n',
  'é',
  '\u202e',
  '💥',
  '::',
  '$1',
  ' ',
];

/** Statements, or undefined for a refusal; anything else that is thrown fails the test. */
function read(text: string): readonly Statement[] | undefined {
  try {
    return sql.read(text, settings);
  } catch (thrown) {
    if (thrown instanceof Refused) return undefined;
    throw thrown;
  }
}

test('F3 whatever is cut, put in or joined, the answer is a reading or a refusal', () => {
  fc.assert(
    fc.property(
      statement,
      fc.nat(),
      fc.nat(20),
      fc.constantFrom(...pieces),
      statement,
      (text, at, cut, piece, other) => {
        const where = at % (text.length + 1);
        for (const mutant of [
          text.slice(0, where) + piece + text.slice(where + cut),
          text.slice(0, where) + other,
          `${text}${piece}${other}`,
        ]) {
          for (const one of read(mutant) ?? []) {
            expect(one.parts.length).toBeGreaterThan(0);
            expect(one.sentence).not.toBe('');
            // The worst part wins.
            if (one.parts.some((part) => part.class === 'unknown')) expect(one.class).toBe('unknown');
            if (one.class === 'read-candidate') expect(one.parts.every((part) => !part.destroys)).toBe(true);
          }
        }
      },
    ),
    { numRuns: 1000 },
  );
});

test('K5 a statement in a string of several reads as it does alone', () => {
  fc.assert(
    fc.property(fc.array(statement, { minLength: 2, maxLength: 5 }), (texts) => {
      const alone = texts.map((text) => read(text)?.[0]);
      const together = read(texts.join(';\n')) ?? [];
      expect(together.map((one) => [one.kind, one.class, one.sentence, one.names])).toEqual(
        alone.map((one) => [one?.kind, one?.class, one?.sentence, one?.names]),
      );
      // What is cut out for sending reads the same again.
      for (const one of together) expect(read(one.text)?.map((again) => again.sentence)).toEqual([one.sentence]);
    }),
    { numRuns: 200 },
  );
});

test('K5 comments, letter case and white space change nothing', () => {
  const space = fc.constantFrom(' ', '\n', '\t', ' /* ; drop table x */ ', ' -- ; x\n', '/*/**/*/');
  fc.assert(
    fc.property(statement, fc.array(space, { minLength: 1, maxLength: 3 }), (text, spaces) => {
      const [plain] = read(text) ?? [];
      const [dressed] = read(`${spaces.join('')}${text}${spaces.join('')}`) ?? [];
      expect([dressed?.kind, dressed?.class, dressed?.names]).toEqual([plain?.kind, plain?.class, plain?.names]);
    }),
    { numRuns: 200 },
  );
});

test('K5 whatever wraps a writing statement, it is never read as a read', () => {
  const writing = fc.constantFrom(
    'DELETE FROM t',
    'UPDATE t SET a = 1',
    'INSERT INTO t VALUES (1)',
    'MERGE INTO t USING s ON true WHEN MATCHED THEN DELETE',
  );
  const wrap = fc.constantFrom<(text: string) => string>(
    (text) => `WITH w AS (${text} RETURNING *) SELECT * FROM w`,
    (text) => `EXPLAIN ANALYZE ${text}`,
    (text) => `PREPARE p AS ${text}`,
    (text) => `COPY (${text} RETURNING *) TO STDOUT`,
    (text) => `DO $x$ BEGIN ${text}; END $x$`,
    (text) => `SELECT 1; ${text}`,
    (text) => `WITH a AS (SELECT 1), b AS (WITH c AS (${text} RETURNING *) SELECT * FROM c) SELECT * FROM b`,
    (text) => `CREATE TABLE x AS WITH w AS (${text} RETURNING *) SELECT * FROM w`,
  );
  fc.assert(
    fc.property(writing, wrap, (text, dress) => {
      const classes = (read(dress(text)) ?? []).map((one) => one.class);
      expect(classes.at(-1)).toBe('provisional');
    }),
    { numRuns: 200 },
  );
});

test('F3 text of any kind', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary', maxLength: 200 }),
        fc.array(fc.constantFrom(...pieces), { maxLength: 40 }).map((all) => all.join(' ')),
      ),
      (text) => {
        read(text);
      },
    ),
    { numRuns: 1000 },
  );
});
