import { expect, it } from 'vitest';
import { openRefusalEntries } from './refusal-entries.ts';
import type { Entry, EntryDraft } from '../model/entry.ts';

const minute = 60_000;

function rig() {
  let now = Date.UTC(2026, 0, 1);
  const written: EntryDraft[] = [];
  const state = { down: false };
  const record = async (draft: EntryDraft): Promise<Entry> => {
    if (state.down) throw new Error('the disk is gone');
    written.push(draft);
    return { ...draft, schema: 'holdpoint/entry/v1', index: written.length, at: '' };
  };
  const entries = openRefusalEntries({ journal: { record }, clock: { now: () => now }, diagnose: () => undefined });
  const refused = (token: string, code = 'FROZEN'): Promise<boolean> =>
    entries.note({ kind: 'refused', principal: 'cursor', token, gate: 'http', body: { code, plan: {} } }, code);
  return { entries, written, refused, state, pass: (ms: number) => (now += ms) };
}

it('J1, E3: a flood of refusals is a few entries and a sum, for each token and reason by itself', async () => {
  const { entries, written, refused } = rig();
  for (let index = 0; index < 1_000; index++) await refused('tk_A');
  for (let index = 0; index < 20; index++) await refused('tk_A', 'DENIED');
  expect(await refused('tk_B')).toBe(true);
  expect(written).toHaveLength(8 + 8 + 1);
  await entries.close();
  expect(written.slice(17)).toMatchObject([
    { kind: 'refused', token: 'tk_A', gate: 'http', body: { code: 'FROZEN', count: 992 } },
    { kind: 'refused', token: 'tk_A', gate: 'http', body: { code: 'DENIED', count: 12 } },
  ]);
  expect(written.at(-1)?.body['plan']).toBeUndefined();
});

it('J1: a flood that goes on for a day is one whole entry and one sum a minute at most', async () => {
  const { entries, written, refused, pass } = rig();
  for (let minutes = 0; minutes < 24 * 60; minutes++) {
    for (let index = 0; index < 20; index++) await refused('tk_A');
    pass(minute);
  }
  await entries.close();
  expect(written.length).toBeLessThanOrEqual(24 * 60 * 2 + 8);
  const counted = written.reduce((sum, { body }) => sum + Number(body['count'] ?? 1), 0);
  expect(counted).toBe(24 * 60 * 20);
});

it('J1: what could not be written stays counted', async () => {
  const { entries, written, refused, state } = rig();
  for (let index = 0; index < 10; index++) await refused('tk_A');
  state.down = true;
  await entries.close();
  state.down = false;
  await entries.close();
  expect(written.at(-1)).toMatchObject({ body: { count: 2 } });
});
