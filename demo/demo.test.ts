import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { hasBinaries } from './railway/postgres-binaries.ts';

interface Played {
  readonly code: number;
  readonly text: string;
  /** What is left in the folder that the demo had for its own. */
  readonly left: readonly string[];
}

/** Plays the demo as README's first command does, with guards taken out or whole. */
function play(sabotage = ''): Promise<Played> {
  const own = fs.mkdtempSync(path.join(os.tmpdir(), 'demo-test-'));
  fs.chmodSync(own, 0o711);
  const env = {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    TMPDIR: own,
    HOLDPOINT_DEMO_SABOTAGE: sabotage,
  };
  const args = ['--disable-warning=ExperimentalWarning', 'demo/main.ts', '--fast', '--plain'];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { env, maxBuffer: 1 << 24 }, (error, stdout, stderr) => {
      const left = fs.readdirSync(own);
      fs.rmSync(own, { recursive: true, force: true });
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ code, text: `${stdout}${stderr}`, left });
    });
  });
}

/** Requirement ids of the checks that failed, with the first words of their titles. */
function red({ text }: Played): readonly string[] {
  return text.split('\n').flatMap((line) => (line.startsWith('✗ ') ? [line.slice(2)] : []));
}

/** Each play takes half a minute: those with guards taken out are left to the full run. */
const full = process.env['HOLDPOINT_FULL'] === '1';
/** Debian's PostgreSQL 15, of which the demo shows the same as of 18. */
const olderServers = fs.existsSync('/usr/lib/postgresql/15/bin/postgres') ? 1 : 0;
const asRoot = process.getuid?.() === 0 && process.platform === 'linux';

describe.skipIf(!hasBinaries())('the demo', () => {
  describe('as it is', () => {
    let played: Played;
    beforeAll(async () => {
      played = await play();
    }, 300_000);

    test('S1, C1, C2, C3, E1, E3, H3, U1, U2, U3, J1: every check passes, and it says so', () => {
      expect(played.text).not.toContain('FAILED');
      expect(played.code, played.text).toBe(0);
      const [, checks, passed] = /(\d+) checks, (\d+) passed/.exec(played.text) ?? [];
      expect(Number(checks)).toBeGreaterThanOrEqual((asRoot ? 34 : 33) + olderServers);
      expect(passed).toBe(checks);
    });

    test('S1: without holdpoint the same script truly destroys database and backups', () => {
      expect(played.text).toContain('database and 7 backups gone, counter page down');
    });

    test('B1, B2, B3: with volume, backups and account gone the database is back, and the time is printed', () => {
      expect(played.text).toMatch(/^BACK +pg-production is back in \d+\.\d s .* PocketOS took 30 hours$/m);
    });

    test('B1, B3: it prints how far the copy was, what is left of the provider, and each table before and after', () => {
      expect(played.text.match(/the copy is current: the server wrote to \S+, the vault has it through/g)).toHaveLength(
        1 + olderServers,
      );
      expect(played.text).toContain('0 of 7 backups, no files, no server');
      expect(played.text).toContain("of its 5 tokens the provider's API refuses 5");
      const tables = [...played.text.matchAll(/^ +(\S+) +([\d,]+) rows {2}before (\w+) {2}after (\w+)$/gm)];
      expect(tables.map(([, name]) => name)).toEqual(expect.arrayContaining(['pocketos.payments', 'pocketos.cars']));
      expect(tables.length).toBeGreaterThanOrEqual(6 + olderServers);
      for (const [line, , , before, after] of tables) expect(after, line).toBe(before);
    });

    test('T1, T0: it says the tier that it was played at', () => {
      expect(played.text).toMatch(asRoot ? /^tier T1 \(/m : /^tier T0 \(/m);
    });

    test('it cleans up', () => {
      expect(played.left).toEqual([]);
    });
  });

  test.runIf(full)(
    'C2, E1, U3, H7, U1, U2, J1: a check goes red when its one guard is taken out, and no other does',
    async () => {
      const guards = [
        'scope',
        'environment',
        'delay',
        'freeze',
        'undo',
        'bounds',
        'journal',
        'backups',
        ...(asRoot ? ['user'] : []),
      ];
      const played = await play(guards.join(','));
      expect(played.code).toBe(1);
      const wanted = [
        'S1 C2 its scope is domains',
        'E1 a staging token',
        'S1 C2 the same through the intercepting proxy, to https://backboard.railway.com',
        'S1 C2 the same through the intercepting proxy, to https://backboard.railway.app',
        'U3 H2 signed by a human',
        'U1 U2 H6 a few rows of production',
        'U1 U2 H6 a DELETE without a WHERE',
        'U1 H3 K4 a DELETE without bounds',
        'U1 H6 a variable is changed',
        'H7 S2 one step freezes',
        ...(asRoot ? ['C1 T1 as its own OS user'] : []),
        'J1 the journal holds',
        'B1 B2 B3 volume, its seven backups',
        ...(olderServers === 1 ? ['B1 B2 B3 the same for a PostgreSQL 15'] : []),
      ];
      expect(red(played).map((line, index) => line.slice(0, wanted[index]?.length))).toEqual(wanted);
      expect(played.left).toEqual([]);
    },
    300_000,
  );

  test.runIf(full)(
    'U1, H6: without the line that secures rows the agent’s own small change is held, and only such checks go red',
    async () => {
      const played = await play('rows');
      expect(played.code).toBe(1);
      expect(red(played).map((line) => line.slice(0, 33))).toEqual([
        'U1 U2 H6 a few rows of production',
        'U1 U2 H6 a DELETE without a WHERE',
      ]);
      expect(played.text).toContain('it did not run at once: HELD');
    },
    300_000,
  );

  test.runIf(full)(
    'H3, S1: with a policy that allows everything the delete runs, and the checks say so',
    async () => {
      const played = await play('policy');
      expect(played.code).toBe(1);
      expect(red(played).some((line) => line.startsWith('H3 H4 S1 with every scope it is HELD'))).toBe(true);
      expect(red(played).some((line) => line.includes('destroyed volume pg-data'))).toBe(true);
    },
    300_000,
  );

  test('what it does not know it refuses, with what it knows', async () => {
    const played = await play('nothing-like-it');
    expect(played.code).toBe(2);
    expect(played.text).toContain('there is no guard `nothing-like-it`\nknown: raw-token, gate, scope');
  });
});
