import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { railwayProvider } from './index.ts';
import { type EvasionCase, evasionCases } from '../../../test/golden/graphql-evasion.ts';
import type { HttpMessage } from '../../model/http-message.ts';
import { Refused } from '../../model/refusal.ts';

const provider = railwayProvider();
const cases = evasionCases();

/** The message as the HTTP gate hands it over: decoded, headers lower case. */
function messageOf(one: EvasionCase): HttpMessage {
  const bytes = typeof one.body === 'string' ? new TextEncoder().encode(one.body) : one.body;
  const encoding = one.headers['content-encoding'];
  const decoded =
    encoding === 'gzip'
      ? gunzipSync(bytes)
      : encoding === 'deflate'
        ? inflateSync(bytes)
        : encoding === 'br'
          ? brotliDecompressSync(bytes)
          : bytes;
  return {
    protocol: 'http',
    method: one.method,
    origin: 'https://backboard.railway.app',
    path: one.path,
    headers: Object.entries(one.headers).filter(([name]) => name !== 'content-encoding'),
    body: decoded,
  };
}

describe('K5: nothing irreversible reads as something mild', () => {
  it('has at least 250 cases, each with an id of its own', () => {
    expect(cases.length).toBeGreaterThanOrEqual(250);
    expect(new Set(cases.map((one) => one.id)).size).toBe(cases.length);
  });

  it.each(cases.map((one) => [one.id, one] as const))('K5, K2 %s', (_id, one) => {
    const read = (): string =>
      provider
        .read(messageOf(one))
        .actions.map((action) => action.reversibility)
        .join();
    if (one.expect === 'refused') {
      expect(read).toThrow(Refused);
      expect(read).toThrow(/^BAD_REQUEST/);
    } else {
      // A `projectDelete` is sent as what can be cancelled for a while: it is held all the same.
      expect(read()).toMatch(one.id === 'operation-projectDelete' ? /^recoverable$/ : /irreversible|unknown/);
    }
  });

  it('K5 what was judged is what is sent: every reading reads its own plan as the same', () => {
    for (const one of cases.filter((each) => each.expect === 'irreversible')) {
      const reading = provider.read(messageOf(one));
      const [step] = reading.plan.steps;
      const again = step === undefined ? undefined : provider.read(step);
      expect(again?.plan).toEqual(reading.plan);
      expect(again?.actions).toEqual(reading.actions);
    }
  });
});
