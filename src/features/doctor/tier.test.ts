import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { attackNames, attacks } from './attacks.ts';
import { tierProved, type Attempt } from './tier.ts';

const all = (outcome: Attempt['outcome']): readonly Attempt[] =>
  attackNames.map((attack) => ({ attack, outcome, detail: '' }));
const but = (changed: (one: Attempt) => Attempt['outcome']): readonly Attempt[] =>
  all('refused').map((one) => ({ ...one, outcome: changed(one) }));

describe('the tier that attempts prove', () => {
  test('T0: nothing tried proves nothing', () => expect(tierProved([])).toBe('T0'));
  test('T2: everything refused', () => expect(tierProved(all('refused'))).toBe('T2'));

  test('T1, T2: going round the gate costs T2 and no more, whether it succeeded or is unclear', () => {
    for (const outcome of ['succeeded', 'unclear'] as const)
      expect(tierProved(but((one) => (one.attack === 'go-round' ? outcome : 'refused')))).toBe('T1');
  });

  test('T1: any other attack that succeeded, is unclear or was left out costs T1', () => {
    for (const name of attackNames.filter((one) => attacks[one].guards === 'T1')) {
      for (const outcome of ['succeeded', 'unclear'] as const)
        expect(tierProved(but((one) => (one.attack === name ? outcome : 'refused')))).toBe('T0');
      expect(tierProved(all('refused').filter((one) => one.attack !== name))).toBe('T0');
    }
  });

  test('T3: no attempt on this machine proves it: it wants another host', () => {
    expect(tierProved(all('refused'))).not.toBe('T3');
  });

  test('T1: one more attempt never raises the tier', () => {
    const attempt = fc.record({
      attack: fc.constantFrom(...attackNames),
      outcome: fc.constantFrom('succeeded', 'refused', 'unclear'),
      detail: fc.constant(''),
    }) as fc.Arbitrary<Attempt>;
    fc.assert(fc.property(attempt, (more) => tierProved([...all('refused'), more]) <= tierProved(all('refused'))));
  });
});
