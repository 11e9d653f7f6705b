import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { benchSlowClients } from '../../bench/slow-clients.ts';

it(
  'F3: under a thousand clients that send or read slowly memory stays within a bound, and others are served',
  { timeout: 120_000 },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'holdpoint-slow-'));
    try {
      const figures = await benchSlowClients(folder, { rounds: 1, seconds: 1, quick: false });
      console.log(figures.map(({ name, value, unit }) => `${name}: ${value.toFixed(0)} ${unit}`).join('; '));
      const value = (name: string): number => figures.find((one) => one.name.startsWith(name))?.value ?? Number.NaN;
      expect(value('clients of 999')).toBeGreaterThan(600);
      // Generous: a busy machine collects its garbage late.
      expect(value('and at most above that')).toBeLessThan(512);
      expect(value('ordinary requests served')).toBeGreaterThanOrEqual(1);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
);
