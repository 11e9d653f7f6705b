import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { differences } from './suite-compare.ts';
import { explained, tallied } from './suite-reasons.ts';
import { runSuite } from './suite-run.ts';
import { suiteAt } from './sql-suite.ts';
import { full } from '../full.ts';

/** SQL of our own in the suite's form: what has to be the same, and what is not and says why. */
const own = {
  test_setup: 'create table ground (n int); insert into ground values (1), (2);',
  same: `\\d ground
select n, n / 2.0 as half from ground order by n;
begin; insert into ground values (3) returning n; select count(*) from ground; rollback;
begin; insert into ground values (4); commit and chain; delete from ground where n = 4; commit;
copy ground from stdin;
5
6
\\.
copy ground to stdout;
select no_such_column from ground;
prepare p (int[]) as select n from ground where n = any ($1);
execute p('{1,5}');
create table held (n int primary key deferrable initially deferred, note text);
begin; insert into held values (1), (1); commit;
do $$ begin raise notice 'noticed'; end $$;
truncate ground; drop table ground, held;
vacuum;
`,
  different: `create role regress_sample;
set role regress_sample;
select current_user;
reset role;
drop role regress_sample;
set statement_timeout = 0;
`,
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdpoint-own-suite-'));
  await mkdir(join(folder, 'sql'));
  for (const [name, text] of Object.entries(own)) await writeFile(join(folder, 'sql', `${name}.sql`), text);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('C3: psql prints the same through the gate as directly, or it is known why not', { timeout: 60_000 }, async () => {
  const results = await runSuite({ suite: { folder, names: ['test_setup', 'same', 'different'] } });
  const [same, oneRole, different] = results;
  expect(oneRole).toMatchObject({ name: 'different', oneRole: true });
  expect(oneRole === undefined ? [] : explained(oneRole).map(({ reason }) => reason)).toEqual(['bounded']);
  expect(same?.differences).toEqual([]);
  expect(same?.lines).toBeGreaterThan(45);
  expect(different === undefined ? [] : [...tallied([different]).keys()].toSorted()).toEqual([
    'bounded',
    'follows',
    'roles',
  ]);
  expect(results.some(({ late }) => late)).toBe(false);
});

const suite = full ? suiteAt(18) : undefined;
const files = ['boolean', 'int8', 'insert_conflict', 'select', 'constraints', 'transactions', 'portals', 'returning'];

describe.skipIf(suite === undefined)('PostgreSQL’s own regression suite', () => {
  test(`C3: ${files.length} files print the same, or it is known why not`, { timeout: 900_000 }, async () => {
    if (suite === undefined) return;
    const results = await runSuite({ suite, only: files });
    expect(new Set(results.map(({ name }) => name))).toEqual(new Set(files));
    expect(results.flatMap((one) => explained(one).filter(({ reason }) => reason === 'unexplained'))).toEqual([]);
    for (const name of ['boolean', 'int8', 'insert_conflict', 'select'])
      expect(results.find((one) => one.name === name)?.differences).toEqual([]);
  });
});

describe('what counts as a difference', () => {
  const direct = 'a\nb\nc\nd\ne\nf\ng\n';

  test('lines, with what stands before them', () => {
    const [only, ...others] = differences(direct, direct.replace('f', 'x\ny'), direct);
    expect(others).toEqual([]);
    expect(only).toEqual({ at: 6, direct: ['f'], gate: ['x', 'y'], before: ['a', 'b', 'c', 'd', 'e'] });
  });

  test('but not what a second direct run has otherwise as well', () => {
    const gate = direct.replace('b', 'x').replace('f', 'y');
    expect(differences(direct, gate, direct.replace('b', 'z')).map(({ at }) => at)).toEqual([6]);
    expect(differences(direct, direct, direct.replace('b', 'z'))).toEqual([]);
  });

  test('and one without a sign is unexplained, unless it may follow from one before it', () => {
    const result = { name: 'a', oneRole: false, lines: 8, late: false };
    const plain = { at: 1, direct: ['1 row'], gate: ['2 rows'], before: [] };
    const refused = { ...plain, gate: ['ERROR:  holdpoint: setting `role` is not an agent’s to change'] };
    const why = (all: readonly (typeof plain)[]): readonly string[] =>
      explained({ ...result, differences: all }).map(({ reason }) => reason);
    expect(why([plain, refused, plain])).toEqual(['unexplained', 'roles', 'follows']);
    const of = (direct: readonly string[], gate: readonly string[], endedAt?: number): string | undefined =>
      explained({
        ...result,
        differences: [{ at: 4, before: [], direct, gate }],
        ...(endedAt === undefined ? {} : { endedAt }),
      })[0]?.reason;
    const right = 'ERROR:  DENIED hp_0: postgres refused this to the credential that holdpoint used; a human is asked';
    expect(of(['ERROR:  permission denied for table t'], [right])).toBe('right');
    expect(of(['1 row'], [right])).toBe('unexplained');
    const lost = 'ERROR:  UNAVAILABLE: the line broke before anything took effect; it was taken back';
    expect(of([], [lost], 4)).toBe('ended');
    expect(of(['server closed the connection unexpectedly'], [lost], 5)).toBe('ended');
    expect(of([], [lost], 9)).toBe('unexplained');
    expect(of([], [lost])).toBe('unexplained');
    expect(of(["LINE 1: EXECUTE foo ('bad');", '             ^'], [])).toBe('prepared');
    expect(of([], ["CONTEXT:  unnamed portal parameter $1 = '...'"])).toBe('prepared');
    expect(of([], ["CONTEXT:  unnamed portal parameter $1 = '...'", '(1 row)'])).toBe('unexplained');
    expect(of(['             ^'], [])).toBe('unexplained');
    expect(of(['NOTICE:  welcome'], ['FATAL:  UNAVAILABLE: the server behind `d` refused the sign-in (25006)'])).toBe(
      'login',
    );
    expect(of(['NOTICE:  welcome'], ['FATAL:  UNAVAILABLE: the server behind `d` refused the sign-in (28000)'])).toBe(
      'unexplained',
    );
    expect(tallied([{ ...result, differences: [plain], late: true }]).get('late')).toEqual({
      differences: 1,
      files: 1,
    });
  });
});
