import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Complaint } from './complaint.ts';
import { Invocation } from './invocation.ts';
import { Output } from './terminal/output.ts';
import { momentIn, undoWhat } from './undo-what.ts';

const now = new Date(2026, 10, 23, 18, 30).getTime();

function asked(words: readonly string[], options: { readonly [name: string]: string } = {}): string | undefined {
  const out = new Output({ stdout: process.stdout, stderr: process.stderr, json: false });
  return undoWhat(new Invocation({ out, env: {}, words, options, afterDashes: [] }), now)?.query;
}

describe('what should be undone', () => {
  const today = encodeURIComponent(new Date(2026, 10, 23, 14, 5).toISOString());

  test.each([
    [['412'], {}, 'entry=412'],
    [['#412'], {}, 'entry=412'],
    [['hp_7K3QXM'], {}, 'hold=hp_7K3QXM'],
    [['im_01J'], {}, 'image=im_01J'],
    [['cursor'], {}, 'agent=cursor'],
    [['since', '14:05'], {}, `since=${today}`],
    [['14:05'], {}, `since=${today}`],
    [['cursor'], { since: '14:05', environment: 'staging' }, `since=${today}&environment=staging&agent=cursor`],
    [[], { agent: 'since' }, 'agent=since'],
  ])('U2 %j with %j is %s', (words, options, query) => {
    expect(asked(words, options)).toBe(query);
  });

  test('U2 nothing is nothing, and never everything', () => {
    expect(asked([])).toBeUndefined();
    expect(() => asked([], { environment: 'staging' })).toThrow(Complaint);
  });

  test('U2 a moment is one that has passed, in UTC, or a complaint', () => {
    expect(momentIn('2026-11-23T14:05:00+02:00', now)).toBe('2026-11-23T12:05:00.000Z');
    expect(momentIn('2026-11-23', now)).toBe(new Date(2026, 10, 23).toISOString());
    for (const text of ['18:31', '24:00', '9:99', '2026-02', '2027-01-01', 'yesterday', '2026-11-23 14:05'])
      expect(() => momentIn(text, now), text).toThrow(Complaint);
  });

  test('U2 any text is one of these or a complaint', () => {
    fc.assert(
      fc.property(fc.string(), fc.option(fc.string(), { nil: undefined }), (what, time) => {
        try {
          const query = asked(time === undefined ? [what] : [what, time]) ?? '';
          expect([...new URLSearchParams(query).keys()]).toHaveLength(1);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(Complaint);
        }
      }),
    );
  });
});
