import { describe, expect, test } from 'vitest';
import { openBackups } from './backups.ts';
import type { Copiers, CopiersParts } from './copiers.ts';
import { backupSchema } from './config.ts';
import { backupState } from './verdict.ts';
import { emptyConfig } from '../config.ts';
import type { BackupRecord, DrillRecord } from '../../contract/backup-state.ts';
import type { Alarm } from '../../contract/channel.ts';

const now = Date.parse('2026-11-24T12:00:00.000Z');
const hour = 3_600_000;
const ago = (hours: number): string => new Date(now - hours * hour).toISOString();
const key = `age1${'q'.repeat(58)}`;
const plan = backupSchema.parse({ source: 'b', stores: ['disk'], recovery: key, drill: `age1${'p'.repeat(58)}` });

const copy = (hours: number, more: Partial<BackupRecord> = {}): BackupRecord => ({
  id: `bk_${hours}`,
  name: 'pg',
  state: 'whole',
  restorableTo: ago(hours),
  keptUntil: ago(hours - 720),
  stores: ['disk'],
  ...more,
});
const drill = (hours: number, good = true): DrillRecord => ({
  id: `dr_${hours}`,
  name: 'pg',
  backup: 'bk_1',
  good,
  at: ago(hours),
});
const state = (backups: readonly BackupRecord[], drills: readonly DrillRecord[]): ReturnType<typeof backupState> =>
  backupState({ name: 'pg', environment: 'live', plan, stores: {}, backups, drills, now });

describe('what is said of a backup', () => {
  test.each([
    ['nothing at all', [], [], 'none'],
    ['an incomplete copy alone', [copy(1, { state: 'incomplete' })], [drill(1)], 'none'],
    ['a copy whose keep time is over', [copy(1, { keptUntil: ago(0) })], [drill(1)], 'none'],
    ['a copy from the future', [copy(-1)], [drill(1)], 'none'],
    ['a copy whose time cannot be read', [copy(1, { restorableTo: 'soon' })], [drill(1)], 'none'],
    ['an old copy', [copy(25)], [drill(1)], 'late'],
    ['a young copy, never tried', [copy(1)], [], 'not-rehearsed'],
    ['a young copy, tried too long ago', [copy(1)], [drill(169)], 'not-rehearsed'],
    ['a young copy, whose last drill failed', [copy(1)], [drill(2), drill(1, false)], 'not-rehearsed'],
    ['a young copy, tried lately', [copy(30), copy(1)], [drill(3, false), drill(2)], 'good'],
  ] as const)('B2 %s', (_, backups, drills, verdict) => {
    const found = state(backups, drills);
    expect(found.verdict).toBe(verdict);
    expect(found.problems.length > 0).toBe(verdict !== 'good');
  });

  test('H8 an alarm is raised when it begins, not each minute, again after a day, and anew once it had ended', async () => {
    const raised: Omit<Alarm, 'id' | 'at'>[] = [];
    const records: BackupRecord[] = [];
    let time = now;
    const config = { ...emptyConfig, backups: { pg: plan } };
    const parts = {
      store: {
        find: async (kind: string) =>
          (kind === 'backups' ? records : []).map((one) => ({ key: one.id, record: { ...one } })),
      },
      config: () => config,
      clock: { now: () => time },
      raise: (alarm: Omit<Alarm, 'id' | 'at'>) => raised.push(alarm),
    };
    const nobody: Copiers = { of: () => undefined, follow: () => undefined, close: async () => undefined };
    const backups = openBackups(parts as unknown as CopiersParts, nobody);
    await backups.watch();
    await backups.watch();
    expect(raised.map((one) => one.kind)).toEqual(['backup-late']);
    time += 24 * hour;
    await backups.watch();
    expect(raised).toHaveLength(2);
    records.push({ ...copy(0), restorableTo: new Date(time).toISOString() });
    await backups.watch();
    expect(raised.at(-1)?.kind).toBe('drill-late');
    records.pop();
    await backups.watch();
    expect(raised.map((one) => one.kind)).toEqual(['backup-late', 'backup-late', 'drill-late', 'backup-late']);
  });
});
