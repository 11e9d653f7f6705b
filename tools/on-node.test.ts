import { checkoutNode, runOn } from './checkout-node.js';
import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
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

test('a descriptor that the arguments name goes to the Node that takes over', () => {
  const reads = join(folder, 'reads.ts');
  writeFileSync(reads, "import { readFileSync } from 'node:fs';\nconsole.log(readFileSync(4, 'utf8'));\n");
  const secret = join(folder, 'secret');
  writeFileSync(secret, 'a passphrase');
  const fd = openSync(secret, 'r');
  const args = ['--require', older, launcher, reads, '--passphrase-fd', '4'];
  const ran = spawnSync(process.execPath, args, { encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe', 'ignore', fd] });
  closeSync(fd);
  expect(ran.stdout, ran.stderr).toBe('a passphrase\n');
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
