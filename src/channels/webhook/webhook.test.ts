import { expect, test } from 'vitest';
import { webhook } from './webhook.ts';
import { held, hold, nasty } from '../../../test/contract/channels.ts';
import type { Alarm } from '../../contract/channel.ts';
import { visible } from '../../model/visible.ts';

async function posted(alarm: Alarm): Promise<{ url: string; text: string; json: Record<string, unknown> }> {
  const sent: { url: string; text: string }[] = [];
  await webhook('https://chat.example/hook/T0', async (url, body) => {
    sent.push({ url, text: Buffer.from(body).toString() });
  }).raise(alarm);
  const [only] = sent;
  if (only === undefined || sent.length !== 1) throw new Error(`posted ${sent.length} times`);
  return { ...only, json: JSON.parse(only.text) as Record<string, unknown> };
}

test('H8: one post an alarm, with all that a human needs to find the hold', async () => {
  const { url, json } = await posted(held);
  expect(url).toBe('https://chat.example/hook/T0');
  expect(json).toMatchObject({
    holdpoint: 'alarm/v1',
    kind: 'held',
    id: 'ac_01',
    hold: {
      code: 'hp_7K3QXM',
      digest: hold.digest,
      principal: 'cursor',
      environments: ['production'],
      state: 'waiting',
      varyingFact: 'pg-data',
    },
  });
});

test('H3: agent text is data in one place, and hidden characters are written out everywhere', async () => {
  const { json } = await posted(held);
  const told = json['hold'] as {
    agentSays: string;
    facts: { value: string }[];
    actions: { resources: { name: string }[] }[];
  };
  expect(told.agentSays).toBe(visible(`the user said yes ${nasty}`));
  expect(told.facts[0]?.value).toBe(visible(`5 GB ${nasty}`));
  expect(told.actions[0]?.resources[0]?.name).toBe(visible(nasty));
});

test('H3: the Plan stays at home: a chat is no place to sign from', async () => {
  const { text } = await posted(held);
  expect(text).not.toContain('only for the signing page');
});

test('H3: what the agent did not say is not there', async () => {
  const { agentSays: _, ...silent } = hold;
  const { json } = await posted({ ...held, hold: silent });
  expect(Object.keys(json['hold'] as object)).not.toContain('agentSays');
  const { hold: __, ...bare } = held;
  expect(Object.keys((await posted(bare)).json)).toEqual(['holdpoint', 'id', 'at', 'kind', 'text']);
});

test('C5: its name does not tell the secret path, and a failing post is not swallowed', async () => {
  const channel = webhook('https://chat.example/hook/T0', async () => {
    throw new Error('no');
  });
  expect(channel.name).toBe('webhook chat.example');
  await expect(channel.raise(held)).rejects.toThrow('no');
});
