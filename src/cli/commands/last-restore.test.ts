import { expect, test } from 'vitest';
import { lastRestore } from './last-restore.ts';
import type { Api } from '../api/api.ts';
import type { BackupState } from '../../contract/backup-state.ts';
import type { Hold } from '../../model/hold.ts';

const hold = (gate: string): Hold => ({ id: 'hp_1', request: { gate, upstream: 'app' } }) as unknown as Hold;
const newest = { restorableTo: '2026-11-24T09:00:00.000Z' };
const apiOf = (answer: readonly Partial<BackupState>[] | Error): Api =>
  ({
    get: async () => {
      if (answer instanceof Error) throw answer;
      return { backups: answer };
    },
  }) as unknown as Api;
const textOf = async (...[api, one]: Parameters<typeof lastRestore>): Promise<string> =>
  (await lastRestore(api, one)).flatMap(({ lines }) => lines.map(({ text, tone }) => `${tone} ${text}`)).join('\n');

test('H3: whoever signs is told what could be brought back, and that nothing could', async () => {
  const drilled = { name: 'app', verdict: 'good', newest, lastGoodDrill: { at: '2026-11-23T00:00:00.000Z' } } as const;
  const good = await textOf(apiOf([drilled as unknown as BackupState]), hold('postgres'));
  expect(good).toContain(
    'plain last verified restore: 2026-11-23T00:00:00.000Z; newest copy to 2026-11-24T09:00:00.000Z',
  );
  expect(good).toContain('holdpoint restore app --to before:hp_1');
  const never = { name: 'app', verdict: 'not-rehearsed', newest } as unknown as BackupState;
  expect(await textOf(apiOf([never]), hold('postgres'))).toContain('warning last verified restore: never');
  expect(await textOf(apiOf([]), hold('postgres'))).toContain('warning there is no copy of app');
  expect(await textOf(apiOf(new Error('gone')), hold('postgres'))).toContain(
    'warning what copies there are is not known',
  );
  expect(await textOf(apiOf([]), hold('http'))).toBe('');
});
