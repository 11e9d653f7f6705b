import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { asRoot, named, type Doctored } from './rig.ts';
import type { Status } from '../../src/contract/api.ts';

/** A network namespace and routing by user: the kernel keeps the agent from the provider, and from nothing else. */
const able = asRoot && spawnSync('unshare', ['--net', 'ip', 'rule', 'add', 'uidrange', '1-1', 'prohibit']).status === 0;
if (!able) console.warn('skipped: T2 is tried where root can make a network namespace and route by user (unshare, ip)');

test.skipIf(!able)(
  'T2: where the kernel lets the agent’s user out to the gates only, going round is refused and T2 is proved',
  async () => {
    const fixture = join(import.meta.dirname, 'walled.fixture.ts');
    const child = spawn('unshare', ['--net', process.execPath, '--disable-warning=ExperimentalWarning', fixture], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [said, complained] = await Promise.all([text(child.stdout), text(child.stderr)]);
    expect(said, complained).toMatch(/^\{/);
    const { open, walled, down, status } = JSON.parse(said) as {
      open: Doctored;
      walled: Doctored;
      down: Doctored;
      status: Status;
    };
    expect([open.tier, named(open.attempts, 'succeeded')]).toEqual(['T1', ['go-round']]);
    expect([walled.tier, named(walled.attempts, 'refused').length]).toEqual(['T2', walled.attempts.length]);
    expect(status).toMatchObject({ tier: 'T2', startedTier: 'T1' });
    // A provider that nobody reaches proves nothing.
    expect([down.tier, named(down.attempts, 'unclear')]).toEqual(['T1', ['go-round']]);
  },
  180_000,
);
