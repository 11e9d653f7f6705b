import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { readFiles } from './attacks/read-files.ts';
import { readProcess } from './attacks/read-process.ts';
import { findCandidates } from './attacks/find-credentials.ts';
import { groupsOf } from './groups.ts';
import type { Target } from './target.ts';
import { unitFindings } from './unit.ts';
import { launchAgent, launchService } from '../daemon/launch.ts';
import { unsheltered } from '../daemon/hand-over.ts';

const folder = mkdtempSync(join(tmpdir(), 'holdpoint-doctor-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('groups', () => {
  const files = (path: string): string =>
    path === '/etc/passwd'
      ? 'root:x:0:0::/root:/bin/sh\nagent:x:990:991::/home:/bin/sh\n'
      : 'root:x:0:\nagent:x:991:\ndocker:x:99:jane,agent\nsudo:x:27:jane\n';

  test('T1: the first one, and those that list the user', () => {
    expect(groupsOf(990, files).map((one) => one.name)).toEqual(['agent', 'docker']);
    expect(groupsOf(5, files)).toEqual([]);
  });

  test('T1: whatever the files hold, it throws nothing', () => {
    fc.assert(fc.property(fc.string(), fc.nat(), (text, uid) => groupsOf(uid, () => text).length >= 0));
  });
});

describe('a unit', () => {
  const good = `[Unit]
ExecStart=/bin/true --inspect
[Service]
ExecStart=/usr/bin/node --disable-sigusr1 \\
  main.js
User=holdpoint
NoNewPrivileges=yes
LimitCORE=0
UMask=0077
CapabilityBoundingSet=
`;
  const findings = (text: string): readonly string[] => {
    const path = join(folder, 'x.service');
    writeFileSync(path, text);
    return unitFindings(path);
  };

  test('T1: is read as systemd reads it: sections, continued lines, the last value', () => {
    expect(findings(good)).toEqual([]);
    expect(findings(`${good}User=root\n`)).toEqual(['User: the daemon would run as root']);
    expect(findings(good.replace('--disable-sigusr1', ''))).toEqual(['ExecStart: a signal could open the inspector']);
    expect(findings(good.replace('CapabilityBoundingSet=\n', ''))).toHaveLength(1);
    expect(unitFindings(join(folder, 'none'))).toEqual(['it cannot be read']);
  });

  test('T1: no text that lacks the flag passes', () => {
    fc.assert(
      fc.property(fc.string(), (text) => findings(text.replaceAll('--disable-sigusr1', '')).length > 0),
      { numRuns: 50 },
    );
  });
});

describe('starting as another account', () => {
  const account = { name: 'x', uid: 990, gid: 991, home: '/', shell: '/bin/sh' };

  test('T1: without an account the line stands as it is', () => {
    expect(launchService(undefined, 'node', ['a'])).toEqual({ program: 'node', args: ['a'], as: {}, missing: [] });
  });

  test('T1: the daemon loses its groups, an agent keeps those of its user; the line comes last, whole', () => {
    for (const [launch, how] of [
      [launchService(account, '/n', ['a', '--', 'b']), '--clear-groups'],
      [launchAgent(account, '/n', ['a', '--', 'b']), '--init-groups'],
    ] as const) {
      const line = [launch.program, ...launch.args];
      expect(line.slice(-4)).toEqual(['/n', 'a', '--', 'b']);
      if (launch.as.uid === undefined)
        expect(line).toEqual(expect.arrayContaining(['--reuid=990', '--regid=991', how]));
      else expect(launch.as).toEqual({ uid: 990, gid: 991 });
    }
  });
});

test('T1: a folder that somebody else may write is named, one that is only sticky is not', () => {
  expect(unsheltered('/usr/lib/holdpoint')).toEqual([]);
  expect(unsheltered('/tmp/holdpoint')).toEqual([]);
});

describe('texts that could be credentials', () => {
  const looked = (text: string): readonly string[] => {
    writeFileSync(join(folder, 'notes'), text);
    const found = findCandidates({ searched: [folder] } as unknown as Target, () => undefined);
    return found.candidates.filter((one) => one.path.startsWith(folder)).map((one) => one.text);
  };

  test('C1: a credential is among them however it is written down', () => {
    const secret = fc
      .stringMatching(/^[A-Za-z0-9_-]{20,60}$/)
      .filter((text) => /\d/.test(text) && /[A-Za-z]/.test(text));
    const around = fc.constantFrom<(text: string) => string>(
      (text) => `TOKEN=${text}\n`,
      (text) => `export TOKEN="${text}"\n`,
      (text) => `token: ${text}\n`,
      (text) => `{"a":{"token":"${text}"}}`,
      (text) => `the token is ${text}, I think`,
      (text) => `curl -H "Authorization: Bearer ${text}" https://x`,
      (text) => `one line\n--token=${text}`,
    );
    fc.assert(
      fc.property(secret, around, (text, write) => looked(write(text)).includes(text)),
      { numRuns: 100 },
    );
  });

  test('C1: so is an address with a password', () => {
    const address = 'postgres://app:s3cr3t@db.example.com:5432/app';
    expect(looked(`DATABASE_URL=${address}\n`)).toContain(address);
    expect(looked(`  url: "${address}"\n`)).toContain(address);
  });
});

test('T1: what this user can open and list is told as reached, of files and of a process; what is not there is not', async () => {
  const file = join(folder, 'open');
  writeFileSync(file, 'x');
  const target = (files: readonly string[], folders: readonly string[], pid: number): Target =>
    ({ files, folders, open: [file], pid }) as unknown as Target;
  const outcomes = async (of: Target): Promise<unknown> =>
    (await Promise.all([readFiles(of), readProcess(of)])).flat().map((one) => one.outcome);
  expect(await outcomes(target([file], [], process.pid))).toEqual(['succeeded', 'succeeded']);
  expect(await outcomes(target([], [folder], process.pid))).toEqual(['succeeded', 'succeeded']);
  const none = join(folder, 'none');
  expect(await outcomes(target([none], [none], 4_194_305))).toEqual(['refused', 'refused']);
});
