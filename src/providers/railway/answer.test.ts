import { describe, expect, it } from 'vitest';
import { outcomeOf, providerRefusalOf } from './answer.ts';
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

describe("the provider's own refusal of the credential", () => {
  const raw = (text: string, status = 200): Answer => ({
    protocol: 'http',
    content: { status, headers: [], body: new TextEncoder().encode(text) },
  });

  it('E3: is found however the member `errors` is spelled', () => {
    const refused = '{"data":null,"errors":[{"message":"Not Authorized"}]}';
    expect(providerRefusalOf(raw(refused))).toBe('Not Authorized');
    expect(providerRefusalOf(raw(refused.replace('errors', String.raw`\u0065rrors`)))).toBe('Not Authorized');
    expect(providerRefusalOf(raw(refused.replace('errors', String.raw`e\u0072\u0072ors`)))).toBe('Not Authorized');
  });

  it('E3: is no part of the data, and stands for itself in the status', () => {
    expect(providerRefusalOf(raw('{"data":{"errors":[{"message":"Not Authorized"}]}}'))).toBeUndefined();
    expect(providerRefusalOf(raw('{"data":{}}'))).toBeUndefined();
    expect(providerRefusalOf(raw('', 401))).toBe('HTTP 401');
  });
});
