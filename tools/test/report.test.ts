import { countTests, type Outcome, table, total } from './report.ts';
import { describe, expect, test } from 'vitest';

const file = (name: string, status: string, tests: readonly (readonly [string, string])[]): unknown => ({
  name: `/repo/${name}`,
  status,
  assertionResults: tests.map(([fullName, state]) => ({ fullName, status: state })),
});
const report = (...files: readonly unknown[]): string => JSON.stringify({ testResults: files });

describe('counting', () => {
  test('passed, failed, skipped and to-do, by name', () => {
    const text = report(
      file('a.test.ts', 'failed', [
        ['one', 'passed'],
        ['two', 'failed'],
        ['three', 'skipped'],
        ['four', 'todo'],
      ]),
    );
    expect(countTests(text, 1, '/repo')).toEqual({
      passed: 1,
      failed: 1,
      skipped: 2,
      failedNames: ['a.test.ts > two'],
      skippedNames: ['a.test.ts > three', 'a.test.ts > four'],
    });
  });

  test('a file that does not load is a failure', () => {
    const text = report(file('a.test.ts', 'passed', [['one', 'passed']]), file('b.test.ts', 'failed', []));
    expect(countTests(text, 1, '/repo')).toMatchObject({
      passed: 1,
      failed: 1,
      failedNames: ['b.test.ts (the file itself)'],
    });
  });

  test.each([
    ['no report', undefined, 0],
    ['half a report', '{"testResults":[', 0],
    ['a report of something else', '[]', 0],
    ['no tests', report(), 0],
    ['a bad exit that no test explains', report(file('a.test.ts', 'passed', [['one', 'passed']])), 1],
  ])('%s is a failure', (_what, text, exitCode) => {
    expect(countTests(text, exitCode, '/repo').failed).toBe(1);
  });
});

describe('the sum', () => {
  const counts = { passed: 5, failed: 0, skipped: 2, skippedNames: ['x', 'y'], failedNames: [] };
  const outcomes: readonly Outcome[] = [
    { name: 'types', ok: true, seconds: 1 },
    { name: 'unit', ok: true, seconds: 2.5, counts },
  ];

  test('adds up the tests', () => {
    expect(total(outcomes, false)).toEqual({ passed: 5, failed: 0, skipped: 2 });
  });

  test('counts a failed check that has no tests', () => {
    expect(total([...outcomes, { name: 'lint', ok: false, seconds: 1 }], false)).toEqual({
      passed: 5,
      failed: 1,
      skipped: 2,
    });
  });

  test('counts the skipped as failed where nothing may be skipped', () => {
    expect(total(outcomes, true)).toEqual({ passed: 5, failed: 2, skipped: 0 });
  });

  test('the table has a line for each check', () => {
    expect(table(outcomes)).toBe('  types  ok  1.0 s\n  unit   ok  2.5 s  5 passed, 0 failed, 2 skipped');
  });
});
