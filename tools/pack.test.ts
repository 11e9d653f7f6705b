import { execFileSync, spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const bin = join(root, 'bin/holdpoint.js');
const folder = mkdtempSync(join(tmpdir(), 'holdpoint-pack-'));
const built = existsSync(join(root, 'src/cli/main.ts'));
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly version: string };

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A node that runs programs but is not the checkout's, with nothing of the checkout on PATH. */
const strangersPath = `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`;

function npm(args: readonly string[], cwd: string): SpawnSyncReturns<string> {
  const cli = join(root, 'node_modules/npm/bin/npm-cli.js');
  const env = {
    ...process.env,
    PATH: strangersPath,
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    npm_config_prefer_offline: 'true',
  };
  return spawnSync(process.execPath, [cli, ...args], { cwd, env, encoding: 'utf8' });
}

describe.skipIf(!built)('the package', () => {
  test('packs what it needs and nothing else, and runs in an empty folder', { timeout: 60_000 }, () => {
    const packed = npm(['pack', '--json', '--pack-destination', folder], root);
    expect(packed.status, packed.stderr).toBe(0);
    const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? '';
    const files = execFileSync('tar', ['-tzf', join(folder, tarball)], { encoding: 'utf8' })
      .trim()
      .split('\n')
      .map((path) => path.replace(/^package\//, ''));
    for (const needed of [
      'bin/holdpoint.js',
      'dist/cli/main.js',
      'policy/schema.cedarschema',
      'LICENSE',
      'NOTICE',
      'package.json',
    ]) {
      expect(files).toContain(needed);
    }
    const tops = new Set(files.map((path) => path.split('/')[0]));
    const known = new Set(['bin', 'dist', 'policy', 'schema', 'LICENSE', 'NOTICE', 'README.md', 'package.json']);
    expect([...tops].filter((top) => !known.has(top ?? ''))).toEqual([]);
    expect(files.filter((path) => /\.(test|fixture)\.|(?<!\.d)\.ts$/.test(path))).toEqual([]);

    writeFileSync(join(folder, 'package.json'), '{"name":"stranger","private":true}');
    const installed = npm(['install', '--ignore-scripts', join(folder, tarball)], folder);
    expect(installed.status, installed.stderr).toBe(0);
    const shown = npm(['exec', '--offline', '--', 'holdpoint', '--version'], folder);
    expect(shown.stdout.trim(), shown.stderr).toContain(version);
    expect(shown.stderr).not.toContain('ExperimentalWarning');
    expect(shown.status).toBe(0);
  });
});

describe('the program', () => {
  test('without a command line says so and exits 6', () => {
    if (built) return;
    const ran = spawnSync(process.execPath, [bin, '--version'], { encoding: 'utf8' });
    expect(ran.stderr).toContain('not built');
    expect(ran.status).toBe(6);
  });

  test('on an older Node says what to do and exits 6', () => {
    // As installed: no src beside it. The version is read from `process.versions`, so a preload can stand for an old Node.
    const preload = join(folder, 'older.cjs');
    writeFileSync(
      preload,
      "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } });",
    );
    const installed = join(folder, 'as-installed');
    mkdirSync(join(installed, 'bin'), { recursive: true });
    writeFileSync(join(installed, 'package.json'), '{"type":"module"}');
    cpSync(bin, join(installed, 'bin/holdpoint.js'));
    const ran = spawnSync(process.execPath, ['--require', preload, join(installed, 'bin/holdpoint.js'), '--version'], {
      encoding: 'utf8',
    });
    expect(ran.stderr).toContain('install Node 24 or newer');
    expect(ran.stderr).toContain('needs Node 24 or newer, and this is 20.20.2');
    expect(ran.status).toBe(6);
  });

  test('is written in what Node 18 parses', () => {
    const text = readFileSync(bin, 'utf8');
    expect(text.startsWith('#!/usr/bin/env node\n')).toBe(true);
    expect(text).not.toMatch(/\bwith\s*\{|\busing\s|import\.meta\.dirname|^import \{[^}]*enableCompileCache/m);
  });
});
