import { describe, expect, it } from 'vitest';
import { outcomeOf } from './answer.ts';
import type { Answer } from '../../contract/upstream.ts';

const answer = (content: unknown, status = 200): Answer => ({
  protocol: 'http',
  content: { protocol: 'http', status, headers: [], body: new TextEncoder().encode(JSON.stringify(content)) },
});

describe('what an answer proves', () => {
  it('U1: an error at the root field of the only act proves that it did not run', () => {
    const refused = { data: null, errors: [{ message: 'Not Authorized', path: ['serviceUpdate'] }] };
    expect(outcomeOf(answer(refused), 1)).toBe('failed');
  });

  it('U1: an error beneath the root field proves nothing: the act ran, and null spread upwards', () => {
    const refused = { data: null, errors: [{ message: 'Not Authorized', path: ['serviceUpdate', 'project'] }] };
    expect(outcomeOf(answer(refused), 1)).toBe('unknown');
  });

  it('U1: beside other acts an error proves nothing', () => {
    const refused = { data: null, errors: [{ message: 'Not Authorized', path: ['b'] }] };
    expect(outcomeOf(answer(refused), 2)).toBe('unknown');
  });
});
