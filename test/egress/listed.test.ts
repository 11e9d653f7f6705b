import { execFile } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type FarSide, openFarSide } from './far-side.ts';
import { corpusToken, type FakeRoad, fakeRoad, toyProvider } from '../../src/gates/http/http-gate.fixture.ts';
import { makeAuthority } from '../../src/gates/http/authority/authority.ts';
import { type HttpGate, openHttpGate } from '../../src/gates/http/http-gate.ts';
import { type ListedHosts, openListedHosts } from '../../src/upstream/reach/reach.ts';

// The gate with its real reach outward, and real clients: git and npm.

const clock = { now: () => Date.now() };
let folder: string;
let far: FarSide;
let listed: ListedHosts;
let gate: HttpGate;
let road: FakeRoad;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hp-listed-'));
  far = await openFarSide(folder);
  const address = `http://127.0.0.1:${far.port}`;
  listed = openListedHosts({ route: (host) => ({ name: host, address, allowPrivate: true }) });
  road = fakeRoad();
  const authority = await makeAuthority({ hosts: ['api.toy.test', 'far.test'], clock });
  writeFileSync(join(folder, 'ca.pem'), authority.certificate);
  gate = await openHttpGate({
    road,
    providers: [toyProvider('toy', ['api.toy.test'])],
    host: '127.0.0.1',
    port: 0,
    egress: () => ({ mode: 'listed', hosts: ['far.test'] }),
    authority,
    tunnel: () => Promise.reject(new Error('nothing is tunnelled')),
    reach: (host, message) => listed.reach(host, message),
    storedFor: () => undefined,
    clock,
  });
});

afterAll(async () => {
  await gate.close();
  await listed.close();
  await far.close();
  rmSync(folder, { recursive: true });
});

beforeEach(() => {
  road.noted.length = 0;
});

function run(command: string, args: readonly string[]): Promise<{ code: number; out: string }> {
  const ca = join(folder, 'ca.pem');
  const env = {
    PATH: process.env['PATH'],
    HOME: folder,
    HTTPS_PROXY: `http://cursor:${corpusToken}@127.0.0.1:${gate.port}`,
    GIT_SSL_CAINFO: ca,
    NODE_EXTRA_CA_CERTS: ca,
    GIT_TERMINAL_PROMPT: '0',
    GIT_CONFIG_NOSYSTEM: '1',
  };
  return new Promise((resolve) => {
    const child = execFile(command, [...args], { cwd: folder, env, timeout: 25_000 }, (error, out, err) =>
      resolve({ code: error === null ? 0 : (child.exitCode ?? 1), out: out + err }),
    );
  });
}

test('git clones and fetches from a listed host, and cannot push to it', async () => {
  const clone = await run('git', ['clone', '-q', 'https://far.test/repo.git', 'clone']);
  expect(clone).toEqual({ code: 0, out: '' });
  expect(readFileSync(join(folder, 'clone', 'README'), 'utf8')).toBe('read me\n');
  const kept = far.head('main');
  appendFileSync(join(folder, 'clone', 'README'), 'changed\n');
  const who = ['-c', 'user.name=agent', '-c', 'user.email=agent@agent.test'];
  expect((await run('git', ['-C', 'clone', ...who, 'commit', '-qam', 'two'])).code).toBe(0);
  const push = await run('git', ['-C', 'clone', 'push', '--force', 'origin', 'main']);
  expect(push.code).not.toBe(0);
  expect(push.out).toContain('403');
  // What to do now, in git's own output: it shows plain text and nothing else.
  expect(push.out).toMatch(/remote: DENIED: a push by git to `far\.test` is not passed on/);
  expect(far.head('main')).toBe(kept);
  expect(far.asked.some((one) => one.includes('receive-pack'))).toBe(false);
  expect((await run('git', ['-C', 'clone', 'fetch', '-q'])).code).toBe(0);
  expect(road.noted.map((entry) => entry.kind)).toContain('refused');
  const paths = road.noted.filter((entry) => entry.kind === 'tunnelled').flatMap((entry) => entry.body['requests']);
  expect(paths).toContainEqual({ method: 'POST', path: '/repo.git/git-upload-pack' });
}, 60_000);

test('C1: no agent token and no proxy credential reached the far side', () => {
  expect(far.headers.length).toBeGreaterThan(0);
  expect(far.headers.join('\n')).not.toMatch(/hpa_|authorization/i);
  expect(far.headers.join('\n')).not.toContain(Buffer.from(`cursor:${corpusToken}`).toString('base64'));
});

test('npm reads a scoped package', async () => {
  const npm = join(dirname(createRequire(import.meta.url).resolve('npm/package.json')), 'bin', 'npm-cli.js');
  expect(existsSync(npm)).toBe(true);
  const args = [npm, 'view', '@far/side', 'version', '--registry', 'https://far.test/', '--fetch-retries', '0'];
  const view = await run(process.execPath, args);
  expect([view.code, view.out.trim()]).toEqual([0, '1.2.3']);
  expect(far.asked).toContain('GET /@far%2fside');
}, 60_000);
