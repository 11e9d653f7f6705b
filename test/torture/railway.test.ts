import { describe, expect, it } from 'vitest';
import { torture } from './railway-torture.ts';
import { demandOf } from './railway-verdict.ts';
import type { Provider } from '../../src/contract/provider.ts';
import type { Action } from '../../src/model/action.ts';
import { railway } from '../../src/providers/railway/index.ts';
import { seedFor } from '../fault/journal-dice.ts';

/** `npm run torture` does a million. */
const count = Number(process.env['HOLDPOINT_TORTURE_COUNT'] ?? 20_000);

describe('generated requests', () => {
  it(
    `K1, K5: of ${count} none reaches a destructive resolver but by an Approval of its digest; none breaks anything`,
    { timeout: 600_000 },
    async () => {
      const seed = seedFor('torture');
      const began = process.cpuUsage();
      const tally = await torture({ seed, count });
      expect(tally.wrong).toEqual([]);
      const used = process.cpuUsage(began);
      const outcomes = Object.fromEntries(tally.outcomes);
      console.log(
        `torture: ${JSON.stringify(outcomes)}, ${tally.mutations} mutations reached, ${tally.signedDone} signed ones ran, CPU ${((used.user + used.system) / 1e6).toFixed(0)} s`,
      );
      // It proves nothing unless much is understood, held, signed, and reaches the far side.
      expect(outcomes['HELD'] ?? 0).toBeGreaterThan(count / 20);
      expect(outcomes['done'] ?? 0).toBeGreaterThan(count / 20);
      expect(tally.mutations).toBeGreaterThan(count / 200);
      expect(tally.throughGate).toBeGreaterThan(count / 10);
      expect(tally.signedDone).toBeGreaterThan(0);
    },
  );

  it('K1: the same requests, read by a provider that takes everything for a read, are caught at once', async () => {
    const careless: Provider = {
      ...railway,
      read: (message) => {
        const reading = railway.read(message);
        const mild = (actions: readonly Action[]): readonly Action[] =>
          actions.map((action) => ({ ...action, reversibility: 'read', traits: [] }));
        return {
          ...reading,
          actions: mild(reading.actions),
          *resolve(context) {
            const resolution = yield* reading.resolve(context);
            return { ...resolution, actions: mild(resolution.actions) };
          },
        };
      },
    };
    const { wrong } = await torture({ seed: 1, count: 400, provider: careless });
    expect(wrong[0]).toMatch(/no intent over these bytes|not signed/);
  });

  it('K1: what has to be signed is told by lists that are not the catalogue’s', () => {
    expect(demandOf({ name: 'volumeDelete', arguments: {} })).toBe('signed');
    expect(demandOf({ name: 'apiTokenCreate', arguments: {} })).toBe('signed');
    expect(demandOf({ name: 'anotherMutation', arguments: {} })).toBe('signed');
    expect(demandOf({ name: 'variableUpsert', arguments: { input: { name: 'A', value: 'b' } } })).toBe('signed');
    expect(demandOf({ name: 'serviceUpdate', arguments: {} })).toBe('undoable');
  });
});
