import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { Refused } from '../../model/refusal.ts';
import { type Rig, corpusToken, openRig } from './http-gate.fixture.ts';
import { saysHeader, saysIn } from './says.ts';

const said = (value: string): string | undefined => saysIn(new Map([[saysHeader, value]]));

let rig: Rig | undefined;
afterEach(() => rig?.gate.close());

test('H3: the agent’s words are handed on beside the message, and are no part of it', async () => {
  rig = await openRig();
  const words = 'der Kunde sagt „ja“ \u202e 100 %';
  const ask = (more: Record<string, string>): Promise<Response> =>
    fetch(`http://localhost:${rig?.gate.port}/toy/v1`, {
      method: 'POST',
      headers: { authorization: `Bearer ${corpusToken}`, 'content-type': 'application/json', ...more },
      body: '{}',
    });
  expect((await ask({ 'Holdpoint-Says': encodeURIComponent(words) })).status).toBe(200);
  expect((await ask({})).status).toBe(200);
  const [first, second] = rig.road.asked;
  expect(first?.agentSays).toBe(words);
  expect(second !== undefined && 'agentSays' in second).toBe(false);
  expect(first?.message).toEqual(second?.message);
  expect(JSON.stringify(first?.message)).not.toMatch(/holdpoint-says/i);
  expect(JSON.stringify(first?.reading.plan)).toBe(JSON.stringify(second?.reading.plan));
});

test.each([
  ['a broken percent', '100 %'],
  ['bytes that are no UTF-8', '%ff'],
  ['an overlong form', '%c0%af'],
  ['half a surrogate pair', '%ed%a0%80'],
  ['281 characters', 'x'.repeat(281)],
  ['281 characters in 843 bytes', encodeURIComponent('é'.repeat(281))],
  ['an agent token', encodeURIComponent(corpusToken).replace('hpa_', '%68pa_')],
])('H3 F3: %s is refused', (_what, value) => {
  expect(() => said(value)).toThrow(Refused);
});

test('H3: nothing said is nothing', () => {
  expect(saysIn(new Map())).toBeUndefined();
  expect(said('')).toBeUndefined();
  expect(said('%20%0a')).toBeUndefined();
  expect(said('x'.repeat(280))).toHaveLength(280);
});

test('H3: property: what was encoded comes back, or is refused; nothing else comes out', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), (text) => {
      expect(said(encodeURIComponent(text)) ?? '').toBe(text.trim());
    }),
  );
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('%', 'a', 'f', '0', '9', 'e2', ' ') }), (value) => {
      try {
        expect((said(value) ?? '').isWellFormed()).toBe(true);
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(Refused);
      }
    }),
  );
});
