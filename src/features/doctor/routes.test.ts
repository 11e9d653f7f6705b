import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { uncoveredRoutes } from './routes.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'holdpoint-routes-'));
});
afterEach(() => rmSync(root, { recursive: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

const found = (): readonly string[] =>
  uncoveredRoutes({ homes: [join(root, 'home')], projects: [join(root, 'app')] }).map(
    (one) => `${one.kind} ${one.where.slice(root.length + 1)}`,
  );

test('T1: nothing there, nothing found', () => expect(found()).toEqual([]));

test('T1: every kind of route is found where it lies, with what closes it and without its secret', () => {
  write('home/.railway/config.json', '{"user":{"token":"11111111-aaaa-4bbb-8ccc-222222222222"}}');
  write('home/.config/gh/hosts.yml', 'github.com:\n  oauth_token: gho_sEcReT\n');
  const { privateKey } = generateKeyPairSync('ed25519', {
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  write('home/.ssh/id_ed25519', privateKey);
  write('home/.ssh/known_hosts', 'x');
  write('home/.aws/credentials', '[default]\naws_access_key_id = AKIAX\naws_secret_access_key = sEcReT\n');
  write('home/.pgpass', 'db.example.com:5432:app:app:sEcReT\n');
  write('app/.git/config', '[remote "origin"]\n\turl = https://jane:sEcReT@github.com/x/y.git\n');
  write('app/railway.toml', '');
  write('app/.env', 'DATABASE_URL=postgres://u:sEcReT@proxy.rlwy.net:1234/x\nR2_SECRET_ACCESS_KEY=sEcReT\n');
  write('app/web/.env.local', 'REDIS_URL="redis://default:sEcReT@redis.example.com:6379"\n');
  expect(found()).toEqual([
    'logged-in home/.railway/config.json',
    'logged-in home/.config/gh/hosts.yml',
    'push app/.git/config',
    'ssh home/.ssh/id_ed25519',
    'bucket home/.aws/credentials',
    'bucket app/.env',
    'database app/.env',
    'database app/web/.env.local',
    'database home/.pgpass',
  ]);
  const all = uncoveredRoutes({ homes: [join(root, 'home')], projects: [join(root, 'app')] });
  expect(JSON.stringify(all)).not.toMatch(/sEcReT|11111111-aaaa|PRIVATE/);
  expect(all.every((one) => one.closes !== '')).toBe(true);
  expect(all.find((one) => one.kind === 'push')).toMatchObject({
    certainty: 'assumed',
    what: expect.stringContaining('Railway'),
  });
});

test('T1: logged out, examples, addresses of this machine and public halves are no routes', () => {
  write('home/.railway/config.json', '{"projects":{},"user":{"token":null}}');
  write('home/.npmrc', 'registry=https://registry.npmjs.org\n');
  write('home/.ssh/id_ed25519.pub', 'ssh-ed25519 AAAA');
  write('app/.env', 'DATABASE_URL=postgres://u:p@localhost:5432/x\n');
  write('app/.env.example', 'DATABASE_URL=postgres://u:p@db.example.com/x\n');
  expect(found()).toEqual([]);
});

test('T1: a pipe keeps nobody waiting, a folder breaks nothing, a link is followed', () => {
  mkdirSync(join(root, 'home', '.railway'), { recursive: true });
  spawnSync('mkfifo', [join(root, 'home', '.railway', 'config.json')]);
  mkdirSync(join(root, 'home', '.npmrc'));
  write('dotfiles/netrc', 'machine api.heroku.com login x password y\n');
  symlinkSync(join(root, 'dotfiles', 'netrc'), join(root, 'home', '.netrc'));
  expect(found()).toEqual(['logged-in home/.netrc']);
});
