import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { daemonFlags } from '../../src/daemon/runtime.ts';
import { unitFindings } from '../../src/cli/doctor/unit.ts';

const packaging = join(import.meta.dirname, '../../packaging');
const unit = join(packaging, 'systemd', 'holdpoint.service');
const read = (path: string): string => readFileSync(join(packaging, path), 'utf8');

const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;
if (!hasSystemd) console.warn('skipped: the unit is verified where there is systemd-analyze, and there is none here');

describe('the systemd unit', () => {
  test('T1: it starts the daemon with the flags that it insists on, as its user, hardened', () => {
    const start = /^ExecStart=(.*)$/m.exec(read('systemd/holdpoint.service'))?.[1] ?? '';
    for (const flag of daemonFlags) expect(start).toContain(` ${flag} `);
    expect(unitFindings(unit)).toEqual([]);
  });

  test.skipIf(!hasSystemd)('T1: systemd takes it, and finds little that it leaves open', () => {
    const folder = mkdtempSync(join(tmpdir(), 'holdpoint-unit-'));
    try {
      const path = join(folder, 'holdpoint.service');
      // The programs that it names are looked for: those of this checkout stand in.
      const here = read('systemd/holdpoint.service')
        .replace('/usr/bin/node', process.execPath)
        .replace('/usr/lib/node_modules/holdpoint', join(packaging, '..'));
      writeFileSync(path, here);
      const verified = spawnSync('systemd-analyze', ['verify', path], { encoding: 'utf8' });
      expect([verified.status, verified.stderr]).toEqual([0, '']);
      const judged = spawnSync(
        'systemd-analyze',
        ['security', '--offline=true', '--threshold=20', '--no-pager', path],
        {
          encoding: 'utf8',
        },
      );
      // At most 2.0 of 10, by systemd's own weights.
      expect(judged.stdout + judged.stderr).toMatch(/exposure level for holdpoint\.service: [01]\.\d OK/);
      expect(judged.status).toBe(0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('T1: the users and the home are those that `up` makes', () => {
    const users = [...read('systemd/holdpoint.sysusers').matchAll(/^u (\S+) /gm)].map(([, name]) => name);
    expect(users).toEqual(['holdpoint', 'holdpoint-agent']);
    expect(read('systemd/holdpoint.tmpfiles')).toMatch(
      /^d \/var\/lib\/holdpoint-agent 0700 holdpoint-agent holdpoint-agent -$/m,
    );
  });
});

interface Instruction {
  readonly name: string;
  readonly rest: string;
}

const known = new Set('ARG FROM WORKDIR COPY RUN ENV VOLUME USER STOPSIGNAL HEALTHCHECK ENTRYPOINT'.split(' '));

/** Instructions in order: comments left out, continued lines joined. */
function instructions(text: string): readonly Instruction[] {
  const lines = text
    .replaceAll(/^\s*#.*\n/gm, '')
    .replaceAll(/\\\n/g, ' ')
    .split('\n');
  return lines
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, name = '', rest = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
      return { name, rest };
    });
}

describe('the container recipe', () => {
  const all = instructions(read('container/Containerfile'));
  const last = (name: string): string => all.findLast((one) => one.name === name)?.rest ?? '';

  test('T1: every line is an instruction that we know, and what runs is in exec form', () => {
    expect(all.filter((one) => !known.has(one.name))).toEqual([]);
    for (const { name, rest } of all.filter((one) => ['RUN', 'ENTRYPOINT', 'VOLUME'].includes(one.name))) {
      const words: unknown = JSON.parse(rest);
      expect([name, Array.isArray(words) && words.every((word) => typeof word === 'string')]).toEqual([name, true]);
    }
    expect(JSON.parse(last('HEALTHCHECK').replace(/^.*? CMD /, ''))).toHaveLength(3);
  });

  test('T1: it starts the daemon with its flags, as nobody’s root, at T1, its one-time code in a file of its own', () => {
    const words = JSON.parse(last('ENTRYPOINT')) as readonly string[];
    for (const flag of daemonFlags) expect(words.indexOf(flag)).toBeGreaterThan(0);
    expect(words.some((word) => word.startsWith('--inspect'))).toBe(false);
    expect(words.slice(words.indexOf('--tier'))).toEqual([
      '--tier',
      'T1',
      '--started',
      '/var/lib/holdpoint/started.json',
    ]);
    const [uid, gid] = last('USER').split(':').map(Number);
    expect(uid).toBeGreaterThan(0);
    expect(gid).toBe(uid);
    expect(all.findLastIndex((one) => one.name === 'USER')).toBeLessThan(
      all.findIndex((one) => one.name === 'ENTRYPOINT'),
    );
  });

  test('C1: it brings no credential, runs nothing from the network but the package manager, and the program is root’s', () => {
    const text = read('container/Containerfile');
    expect(text).not.toMatch(/^(ADD)\s|curl|wget|TOKEN|SECRET|PASSWORD|NODE_OPTIONS/m);
    expect(all.filter((one) => one.name === 'FROM').every((one) => /^\$\{NODE\}( AS \w+)?$/.test(one.rest))).toBe(true);
    expect(all.find((one) => one.name === 'COPY' && one.rest.includes('--from='))?.rest).toContain('--chown=0:0');
    expect(all.find((one) => one.name === 'RUN' && one.rest.includes('"npm"'))?.rest).toContain('"--ignore-scripts"');
  });
});
