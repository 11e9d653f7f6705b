import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

/** One slip a line of code, and the rule that has to catch it: a linter that is not heard proves nothing. */
const slips: readonly (readonly [rule: string, code: string])[] = [
  ['no-floating-promises', "import { rm } from 'node:fs/promises'; export function f(): void { rm('x'); }"],
  [
    'no-misused-promises',
    "import { rm } from 'node:fs/promises'; export function f(): number { if (rm('x')) return 1; return 2; }",
  ],
  [
    'no-misused-promises',
    "import { rm } from 'node:fs/promises'; export const f = (): void => ['x'].forEach(async (x) => { await rm(x); });",
  ],
  ['await-thenable', 'export async function f(): Promise<void> { await 1; }'],
  ['switch-exhaustiveness-check', "export function f(k: 'a' | 'b'): void { switch (k) { case 'a': break; } }"],
  ['no-explicit-any', 'export function f(x: any): void { void x; }'],
  ['no-unsafe-call', "export function f(): void { JSON.parse('1')(); }"],
  ['no-unsafe-member-access', "export function f(): unknown { return JSON.parse('1').x; }"],
  ['no-unsafe-assignment', "export function f(): void { const x = JSON.parse('1'); void x; }"],
  ['no-unsafe-return', "export function f(): number { return JSON.parse('1'); }"],
  ['no-non-null-assertion', 'export function f(x: string | undefined): number { return x!.length; }'],
  ['only-throw-error', "export function f(): void { throw 'x'; }"],
  ['no-default-export', 'export default function f(): void {}'],
  ['no-console', "export function f(): void { console.log('x'); }"],
  ['eqeqeq', 'export function f(x: unknown): boolean { return x == null; }'],
];

const root = join(import.meta.dirname, '..');
let folder = '';
let found: readonly { readonly code: string; readonly filename: string }[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdpoint-lint-'));
  mkdirSync(join(folder, 'src'));
  for (const file of ['.oxlintrc.json', 'tsconfig.json']) cpSync(join(root, file), join(folder, file));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  for (const [index, [, code]] of slips.entries()) writeFileSync(join(folder, `src/slip${index}.ts`), `${code}\n`);
  writeFileSync(join(folder, 'src/fine.ts'), 'export const fine = 1;\n');
  const text = await new Promise<string>((resolve) => {
    const args = ['--type-aware', '--format', 'json'];
    execFile(join(root, 'node_modules/.bin/oxlint'), args, { cwd: folder }, (_error, stdout) => resolve(stdout));
  });
  const report = JSON.parse(text) as { readonly diagnostics: typeof found };
  found = report.diagnostics;
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each(slips.map(([rule, code], index) => [rule, code, index] as const))('%s catches: %s', (rule, _code, index) => {
  const codes = found.filter((one) => one.filename.endsWith(`slip${index}.ts`)).map((one) => one.code);
  expect(codes.some((code) => code.includes(`(${rule})`))).toBe(true);
});

test('what is fine is left alone', () => {
  expect(found.filter((one) => one.filename.endsWith('fine.ts'))).toEqual([]);
});
