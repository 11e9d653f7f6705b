import { expect, test } from 'vitest';
import { backupCycles } from './cycles.ts';
import { full } from '../full.ts';

const cycles = Number(process.env['HOLDPOINT_CYCLES'] ?? (full ? 20 : 0));
const seed = Number(process.env['HOLDPOINT_SEED'] ?? 1);

test.runIf(cycles > 0)(
  `B1, B3: ${cycles} of the cycles of load, fault and restore bring back what was kept`,
  { timeout: 3_600_000 },
  async () => {
    const { wrong, equal } = await backupCycles({ cycles, seed });
    expect(wrong).toEqual([]);
    expect(equal).toBe(cycles);
  },
);
