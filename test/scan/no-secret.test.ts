import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect, promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { holders, made, Maker } from './planted.ts';
import { Tree } from './tree.ts';
import { scan } from '../../src/features/scan/scan.ts';
import { sarifOf } from '../../src/features/scan/sarif.ts';
import { byCredential, sentenceOf } from '../../src/features/scan/words.ts';

const bin = join(import.meta.dirname, '../../bin/holdpoint.js');
const run = promisify(execFile);

interface Planted {
  readonly home: Record<string, string>;
  readonly values: readonly string[];
}

/** A thousand secrets in every form, also in broken files, in names of files and keys, and in a home. */
function plant(tree: Tree): Planted {
  const maker = new Maker(99);
  const values: string[] = [];
  const kept = (value: string): string => {
    values.push(value);
    return value;
  };
  for (let index = 0; values.length < 900; index++) {
    const one = made[index % made.length];
    const holder = holders[Math.floor(index / made.length) % holders.length];
    if (one === undefined || holder === undefined) throw new Error('nothing to plant');
    tree.write(`repo/${index}/${holder.path}`, holder.write(one.name, kept(one.make(maker))));
  }
  // Parsers that complain quote what they could not read.
  for (const [name, before, after] of [
    ['a.yml', 'a: [b, "', '\n  - : : {'],
    ['a.toml', 'x = [[ "', ' = = '],
    ['a.json', '{"token": "', ' }{'],
    ['a.env', 'GITHUB_TOKEN="', ''],
  ] as const) {
    for (let index = 0; index < 15; index++)
      tree.write(`repo/broken/${index}/${name}`, `${before}${kept(maker.checked('ghp_', 30))}${after}`);
  }
  for (let index = 0; index < 10; index++) {
    const value = kept(maker.checked('ghp_', 30));
    tree.write(`repo/named/${value}.env`, `GITHUB_TOKEN=${value}\n`);
    const key = kept(maker.checked('npm_', 30));
    tree.write(`repo/keys/${index}.json`, JSON.stringify({ [key]: { password: key } }));
  }
  tree.write(
    'home/.bash_history',
    Array.from({ length: 20 }, () => `RAILWAY_TOKEN=${kept(maker.uuid())} railway up`).join('\n'),
  );
  tree.write('home/.railway/config.json', JSON.stringify({ user: { token: kept(maker.uuid()) } }));
  return { values, home: { GITHUB_TOKEN: kept(maker.checked('ghp_', 30)), RAILWAY_API_TOKEN: kept(maker.uuid()) } };
}

/** Of an address the password is what must not be seen; of a key any line of it. */
function secretParts(value: string): readonly string[] {
  const password = /:\/\/[^:]*:([^@]+)@/.exec(value)?.[1];
  if (password !== undefined) return [password];
  return value.includes('\n') ? value.split('\n').filter((line) => !line.startsWith('-----')) : [value];
}

/** The parts of the values that stand in a text, as they are or in base 64. */
function leaked(text: string, values: readonly string[]): readonly string[] {
  const parts = values
    .flatMap(secretParts)
    .flatMap((part) => [part, Buffer.from(part).toString('base64').replaceAll('=', '')]);
  const byStart = Map.groupBy(parts, (part) => part.slice(0, 8));
  const found: string[] = [];
  for (let at = 0; at + 8 <= text.length; at++) {
    for (const part of byStart.get(text.slice(at, at + 8)) ?? []) if (text.startsWith(part, at)) found.push(part);
  }
  return found;
}

test('what looks for leaks finds one', () => {
  const values = ['postgres://app:abcdefgh1234@host/db', 'ghp_abcdefgh'];
  expect(leaked('x abcdefgh1234 y', values)).toEqual(['abcdefgh1234']);
  expect(leaked(Buffer.from('ghp_abcdefgh').toString('base64'), values)).toHaveLength(1);
});

describe('N1: no raw secret of a thousand gets out', () => {
  test('in values that are printed, inspected, logged or serialised', async () => {
    using tree = new Tree();
    const { values, home } = plant(tree);
    expect(values.length).toBeGreaterThanOrEqual(980);
    const report = await scan({ path: tree.path('repo'), home: tree.path('home'), environment: home });
    const findings = report.found.map(({ finding }) => finding);
    expect(findings.length).toBeGreaterThan(900);
    const shown = [
      inspect(report, { depth: 12, showHidden: true, getters: true, maxArrayLength: null, maxStringLength: null }),
      JSON.stringify(report),
      JSON.stringify(sarifOf({ findings, preconditions: report.preconditions, root: tree.root, version: '0.0.0' })),
      byCredential(findings)
        .map((one) => sentenceOf(one))
        .join('\n'),
      inspect(new Error('while scanning', { cause: report }), { depth: 12, showHidden: true, maxArrayLength: null }),
    ];
    for (const text of shown) expect(leaked(text, values)).toEqual([]);
  });

  test('by the command: terminal, JSON, SARIF, progress, and the exit says that something was found', async () => {
    using tree = new Tree();
    const { values, home } = plant(tree);
    const env = { PATH: process.env['PATH'], HOME: tree.path('home'), ...home };
    const forms = [
      [],
      ['--json'],
      ['--sarif'],
      ['--sarif', tree.path('out.sarif'), '--json'],
      ['--deep', '--only', 'workspace,history'],
    ];
    for (const form of forms) {
      const ran = await run(process.execPath, [bin, 'scan', '--path', tree.path('repo'), ...form], {
        env,
        maxBuffer: 2 ** 26,
      }).then(
        () => ({ code: 0, stdout: '', stderr: '' }),
        (failed: { code: number; stdout: string; stderr: string }) => failed,
      );
      expect(ran.code, form.join(' ')).toBe(1);
      expect(ran.stdout.length).toBeGreaterThan(10_000);
      expect(leaked(ran.stdout + ran.stderr, values)).toEqual([]);
    }
    expect(leaked(readFileSync(tree.path('out.sarif'), 'utf8'), values)).toEqual([]);
  }, 120_000);

  test('by a crash in the middle, with its stack, and by its report (F1)', async () => {
    using tree = new Tree();
    const { values } = plant(tree);
    const program = tree.write(
      'crash.ts',
      `import { scan } from ${JSON.stringify(join(import.meta.dirname, '../../src/features/scan/scan.ts'))};
       const report = await scan({ path: ${JSON.stringify(tree.path('repo'))}, home: ${JSON.stringify(tree.path('home'))} });
       const broken = new Error('broken', { cause: report.found });
       Object.assign(broken, { report, first: report.found[0]?.secret });
       if (process.argv[2] === 'late') throw broken;
       await scan({ path: ${JSON.stringify(tree.path('repo'))}, progress: () => { throw broken; } });`,
    );
    for (const when of ['late', 'middle']) {
      const ran = await run(
        process.execPath,
        [
          '--stack-trace-limit=50',
          '--report-uncaught-exception',
          `--report-directory=${tree.root}`,
          `--report-filename=${when}.json`,
          program,
          when,
        ],
        { maxBuffer: 2 ** 26 },
      ).then(
        () => undefined,
        (failed: { code: number; stdout: string; stderr: string }) => failed,
      );
      expect(ran?.code).toBe(1);
      expect(ran?.stderr).toContain('broken');
      expect(leaked(`${ran?.stdout ?? ''}${ran?.stderr ?? ''}`, values)).toEqual([]);
      expect(leaked(readFileSync(tree.path(`${when}.json`), 'utf8'), values)).toEqual([]);
    }
  }, 60_000);

  test('when the command itself breaks off: a folder that is none, a file that cannot be written', async () => {
    using tree = new Tree();
    const value = new Maker(3).checked('ghp_', 30);
    tree.write('repo/.env', `GITHUB_TOKEN=${value}\n`);
    const codes = new Map<string, number>();
    for (const args of [
      ['--path', tree.path('none')],
      ['--path', tree.path('repo'), '--sarif', tree.path('no/such/file')],
      ['--path', tree.path('repo'), '--only', 'nothing'],
      ['--path', tree.path('repo'), '--fingerprint-key', tree.path('repo/.envx')],
    ]) {
      const ran = await run(process.execPath, [bin, 'scan', '--no-home', ...args]).then(
        () => ({ code: 0, stdout: '', stderr: '' }),
        (failed: { code: number; stdout: string; stderr: string }) => failed,
      );
      codes.set(args.slice(0, 3).join(' ').replaceAll(tree.root, ''), ran.code);
      expect(leaked(ran.stdout + ran.stderr, [value])).toEqual([]);
    }
    expect([...codes.values()]).toEqual([2, 1, 2, 2]);
  }, 60_000);
});
