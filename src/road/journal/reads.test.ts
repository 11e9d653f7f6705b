import { describe, expect, it } from 'vitest';
import { isoTime } from '../../contract/clock.ts';
import type { ReadNote } from '../../contract/journal.ts';
import { PendingReads } from './reads.ts';

const note = (operation: string): ReadNote => ({
  principal: 'cursor',
  token: 'tk_1',
  gate: 'http',
  upstream: 'railway-staging',
  operations: [operation],
});
const take = (reads: PendingReads) => reads.take(isoTime(2000), isoTime);

describe('pending reads', () => {
  it('J1: count the same read once by identity and by value, and lose none', () => {
    const reads = new PendingReads();
    const kept = note('railway:project');
    for (let index = 0; index < 5; index++) reads.add(kept, () => 1000);
    reads.add(note('railway:project'), () => 1500);
    reads.add(note('railway:volume'), () => 1500);
    expect(take(reads).drafts).toEqual([
      {
        kind: 'reads',
        body: {
          from: '1970-01-01T00:00:01.000Z',
          to: '1970-01-01T00:00:02.000Z',
          count: 7,
          reads: [
            { ...kept, count: 6 },
            { ...note('railway:volume'), count: 1 },
          ],
        },
      },
    ]);
    expect(reads.empty).toBe(true);
    expect(take(reads).drafts).toEqual([]);
  });

  it('J1: come back when they could not be written', () => {
    const reads = new PendingReads();
    const kept = note('railway:project');
    reads.add(kept, () => 1000);
    const { drafts, putBack } = take(reads);
    putBack();
    expect(take(reads).drafts).toEqual(drafts);
  });

  it('F3: half a character or a long text in one note keeps no other from being written', () => {
    const reads = new PendingReads();
    reads.add({ ...note('x'.repeat(10_000)), principal: 'half \ud800' }, () => 0);
    reads.add(note('railway:project'), () => 0);
    const [draft] = take(reads).drafts;
    expect(draft?.body['count']).toBe(2);
    expect(draft?.body['reads']).toMatchObject([
      { principal: 'half \ufffd', operations: ['x'.repeat(256)] },
      { principal: 'cursor' },
    ]);
  });

  it('F3: a flood of different reads is split into entries, and past a bound refused', () => {
    const reads = new PendingReads();
    for (let index = 0; index < 10_000; index++) reads.add(note(`operation ${index}`), () => 0);
    expect(() => reads.add(note('one more'), () => 0)).toThrow('too many');
    const { drafts } = take(reads);
    expect(drafts).toHaveLength(10);
    expect(drafts.reduce((sum, { body }) => sum + Number(body['count']), 0)).toBe(10_000);
  });
});
