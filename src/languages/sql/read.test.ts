import { openParser, sqlLimits, SyntaxComplaint } from './parser.ts';
import { openSql } from './read.ts';
import type { Statement } from './statement.ts';
import { Refused } from '../../model/refusal.ts';
import openModule from 'libpg-query/wasm/libpg-query.js';
import { describe, expect, test } from 'vitest';

const settings = { standardConformingStrings: true, clientEncoding: 'UTF8', serverMajor: 18 };
const sql = await openSql();

function one(text: string, more: Partial<typeof settings> = {}): Statement {
  const [only, ...others] = sql.read(text, { ...settings, ...more });
  expect(others).toHaveLength(0);
  if (only === undefined) throw new Error('nothing was read');
  return only;
}

function relations(text: string): readonly string[] {
  return one(text).names.relations.map(({ role, path }) => `${role} ${path.join('.')}`);
}

function refusal(read: () => unknown): string {
  try {
    read();
  } catch (thrown) {
    if (thrown instanceof Refused) return `${thrown.refusal.code}: ${thrown.refusal.detail}`;
    throw thrown;
  }
  return 'read';
}

describe('several statements in one string', () => {
  test('K5 each is found, with its own bytes', () => {
    const text = "select 1; -- ünder\n ; drop table é ; insert into t values (';')";
    const pieces = sql.split(text, settings);
    const bytes = Buffer.from(text);
    expect(pieces.map((piece) => piece.text.slice(-12))).toEqual([
      'select 1',
      'drop table é',
      "t values (';')".slice(-12),
    ]);
    for (const { text: own, start, end } of pieces) expect(bytes.subarray(start, end).toString()).toBe(own);
    expect(sql.read(text, settings).map((statement) => [statement.kind, statement.facts.several])).toEqual([
      ['SelectStmt', true],
      ['DropStmt', true],
      ['InsertStmt', true],
    ]);
  });

  test.each([
    ["SELECT '--';\nDROP TABLE t", ['read-candidate', 'provisional']],
    ['/* x */ SELECT 1; /* ; */ DELETE FROM t', ['read-candidate', 'provisional']],
    ['SELECT 1;DROP TABLE t;--', ['read-candidate', 'provisional']],
    ['COMMIT; DROP TABLE t', ['frame', 'provisional']],
    ['SELECT $a$;$a$; TRUNCATE t', ['read-candidate', 'provisional']],
    ["SELECT E'\\'; SELECT 1; --'; TRUNCATE t", ['read-candidate', 'provisional']],
    ["SELECT '\\'; TRUNCATE t; --'", ['read-candidate', 'provisional']],
    ['SELECT 1;;;;SELECT 2;', ['read-candidate', 'read-candidate']],
    ['ROLLBACK; SET TRANSACTION READ WRITE; DELETE FROM t', ['frame', 'setting', 'provisional']],
  ])('K5 %s', (text, classes) => {
    expect(sql.read(text, settings).map((statement) => statement.class)).toEqual(classes);
  });

  test('nothing at all is no statement', () => {
    for (const text of ['', ' \n\t', '-- only a comment', '/* x */', ';', ';;']) {
      expect(sql.read(text, settings), text).toEqual([]);
    }
  });
});

describe('what is refused', () => {
  test.each([
    ['select 1\0; drop table t', 'BAD_REQUEST: the text holds NUL'],
    ['select \ud800', 'BAD_REQUEST: the text holds a lone surrogate'],
    ['selec 1', 'BAD_REQUEST: PostgreSQL’s parser refuses this text'],
    ["select 'a", 'BAD_REQUEST: PostgreSQL’s parser refuses this text'],
    ['\\! sh', 'BAD_REQUEST: PostgreSQL’s parser refuses this text'],
    ['drop table t; selec', 'BAD_REQUEST: PostgreSQL’s parser refuses this text'],
    ["SELECT U&'\\0000'", 'BAD_REQUEST: PostgreSQL’s parser refuses this text'],
    [
      `select '${'x'.repeat(sqlLimits.textBytes)}'`,
      `BAD_REQUEST: the text is larger than ${sqlLimits.textBytes} bytes`,
    ],
    [
      `select '${'é'.repeat(sqlLimits.textBytes / 2)}'`,
      `BAD_REQUEST: the text is larger than ${sqlLimits.textBytes} bytes`,
    ],
    ['\u00a0', 'BAD_REQUEST: PostgreSQL’s parser refuses this text'],
  ])('K2 K5 F3 %.30s', (text, expected) => {
    expect(refusal(() => sql.read(text, settings))).toBe(expected);
    expect(refusal(() => sql.split(text, settings))).toBe(expected);
  });

  test('a syntax error is told in PostgreSQL’s own words, with where it stands', () => {
    const complain = (): unknown => sql.read("select 'é' frm t where", settings);
    expect(complain).toThrow(SyntaxComplaint);
    expect(complain).toThrow('syntax error at or near "t"');
    expect(complain).toThrow(
      expect.objectContaining({ position: 16, refusal: expect.objectContaining({ code: 'BAD_REQUEST' }) as unknown }),
    );
  });

  test('K5 no text is read where a backslash could escape, or a byte be half a letter', () => {
    const off = { ...settings, standardConformingStrings: false };
    expect(refusal(() => sql.read("SELECT '\\', '; delete from q.x; --'", off))).toContain(
      'standard_conforming_strings',
    );
    for (const clientEncoding of ['SJIS', 'BIG5', 'GBK', 'UHC', 'GB18030', 'JOHAB', 'utf8', '']) {
      expect(
        refusal(() => sql.read('select 1', { ...settings, clientEncoding })),
        clientEncoding,
      ).toContain('encoding');
    }
    expect(refusal(() => sql.read("select 'é'", { ...settings, clientEncoding: 'LATIN1' }))).toContain('not ASCII');
    expect(sql.read("select 'e'", { ...settings, clientEncoding: 'LATIN1' })).toHaveLength(1);
    for (const serverMajor of [13, 19, Number.NaN]) {
      expect(refusal(() => sql.read('select 1', { ...settings, serverMajor }))).toContain('major version');
    }
  });

  test('K2 a refusal is not remembered as a reading, nor a reading under other settings', () => {
    const text = 'select 40 + 2';
    expect(sql.read(text, settings)).toBe(sql.read(text, settings));
    expect(refusal(() => sql.read(text, { ...settings, standardConformingStrings: false }))).not.toBe('read');
    expect(sql.read(text, { ...settings, serverMajor: 15 })).not.toBe(sql.read(text, settings));
  });
});

describe('older servers', () => {
  test.each([
    ["SELECT JSON_EXISTS('{}', '$')", 16],
    ["SELECT JSON_VALUE('{}', '$')", 14],
    ["SELECT JSON('{}')", 15],
    ['SELECT JSON_SCALAR(1)', 16],
    ["SELECT * FROM JSON_TABLE('[]', '$' COLUMNS (a int))", 16],
    ["SELECT JSON_OBJECT('a': 1)", 15],
    ['SELECT JSON_ARRAYAGG(a) FROM t', 15],
    ['MERGE INTO t USING s ON true WHEN MATCHED THEN DO NOTHING', 14],
  ])('K5 %s is a function of the user’s on %d', (text, serverMajor) => {
    expect(one(text).class).not.toBe('unknown');
    expect(one(text, { serverMajor }).class).toBe('unknown');
  });

  test('K5 json_object of a text is looked up by search_path before 16', () => {
    const paths = (serverMajor: number) =>
      one("SELECT json_object('{a,1}')", { serverMajor }).names.functions.map(({ path }) => path.join('.'));
    expect(paths(18)).toEqual(['pg_catalog.json_object']);
    expect(paths(15)).toEqual(['pg_catalog.json_object', 'json_object']);
  });
});

describe('names to resolve', () => {
  test.each([
    ['SELECT * FROM a, s.b, d.s.c', ['read a', 'read s.b', 'read d.s.c']],
    ['WITH t AS (SELECT 1) SELECT * FROM t', []],
    ['WITH t AS (SELECT 1) SELECT * FROM public.t', ['read public.t']],
    ['WITH t AS (SELECT 1) DELETE FROM t', ['delete t']],
    ['WITH t AS (SELECT 1) UPDATE t SET a = 1 FROM t AS u', ['update t']],
    ['WITH t AS (SELECT 1) INSERT INTO t SELECT * FROM t', ['insert t']],
    ['WITH t AS (SELECT * FROM t) SELECT * FROM t', ['read t']],
    ['WITH RECURSIVE t AS (SELECT * FROM t) SELECT * FROM t', []],
    ['WITH a AS (SELECT * FROM b), b AS (SELECT * FROM a) SELECT * FROM b', ['read b']],
    ['SELECT * FROM (WITH t AS (SELECT 1) SELECT * FROM t) x, t', ['read t']],
    ['WITH t AS (SELECT 1) SELECT * FROM (SELECT * FROM t) x', []],
    ['WITH t AS (SELECT 1) (SELECT * FROM t UNION SELECT * FROM u)', ['read u']],
    ['WITH "T" AS (SELECT 1) SELECT * FROM t', ['read t']],
    ['WITH t AS (SELECT 1) MERGE INTO t USING t AS s ON true WHEN MATCHED THEN DELETE', ['delete t']],
    ['SELECT * FROM a WHERE b IN (SELECT c FROM d) FOR UPDATE OF a', ['read a', 'read d']],
    ['INSERT INTO a SELECT * FROM b', ['insert a', 'read b']],
    [
      'INSERT INTO a VALUES (1) ON CONFLICT (x) DO UPDATE SET y = (SELECT z FROM c)',
      ['insert a', 'update a', 'read c'],
    ],
    ['DELETE FROM a USING b WHERE a.x IN (SELECT y FROM c)', ['delete a', 'read b', 'read c']],
    ['TRUNCATE a, s.b', ['truncate a', 'truncate s.b']],
    ['DROP TABLE a, d.s.b', ['drop a', 'drop d.s.b']],
    ['CREATE TABLE a (LIKE b, x int REFERENCES c) INHERITS (d)', ['define a', 'refer b', 'refer c', 'refer d']],
    ['CREATE VIEW v AS SELECT * FROM a', ['define v', 'read a']],
    ['ALTER TABLE a ATTACH PARTITION b DEFAULT', ['alter a', 'alter b']],
    ['CREATE INDEX ON a (x) WHERE y IN (1)', ['alter a']],
    ['COPY a FROM STDIN', ['insert a']],
    ['COPY (SELECT * FROM a) TO STDOUT', ['read a']],
    ['EXPLAIN DELETE FROM a', ['delete a']],
    ['PREPARE p AS DELETE FROM a', ['delete a']],
    ['LOCK a', ['lock a']],
    ['VACUUM a', ['maintain a']],
    ['DROP TRIGGER g ON s.a', ['alter s.a']],
    ['GRANT ALL ON a TO x', ['alter a']],
    ['CREATE RULE r AS ON DELETE TO a DO INSTEAD DELETE FROM b', ['alter a']],
    ['SELECT * FROM U&"\\0061"', ['read a']],
    ['SELECT * FROM "A.b"', ['read A.b']],
    ['DO $$ BEGIN DELETE FROM a; PERFORM * FROM b; END $$', ['delete a', 'read b']],
    ['DO $$ DECLARE r a%ROWTYPE; BEGIN NULL; END $$', ['read a']],
  ])('K5 relations of %s', (text, expected) => {
    expect(relations(text)).toEqual(expected);
  });

  test('K3 functions, with what is known of their arguments', () => {
    const { functions } = one(
      "SELECT f(), s.g(1, 'x', $2, y), h(a => 2::bigint), count(*), sum(DISTINCT z), rank() OVER w, variadic_one(VARIADIC q) FROM u(now()) WINDOW w AS ()",
    ).names;
    expect(
      functions.map(({ path, use, arguments: given, variadic }) => [path.join('.'), use, given, variadic]),
    ).toEqual([
      ['f', 'call', [], false],
      [
        's.g',
        'call',
        [{ type: 'pg_catalog.int4', constant: '1' }, { type: 'unknown', constant: 'x' }, { parameter: 2 }, {}],
        false,
      ],
      ['h', 'call', [{ type: 'pg_catalog.int8', constant: '2', name: 'a' }], false],
      ['count', 'aggregate', [], false],
      ['sum', 'aggregate', [{}], false],
      ['rank', 'window', [], false],
      ['variadic_one', 'call', [{}], true],
      ['u', 'call', [{}], false],
      ['now', 'call', [], false],
    ]);
  });

  test('K3 the constant of set_config is seen, and two calls with other constants are two', () => {
    const { functions } = one("SELECT set_config('a', 'b', true), set_config('role', 'c', false)").names;
    expect(functions.map((call) => call.arguments.map(({ constant }) => constant))).toEqual([
      ['a', 'b', 'true'],
      ['role', 'c', 'false'],
    ]);
  });

  test.each([
    ['SELECT 1 + 2', ['+/2']],
    ['SELECT - a FROM t', ['-/1']],
    ['SELECT a OPERATOR(evil.=) b FROM t', ['evil.=/2']],
    ['SELECT a IN (1, 2) FROM t', ['=/2 implied']],
    ['SELECT a NOT IN (1) FROM t', ['<>/2 implied']],
    ['SELECT a IN (SELECT 1) FROM t', ['=/2 implied']],
    ['SELECT a > ALL (SELECT 1) FROM t', ['>/2']],
    ['SELECT a BETWEEN 1 AND 2 FROM t', ['>=/2 implied', '<=/2 implied']],
    ['SELECT a NOT BETWEEN SYMMETRIC 1 AND 2 FROM t', ['</2 implied', '>/2 implied']],
    ["SELECT a LIKE 'x', a NOT ILIKE 'y' FROM t", ['~~/2', '!~~*/2']],
    ['SELECT CASE a WHEN 1 THEN 2 END FROM t', ['=/2 implied']],
    ['SELECT * FROM a JOIN b USING (id)', ['=/2 implied']],
    ['SELECT * FROM a NATURAL JOIN b', ['=/2 implied']],
    ['SELECT a FROM t ORDER BY a USING evil.<', undefined],
    ['SELECT a FROM t ORDER BY a USING OPERATOR(evil.<)', ['evil.</2']],
    ['SELECT a IS DISTINCT FROM 1, NULLIF(a, 2) FROM t', ['=/2']],
    ['CREATE TABLE t (a int, EXCLUDE USING gist (a WITH evil.&&))', ['evil.&&/2']],
    ['CREATE TABLE t (a int, EXCLUDE USING gist (a WITH OPERATOR(evil.&&)))', ['evil.&&/2']],
  ])('K5 operators of %s', (text, expected) => {
    if (expected === undefined) {
      expect(refusal(() => sql.read(text, settings))).toContain('refuses');
      return;
    }
    const said = one(text).names.operators.map(
      ({ path, operands, implied }) => `${path.join('.')}/${operands}${implied ? ' implied' : ''}`,
    );
    expect(said).toEqual(expected);
  });

  test('K5 what looks like a column can be a call: attribute notation', () => {
    expect(one('SELECT t.wipe, (t).wipe2, a.b.c.wipe3, plain, (f(x)).* FROM t').names.attributes).toEqual([
      'wipe',
      'wipe2',
      'b',
      'c',
      'wipe3',
    ]);
  });

  test('types, collations, operator classes, cursors, prepared statements, samples', () => {
    expect(
      one("SELECT 'x'::s.evil, evil2 'y', CAST(1 AS text[])").names.types.map(({ path }) => path.join('.')),
    ).toEqual(['s.evil', 'evil2', 'text']);
    expect(one('SELECT a COLLATE s."c" FROM t').names.collations).toEqual([['s', 'c']]);
    expect(one('CREATE INDEX ON t (a COLLATE "C" s.ops)').names.operatorClasses).toEqual([['s', 'ops']]);
    expect(one('FETCH c').names.cursors).toEqual(['c']);
    expect(one('DELETE FROM t WHERE CURRENT OF c').names.cursors).toEqual(['c']);
    expect(one('EXECUTE p').names.prepared).toEqual(['p']);
    expect(one('SELECT * FROM t TABLESAMPLE evil(1)').names.functions).toMatchObject([
      { path: ['evil'], use: 'sample' },
    ]);
    expect(one('CREATE TRIGGER g BEFORE INSERT ON t EXECUTE FUNCTION s.f()').names.functions).toMatchObject([
      { path: ['s', 'f'], use: 'trigger' },
    ]);
    expect(one('CALL s.p(f())').names.functions).toMatchObject([
      { path: ['s', 'p'], use: 'procedure' },
      { path: ['f'], use: 'call' },
    ]);
    expect(
      one('CREATE OPERATOR === (leftarg = int, procedure = s.f, restrict = r)').names.functions.map(({ path }) =>
        path.join('.'),
      ),
    ).toEqual(['s.f', 'r']);
    expect(
      one('CREATE AGGREGATE a (int) (sfunc = f, stype = s.t)').names.types.map(({ path }) => path.join('.')),
    ).toContain('s.t');
  });

  test('defaults, checks and policies name what they would run', () => {
    const called = (text: string) => one(text).names.functions.map(({ path }) => path.join('.'));
    expect(called('CREATE TABLE t (a int DEFAULT f(), CHECK (g(a)), b int GENERATED ALWAYS AS (h(a)) STORED)')).toEqual(
      ['f', 'g', 'h'],
    );
    expect(called('ALTER TABLE t ADD COLUMN a int DEFAULT f(), ALTER b TYPE int USING g(b)')).toEqual(['f', 'g']);
    expect(called('CREATE INDEX ON t (f(a)) WHERE g(b)')).toEqual(['f', 'g']);
    expect(called('CREATE POLICY p ON t USING (f(a)) WITH CHECK (g(a))')).toEqual(['f', 'g']);
    expect(called('CREATE DOMAIN d AS int CHECK (f(value))')).toEqual(['f']);
    expect(called('COPY t FROM STDIN WHERE f(a)')).toEqual(['f']);
    expect(called('CREATE TABLE t (a int) PARTITION BY RANGE (f(a))')).toEqual(['f']);
    expect(called('EXECUTE p(f())')).toEqual(['f']);
  });
});

describe('facts', () => {
  test.each([
    ['SELECT 1', { returnsRows: true }],
    ['DELETE FROM t', { returnsRows: false, unbounded: true, returning: false }],
    ['DELETE FROM t WHERE true', { unbounded: true }],
    ['DELETE FROM t WHERE 1 = 1', { unbounded: true }],
    ['DELETE FROM t WHERE $1', { unbounded: true }],
    ['DELETE FROM t WHERE a = 1 RETURNING *', { unbounded: false, returning: true, returnsRows: true }],
    ['UPDATE t SET a = b', { unbounded: true }],
    ['EXPLAIN ANALYZE DELETE FROM t', { unbounded: true, explain: 'analyze' }],
    ['EXPLAIN DELETE FROM t', { explain: 'plan' }],
    ['WITH d AS (DELETE FROM t WHERE a = 1 RETURNING *) SELECT * FROM d', { writingCte: true, returnsRows: true }],
    ['SELECT * FROM t FOR UPDATE', { rowLock: 'update' }],
    ['SELECT * FROM t, u FOR KEY SHARE OF t FOR NO KEY UPDATE OF u', { rowLock: 'no key update' }],
    ['LOCK t IN SHARE MODE', { tableLock: 'share' }],
    ['COPY t FROM STDIN', { copy: { direction: 'in', via: 'stream' } }],
    ["COPY t TO PROGRAM 'x'", { copy: { direction: 'out', via: 'program', target: 'x' } }],
    ['INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING', { onConflict: 'nothing' }],
    ['INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET b = 1', { onConflict: 'update' }],
    ['DECLARE c CURSOR WITH HOLD FOR SELECT 1', { withHold: true }],
    ['DROP TABLE IF EXISTS t CASCADE', { cascade: true, ifExists: true }],
    ['TRUNCATE t CASCADE', { cascade: true, unbounded: true }],
    ['CREATE INDEX CONCURRENTLY i ON t (a)', { concurrently: true }],
    ['CREATE TEMP TABLE t (a int)', { temporary: true }],
    ['CREATE OR REPLACE VIEW v AS SELECT 1', { replaces: true }],
    ["CREATE FUNCTION f() RETURNS int LANGUAGE c AS 'x'", { plants: true, opaque: true }],
    [
      "CREATE FUNCTION f() RETURNS int SECURITY DEFINER LANGUAGE sql AS 'SELECT 1'",
      { plants: true, definer: true, opaque: false },
    ],
    ['DO $$ BEGIN COMMIT; END $$', { transactionControl: true }],
    ["DO $$ BEGIN EXECUTE 'x'; END $$", { dynamic: true }],
    ['DO LANGUAGE plperl $$ x $$', { opaque: true }],
    [
      'BEGIN READ ONLY, ISOLATION LEVEL SERIALIZABLE',
      { frame: { act: 'begin', chain: false, modes: { readOnly: true, isolation: 'serializable' } } },
    ],
    ['ROLLBACK TO a', { frame: { act: 'rollback-to', name: 'a', chain: false, modes: {} } }],
    ['COMMIT AND CHAIN', { frame: { act: 'commit', chain: true, modes: {} } }],
    ["PREPARE TRANSACTION 'g'", { frame: { act: 'prepare', name: 'g', chain: false, modes: {} } }],
    [
      'SET LOCAL search_path = a, "B"',
      { setting: { name: 'search_path', act: 'set', scope: 'local', values: ['a', 'B'], standing: 'relied' } },
    ],
    [
      'SET "Standard_Conforming_Strings" = off',
      {
        setting: {
          name: 'standard_conforming_strings',
          act: 'set',
          scope: 'session',
          values: ['off'],
          standing: 'relied',
        },
      },
    ],
    [
      'SET datestyle = iso',
      { setting: { name: 'datestyle', act: 'set', scope: 'session', values: ['iso'], standing: 'plain' } },
    ],
    [
      'SET my.own = 1',
      { setting: { name: 'my.own', act: 'set', scope: 'session', values: ['1'], standing: 'unlisted' } },
    ],
    [
      'SET TRANSACTION READ WRITE',
      { setting: { name: 'transaction', act: 'set', scope: 'local', modes: { readOnly: false }, standing: 'relied' } },
    ],
    [
      'ALTER ROLE r SET role = x',
      { setting: { name: 'role', act: 'set', scope: 'standing', values: ['x'], standing: 'relied' } },
    ],
    ['RESET ALL', { setting: { name: 'all', act: 'reset', scope: 'session', standing: 'relied' } }],
  ])('K3 %s', (text, expected) => {
    expect(one(text).facts).toMatchObject(expected);
  });

  test('parameters are counted by their highest number', () => {
    expect(one('SELECT $1, $3').parameters).toBe(3);
    expect(one('EXPLAIN SELECT $2').parameters).toBe(2);
    expect(one('SELECT 1').parameters).toBe(0);
  });

  test('what a body does is told, and what is only planted does not count for the class', () => {
    const planted = one('CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN TRUNCATE t; EXECUTE x; END $$');
    expect(planted.class).toBe('provisional');
    expect(planted.facts).toMatchObject({ plants: true, dynamic: true, opaque: false });
    expect(planted.inner.map(({ holding, statement }) => `${holding} ${statement.kind}`)).toContain(
      'plants TruncateStmt',
    );
    const atomic = one('CREATE FUNCTION f() RETURNS int BEGIN ATOMIC DELETE FROM t; SELECT 1; END');
    expect(atomic.inner.map(({ statement }) => statement.verb)).toEqual(['postgres:delete', 'postgres:select']);
    expect(one("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'DELETE FROM t; SELECT 1'").inner).toHaveLength(2);
    expect(one('CREATE FUNCTION f() RETURNS int RETURN g(1)').inner[0]?.statement.names.functions[0]?.path).toEqual([
      'g',
    ]);
  });

  test('K5 every expression of a PL/pgSQL body is read', () => {
    const body = `DECLARE x int := d1(); c CURSOR (k int) FOR SELECT d2(k); a int[]; r record; n refcursor;
      BEGIN x := d3(1); a[d4()] := 3; IF d5() THEN PERFORM d6(); ELSIF d7() THEN NULL; END IF;
      CASE d8() WHEN d9() THEN NULL; ELSE NULL; END CASE; LOOP EXIT WHEN d10(); END LOOP; WHILE d11() LOOP NULL; END LOOP;
      FOR i IN d12()..d13() BY d14() LOOP NULL; END LOOP; FOR r IN SELECT d15() LOOP NULL; END LOOP; FOR r IN c(d16()) LOOP NULL; END LOOP;
      FOREACH x IN ARRAY d17() LOOP NULL; END LOOP; RAISE NOTICE '%', d18() USING HINT = d19(); ASSERT d20(), d21();
      SELECT d22() INTO x; OPEN c(d23()); FETCH RELATIVE d24() FROM c INTO x; OPEN n FOR SELECT d25(); CALL d26(d27());
      DELETE FROM t WHERE d28(); RETURN; EXCEPTION WHEN OTHERS THEN x = d29(); END`;
    const called = one(`DO $$ ${body} $$`).names.functions.map(({ path }) => path.join('.'));
    expect(new Set(called)).toEqual(new Set(Array.from({ length: 29 }, (_, at) => `d${at + 1}`)));
  });

  test('traits of what changes rights, runs code, shows credentials or weakens backups', () => {
    const traits = (text: string) => one(text).parts.flatMap((part) => part.traits);
    expect(traits('GRANT ALL ON t TO r')).toEqual(['privilege']);
    expect(traits('CREATE ROLE r')).toEqual(['credential', 'privilege']);
    expect(traits("COPY t FROM PROGRAM 'x'")).toEqual(['runs-code']);
    expect(traits("ALTER SYSTEM SET archive_mode = 'off'")).toEqual(['privilege', 'weakens-backup']);
    expect(traits('SET ROLE r')).toEqual(['privilege']);
    expect(traits('ALTER TABLE t DISABLE ROW LEVEL SECURITY')).toEqual(['privilege']);
    expect(traits('SELECT 1')).toEqual([]);
  });

  test('inverses: what is added can be taken away, what is lost can not', () => {
    const inverse = (text: string) => one(text).parts.map((part) => part.inverse);
    expect(inverse('INSERT INTO t VALUES (1)')).toEqual(['remove']);
    expect(inverse('CREATE TABLE t (a int)')).toEqual(['remove']);
    expect(inverse('ALTER TABLE t ADD COLUMN a int, DROP COLUMN b')).toEqual(['remove', 'image']);
    expect(inverse('ALTER TABLE t RENAME TO u')).toEqual(['set-back']);
    expect(inverse('DROP TABLE t')).toEqual(['image']);
    expect(inverse('TRUNCATE t')).toEqual(['image']);
    expect(inverse("ALTER TYPE e ADD VALUE 'x'")).toEqual(['lost']);
    expect(inverse('CREATE TEMP TABLE t (a int)')).toEqual(['nothing']);
  });

  test('sentences are short human words, and names in them can not forge any', () => {
    expect(one('DELETE FROM orders').sentence).toBe('deletes all rows of `orders`: no condition on them');
    expect(one('DELETE FROM s.orders WHERE id = 1').sentence).toBe('deletes rows of `s.orders`');
    expect(one('DROP TABLE a, b CASCADE').sentence).toBe(
      'drops table `a` and all that depends on it; drops table `b` and all that depends on it',
    );
    expect(one('DROP TABLE "x` and nothing\u202e else"').sentence).toBe('drops table `x´ and nothing⟨U+202E⟩ else`');
  });
});

describe('depth, and a parser that dies', () => {
  test('F3 deep and long texts are read or refused, and a parser is there again', async () => {
    const chain = `SELECT 1${' + 1'.repeat(1000)}`;
    expect(one(chain).class).toBe('read-candidate');
    const unions = Array.from({ length: 300 }, () => 'SELECT 1').join(' UNION ALL ');
    expect(one(unions).class).toBe('read-candidate');
    for (const text of [
      `SELECT 1${' + 1'.repeat(40_000)}`,
      `SELECT ${'('.repeat(50_000)}1${')'.repeat(50_000)}`,
      `SELECT ${'(SELECT '.repeat(20_000)}1${')'.repeat(20_000)}`,
      `SELECT ${'ARRAY['.repeat(50_000)}1${']'.repeat(50_000)}`,
      Array.from({ length: 20_000 }, () => 'SELECT 1').join(' UNION ALL '),
    ]) {
      const said = refusal(() => {
        for (const statement of sql.read(text, settings)) expect(statement.class).toBe('unknown');
      });
      expect(said).toMatch(/^(read|BAD_REQUEST|UNAVAILABLE)/);
    }
    await expect.poll(() => refusal(() => sql.read('SELECT 42', settings))).toBe('read');
  });

  test('F1 a parser that traps is thrown away, its text refused, and a fresh one takes over', async () => {
    let opened = 0;
    const parser = await openParser(async () => {
      opened += 1;
      const module = await openModule();
      const faulty = opened === 1;
      return new Proxy(module, {
        get: (target, name) => {
          if (faulty && name === '_wasm_parse_query_raw') {
            return (query: number) => {
              if (target.UTF8ToString(query).includes('trap')) throw new Error('unreachable');
              return target._wasm_parse_query_raw(query);
            };
          }
          return Reflect.get(target, name) as unknown;
        },
      });
    });
    const own = await openSql(parser);
    expect(refusal(() => own.read('select trap', settings))).toBe(
      'BAD_REQUEST: PostgreSQL’s parser could not read this text',
    );
    await expect.poll(() => refusal(() => own.read('select trap', settings))).toBe('read');
    expect(opened).toBeGreaterThanOrEqual(2);
  });

  test('F1 without any parser everything is refused, and it comes back', async () => {
    let broken = false;
    let first = true;
    const parser = await openParser(async () => {
      if (broken) throw new Error('no');
      const module = await openModule();
      if (!first) return await new Promise<typeof module>(() => {});
      first = false;
      return new Proxy(module, {
        get: (target, name) => {
          if (name !== '_wasm_parse_query_raw' || !broken) return Reflect.get(target, name) as unknown;
          return () => {
            throw new Error('unreachable');
          };
        },
      });
    });
    broken = true;
    const own = await openSql(parser);
    expect(refusal(() => own.read('select 1', settings))).toMatch(/^BAD_REQUEST/);
    expect(refusal(() => own.read('select 1', settings))).toMatch(/^UNAVAILABLE/);
  });
});

test('everything that is given is frozen', () => {
  const waiting: unknown[] = [
    sql.read(
      'WITH d AS (DELETE FROM t RETURNING *) SELECT f(1, $1) FROM d; DROP TABLE x CASCADE; SET a.b = c; BEGIN; DO $$ BEGIN DELETE FROM t; END $$',
      settings,
    ),
  ];
  while (waiting.length > 0) {
    const value = waiting.pop();
    if (typeof value !== 'object' || value === null) continue;
    expect(Object.isFrozen(value), JSON.stringify(value).slice(0, 100)).toBe(true);
    waiting.push(...(Object.values(value) as unknown[]));
  }
});

test('F3 long blanks, long lists and long names take linear time', () => {
  const started = performance.now();
  expect(one(`SELECT 1${' '.repeat(900_000)}+ 2${' '.repeat(100_000)}`).class).toBe('read-candidate');
  expect(one(`DELETE FROM t WHERE id IN (${'1,'.repeat(100_000)}2)`).facts.unbounded).toBe(false);
  expect(one(`NOTIFY c, '${'x'.repeat(5000)}'`).class).toBe('provisional');
  expect(one(`LOAD '${'\u202e'.repeat(100_000)}'`).sentence.length).toBeLessThan(2000);
  expect(sql.read('SELECT 1;'.repeat(9000), settings)).toHaveLength(9000);
  expect(performance.now() - started).toBeLessThan(20_000);
});

test('names are cut where PostgreSQL cuts them', () => {
  expect(one(`SELECT * FROM ${'a'.repeat(70)}`).names.relations[0]?.path).toEqual(['a'.repeat(63)]);
  expect(one(`SELECT * FROM "${'a'.repeat(62)}éé"`).names.relations[0]?.path).toEqual(['a'.repeat(62)]);
});
