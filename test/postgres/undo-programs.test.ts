import { describe, expect, test } from 'vitest';
import { hasPostgres15 } from './server.ts';
import { undoTorture } from './undo-torture.ts';
import { full } from '../full.ts';

/** Programs on each server. The older one in full runs alone. */
const count = Number(process.env['HOLDPOINT_UNDO_PROGRAMS'] ?? 50);
const seed = Number(process.env['HOLDPOINT_UNDO_SEED'] ?? 1);

describe.each(full && hasPostgres15() ? ([18, 15] as const) : ([18] as const))('U1, U2: on PostgreSQL %i', (major) => {
  test(
    `${count} programs that destroy, half of them in schemas made at random, with neighbours who lock the same rows: each is put back whole, or was held`,
    async () => {
      const { became, wrong } = await undoTorture({ majors: [major], count, from: seed });
      expect(wrong).toEqual([]);
      // Too many that are held would prove nothing.
      expect(became.undone).toBeGreaterThan(count * 0.4);
    },
    30_000 + count * 4_000,
  );
});
