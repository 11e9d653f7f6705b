import { describe, expect, it } from 'vitest';
import type { Alarm, Channel } from '../../src/contract/channel.ts';
import { actionDigest, type ActionRequest } from '../../src/model/action-request.ts';
import type { Hold } from '../../src/model/hold.ts';
import { singleStep } from '../../src/model/plan.ts';

/** One channel with what stands at its other end. */
export interface ChannelDriver {
  readonly channel: Channel;
  /** What arrived, as text, one an alarm. */
  readonly received: () => readonly string[];
  /** From here on the other end takes nothing. */
  readonly refuse: () => void;
  close(): Promise<void>;
}

/** What a hold may hold that no human should be shown raw. */
export const nasty = 'pg\u202edata\u001b[2J\u200b\u0007\n\u2028<b>“ok”';
const raw = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;

const request: ActionRequest = {
  schema: 'holdpoint/action/v1',
  principal: { kind: 'agent', id: 'pr_1', name: 'cursor' },
  token: 'tk_1',
  gate: 'http',
  upstream: 'toy-production',
  environments: ['production'],
  actions: [
    {
      operation: 'toy:delete',
      reversibility: 'irreversible',
      traits: [],
      resources: [{ kind: 'toy:thing', id: 'a', name: nasty, environments: ['production'] }],
      why: 'it does not come back',
    },
  ],
  settings: {},
  plan: singleStep({ protocol: 'toy', secret: 'only for the signing page' }),
  affected: null,
};

export const hold: Hold = {
  id: 'hp_01KXXXXXXXXXXXXXXXXXXXXXXX',
  code: 'hp_7K3QXM',
  digest: actionDigest(request),
  request,
  state: 'waiting',
  friction: { signatures: 1, typedFact: true },
  reasons: ['it is irreversible'],
  rules: ['signed'],
  facts: [{ label: 'Size', value: `5 GB ${nasty}`, tone: 'danger', source: 'provider' }],
  varyingFact: 'pg-data',
  defaultMode: 'now',
  undo: 'none',
  agentSays: `the user said yes ${nasty}`,
  tokenPurpose: 'custom domains',
  tier: 'T1',
  createdAt: '2026-11-23T09:00:00.000Z',
  expiresAt: '2026-11-24T09:00:00.000Z',
  asked: 1,
};

export const held: Alarm = {
  id: 'ac_01',
  at: '2026-11-23T09:00:00.000Z',
  kind: 'held',
  text: 'hp_7K3QXM waits for a signature',
  hold,
};

/** The one suite that every channel passes (docs/architecture.md, "The rooms"). */
export function channelContract(name: string, open: () => Promise<ChannelDriver>): void {
  describe(`channel contract: ${name}`, () => {
    const on = (title: string, work: (driver: ChannelDriver) => Promise<void>): void => {
      it(title, async () => {
        const driver = await open();
        try {
          await work(driver);
        } finally {
          await driver.close();
        }
      });
    };

    on('says which hold waits, of whom, and what it would do (H8)', async ({ channel, received }) => {
      await channel.raise(held);
      expect(received()).toHaveLength(1);
      for (const part of ['hp_7K3QXM', 'cursor', 'toy:delete', 'irreversible', 'production'])
        expect(received()[0]).toContain(part);
    });
    on('carries every kind of alarm, with a hold or without', async ({ channel, received }) => {
      const kinds = [
        'denied',
        'exposure',
        'provider-refused',
        'overdue',
        'frozen',
        'outcome-unknown',
        'signer',
        'clock',
      ] as const;
      for (const kind of kinds) await channel.raise({ id: 'ac_02', at: held.at, kind, text: `this is ${kind}` });
      expect(received()).toHaveLength(kinds.length);
      for (const [at, kind] of kinds.entries()) expect(received()[at]).toContain(`this is ${kind}`);
    });
    on('never carries a raw hidden character, whoever wrote it (H3)', async ({ channel, received }) => {
      await channel.raise(held);
      await channel.raise({ ...held, kind: 'provider-refused', text: `toy refused: ${nasty}` });
      for (const text of received()) expect(text).not.toMatch(raw);
      expect(received().join()).toContain('⟨U+202E⟩');
    });
    on('says the agent’s words once, and apart from ours (H3)', async ({ channel, received }) => {
      await channel.raise(held);
      expect(received().join().split('the user said yes')).toHaveLength(2);
    });
    on('rejects when the other end did not take it, so that it is tried again (H8)', async ({ channel, refuse }) => {
      refuse();
      await expect(channel.raise(held)).rejects.toThrow();
    });
    on('has a name of its own, and closes', async ({ channel }) => {
      expect(channel.name).not.toBe('');
      await channel.close();
    });
  });
}
