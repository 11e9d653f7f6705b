import { checkoutNode, runOn } from './checkout-node.js';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const launcher = join(import.meta.dirname, 'on-node.js');
const folder = mkdtempSync(join(tmpdir(), 'holdpoint-node-'));
const script = join(folder, 'script.ts');
writeFileSync(
  script,
  'const args: readonly string[] = process.argv.slice(2);\nconsole.log(process.versions.node, args.join());\nprocess.exitCode = 7;\n',
);

/** Stands for an older Node: the version is read from `process.versions`. The real one takes over in the child. */
const older = join(folder, 'older.cjs');
writeFileSync(
  older,
  "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } });",
);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a script runs here when Node is new enough, with its arguments and exit code', () => {
  const ran = spawnSync(process.execPath, [launcher, script, 'a', 'b'], { encoding: 'utf8' });
  expect(ran.stdout).toBe(`${process.versions.node} a,b\n`);
  expect(ran.status).toBe(7);
});

test('flags go to Node', () => {
  const ran = spawnSync(process.execPath, [launcher, '--no-warnings', script, 'a'], { encoding: 'utf8' });
  expect(ran.stdout).toBe(`${process.versions.node} a\n`);
  expect(ran.status).toBe(7);
});

test('an older Node hands over to the one that the checkout brings', () => {
  const ran = spawnSync(process.execPath, ['--require', older, launcher, script, 'a'], { encoding: 'utf8' });
  expect(ran.stdout).toBe('26.10.0 a\n');
  expect(ran.status).toBe(7);
});

test('the brought Node is found without the link that npm 10 removes', () => {
  const root = join(folder, 'checkout');
  expect(checkoutNode(root)).toBeUndefined();
  const bin = join(root, `node_modules/node-${process.platform}-${process.arch}/bin`);
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, 'node'), '');
  expect(checkoutNode(root)).toBe(join(bin, 'node'));
});

test('a child ended by a signal gives 128 and its number', async () => {
  expect(await runOn(process.execPath, ['-e', "process.kill(process.pid, 'SIGTERM')"])).toBe(143);
});
