import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { gateDoors, type Door } from './doors.ts';
import { openStage, type GraphqlAnswer, type Stage } from './stage.ts';
import type { FreezeState } from '../../src/contract/api.ts';
import type { Alarm } from '../../src/contract/channel.ts';
import type { Entry } from '../../src/model/entry.ts';
import type { Hold } from '../../src/model/hold.ts';

const volumeDelete = (volume: string): string => `mutation { volumeDelete(volumeId: "${volume}") }`;
const codeOf = (answer: GraphqlAnswer): unknown => answer.errors?.[0]?.extensions?.['code'];
const holdOf = (answer: GraphqlAnswer): string => String(answer.errors?.[0]?.extensions?.['hold']);
const both = ['staging', 'production'];

const questions = async (stage: Stage): Promise<readonly Hold[]> => {
  const { holds } = (await stage.api('GET', '/v1/holds?state=waiting')).body as unknown as { holds: readonly Hold[] };
  return holds.filter((hold) => hold.kind === 'question');
};
const entriesOf = async (stage: Stage, kind: string): Promise<readonly Entry[]> =>
  (await stage.api('GET', `/v1/journal?kind=${kind}&limit=1000`)).body['entries'] as readonly Entry[];
const freezeOf = async (stage: Stage): Promise<FreezeState> =>
  (await stage.api('GET', '/v1/freeze')).body as unknown as FreezeState;

const greeting = (stage: Stage, value: string): [string, Record<string, unknown>] => [
  'mutation ($input: VariableUpsertInput!) { variableUpsert(input: $input) }',
  {
    input: {
      projectId: stage.double.ids.project,
      environmentId: stage.double.ids.environments.production,
      serviceId: stage.double.ids.services.counter,
      name: 'GREETING',
      value,
      skipDeploys: true,
    },
  },
];

describe('E3: every credential and permission error asks a human', { timeout: 60_000 }, () => {
  let stage: Stage;
  let alarms: Alarm[];
  beforeAll(async () => {
    stage = await openStage();
    alarms = [];
    stage.daemon.api.alarms.listen((alarm) => void alarms.push(alarm));
  });
  afterAll(() => stage.close());

  const untaken = `hpa_0000000000000000000000000A_${'x'.repeat(43)}`;

  it('E3: our own 401 says stop, with a hold that asks and an alarm, and merges', async () => {
    const first = await stage.graphql(untaken, volumeDelete(stage.double.ids.volume));
    expect(codeOf(first.body)).toBe('HOLDPOINT_BAD_TOKEN');
    expect(first.body.errors?.[0]?.message).toContain('do not look for another credential');
    const hold = await stage.hold(holdOf(first.body));
    expect(hold).toMatchObject({ kind: 'question', rules: ['no-token'], state: 'waiting' });
    expect(alarms.some((alarm) => alarm.hold?.code === hold.code)).toBe(true);
    const second = await stage.graphql(untaken, volumeDelete(stage.double.ids.volume));
    expect(holdOf(second.body)).toBe(hold.code);
    expect((await stage.hold(hold.code)).asked).toBeGreaterThan(1);
  });

  it('E3, C2: a revoked token is named to the human, and to nobody else', async () => {
    const token = await stage.token('fired', { presets: ['railway:all'], environments: both });
    const { tokens } = (await stage.api('GET', '/v1/tokens')).body as {
      tokens: { id: string; principal: { name: string } }[];
    };
    const id = tokens.find((one) => one.principal.name === 'fired')?.id;
    await stage.api('POST', `/v1/tokens/${id}/revoke`, {});
    const { body } = await stage.graphql(token, volumeDelete(stage.double.ids.volume));
    expect(body.errors?.[0]?.message).not.toContain('revoked');
    const hold = await stage.hold(holdOf(body));
    expect(hold.request.principal.name).toBe('fired');
    expect(hold.reasons[0]).toContain('revoked');
  });

  it('E3, C2: a denial by scope asks too, at every door, and no door leads on', async () => {
    const token = await stage.token('domains', {
      presets: ['railway:domains'],
      environments: both,
      purpose: 'domains',
    });
    const codes = new Set<string>();
    for (const door of gateDoors(stage, { name: 'domains', token })) {
      const answer = await door.ask(token, volumeDelete(stage.double.ids.volume));
      expect(codeOf(answer), door.name).toBe('HOLDPOINT_DENIED');
      codes.add(holdOf(answer));
    }
    expect(codes.size).toBe(1);
    const hold = await stage.hold([...codes][0] ?? '');
    expect(hold).toMatchObject({ kind: 'question', rules: ['outside-scope'], tokenPurpose: 'domains' });
    expect(hold.request.actions[0]?.operation).toBe('railway:volumeDelete');
    expect(stage.reached('volumeDelete')).toBe(0);
  });

  it('E3, C3: an exposed credential asks as well', async () => {
    const { body } = await stage.graphql(stage.double.tokens.domains, volumeDelete(stage.double.ids.volume));
    expect(codeOf(body)).toBe('HOLDPOINT_EXPOSED_CREDENTIAL');
    expect(await stage.hold(holdOf(body))).toMatchObject({ kind: 'question', rules: ['exposed-credential'] });
  });

  it('E3, H1: nothing runs from a question, signed or not', async () => {
    const [question] = (await questions(stage)).filter((hold) => hold.rules[0] === 'outside-scope');
    if (question === undefined) throw new Error('there is no question');
    const signed = await stage.approve(question);
    expect(signed.status).toBe(403);
    expect(String(signed.body['detail'])).toContain('is a question');
    expect((await stage.api('POST', `/v1/holds/${question.id}/run`)).status).toBe(403);
    expect(stage.reached('volumeDelete')).toBe(0);
  });

  it('E3, H6: a hundred different refusals are few questions', async () => {
    const token = await stage.token('flood', { presets: ['railway:domains'], environments: both });
    for (let index = 0; index < 100; index++) {
      const { body } = await stage.graphql(
        token,
        volumeDelete(`00000000-0000-4000-8000-${String(index).padStart(12, '0')}`),
      );
      expect(codeOf(body)).toBe('HOLDPOINT_DENIED');
      expect(holdOf(body)).toMatch(/^hp_/);
    }
    const asked = (await questions(stage)).filter((hold) => hold.request.principal.name === 'flood');
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.length).toBeLessThanOrEqual(5);
  });

  it('E3, J1: what the API refuses is journaled, with a hold where an agent wants to be a human, and bounded', async () => {
    const token = await stage.token('climber', { presets: ['railway:all'], environments: both });
    const before = (await entriesOf(stage, 'refused')).length;
    const ask = (bearer: string): Promise<Response> =>
      fetch(`${stage.daemon.addresses.api}/v1/holds/hp_000000/approve`, {
        method: 'POST',
        headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
        body: '{}',
      });
    const answer = await ask(token);
    expect(answer.status).toBe(403);
    const { hold } = (await answer.json()) as { hold: string };
    expect(await stage.hold(hold)).toMatchObject({ kind: 'question', rules: ['outside-scope'] });
    for (let index = 0; index < 50; index++) expect((await ask(token)).status).toBe(403);
    const entries = (await entriesOf(stage, 'refused')).slice(before);
    expect(entries.filter((entry) => entry.gate === 'api' && entry.principal === 'climber')).toMatchObject([
      { body: { code: 'DENIED', asked: 'POST /v1/holds/hp_000000/approve', question: hold } },
    ]);
    await stage.daemon.api.refusals.close();
    const sum = (await entriesOf(stage, 'refused')).at(-1);
    expect(sum).toMatchObject({
      gate: 'api',
      body: { refusals: [{ code: 'DENIED', principal: 'climber', count: 50 }] },
    });
  });

  it('E3: an API without a token, and one that nobody made, are refused, asked about and journaled', async () => {
    const none = await fetch(`${stage.daemon.addresses.api}/v1/status`);
    expect(none.status).toBe(401);
    expect(((await none.json()) as { hold: string }).hold).toMatch(/^hp_/);
    const unknown = await fetch(`${stage.daemon.addresses.api}/v1/status`, {
      headers: { authorization: `Bearer ${untaken}` },
    });
    expect(((await unknown.json()) as { hold: string }).hold).toMatch(/^hp_/);
    const entries = await entriesOf(stage, 'refused');
    expect(entries.some((entry) => entry.gate === 'api' && entry.body['code'] === 'BAD_TOKEN')).toBe(true);
  });
});

describe('H7: nine seconds', { timeout: 60_000 }, () => {
  let stage: Stage;
  let token: string;
  beforeAll(async () => {
    stage = await openStage({ velocity: '{}' });
    token = await stage.token('hasty', { presets: ['railway:all'], environments: both });
  });
  afterAll(() => stage.close());

  const write = async (value: string): Promise<unknown> =>
    codeOf((await stage.graphql(token, ...greeting(stage, value))).body);

  it('H7: a burst of destructive attempts freezes that agent by itself, at every door, and nobody else', async () => {
    expect(await write('before')).toBeUndefined();
    const began = performance.now();
    let asked = 0;
    while ((await freezeOf(stage)).agents.length === 0 && asked < 40) {
      await stage.graphql(token, volumeDelete(`00000000-0000-4000-8000-${String(asked++).padStart(12, '0')}`));
    }
    expect(asked).toBe(11);
    expect(performance.now() - began).toBeLessThan(9_000);
    expect((await freezeOf(stage)).agents).toMatchObject([{ name: 'hasty', by: 'holdpoint' }]);
    for (const door of gateDoors(stage, { name: 'hasty', token })) {
      expect(codeOf(await door.ask(token, ...greeting(stage, 'after'))), door.name).toBe('HOLDPOINT_FROZEN');
    }
    expect(stage.reached('variableUpsert')).toBe(1);
    const read = await stage.graphql(
      token,
      `query { environment(id: "${stage.double.ids.environments.staging}") { name } }`,
    );
    expect(read.body).toMatchObject({ data: { environment: { name: 'staging' } } });
    const other = await stage.token('calm', { presets: ['railway:variables'], environments: both });
    expect(codeOf((await stage.graphql(other, ...greeting(stage, 'calm'))).body)).toBeUndefined();
    const [entry] = (await entriesOf(stage, 'frozen')).slice(-1);
    expect(entry).toMatchObject({ principal: 'holdpoint', body: { agent: 'hasty' } });
  });

  it('H7, F2: it is still frozen after a restart, and only a signature over that freeze thaws it', async () => {
    await stage.restart();
    expect(await write('restarted')).toBe('HOLDPOINT_FROZEN');
    const [own] = (await freezeOf(stage)).agents;
    await expect(stage.act('thaw', { epoch: (own?.epoch ?? 0) + 7, agent: 'hasty' })).rejects.toThrow('another freeze');
    await expect(stage.act('thaw', { epoch: (await freezeOf(stage)).epoch, agent: 'calm' })).rejects.toThrow(
      'not frozen',
    );
    await stage.act('thaw', { epoch: own?.epoch ?? 0, agent: 'hasty' });
    expect(await write('thawed')).toBeUndefined();
  });

  it('H7, F2: what was counted before a restart counts after it', async () => {
    for (let index = 0; index < 10; index++)
      await stage.graphql(token, volumeDelete(`00000000-0000-4000-8001-${String(index).padStart(12, '0')}`));
    expect((await freezeOf(stage)).agents).toEqual([]);
    await stage.restart();
    await stage.graphql(token, volumeDelete('00000000-0000-4000-8001-999999999999'));
    expect((await freezeOf(stage)).agents).toMatchObject([{ name: 'hasty' }]);
  });

  it('H6, H7: asking the same again and again is polling, not a burst', async () => {
    const polling = await stage.token('polling', { presets: ['railway:all'], environments: both });
    for (let index = 0; index < 30; index++)
      expect(codeOf((await stage.graphql(polling, volumeDelete(stage.double.ids.volume))).body)).toBe('HOLDPOINT_HELD');
    expect((await freezeOf(stage)).agents.map((one) => one.name)).not.toContain('polling');
  });
});

describe('H7: a human freezes', { timeout: 60_000 }, () => {
  it('H7: and within a second no door writes, not even what was approved, while reads go on', async () => {
    const stage = await openStage();
    try {
      const token = await stage.token('busy', { presets: ['railway:all'], environments: both });
      const held = await stage.graphql(token, volumeDelete(stage.double.ids.volume));
      const hold = await stage.hold(holdOf(held.body));
      await stage.approve(hold);
      const began = performance.now();
      expect((await stage.api('POST', '/v1/freeze', { why: 'drill' })).status).toBe(200);
      for (const door of gateDoors(stage, { name: 'busy', token }))
        expect(codeOf(await door.ask(token, ...greeting(stage, 'frozen'))), door.name).toBe('HOLDPOINT_FROZEN');
      expect(performance.now() - began).toBeLessThan(10_000);
      const run = await stage.api('POST', `/v1/holds/${hold.id}/run`);
      expect(run.body['code']).toBe('HOLDPOINT_FROZEN');
      expect(stage.reached('variableUpsert') + stage.reached('volumeDelete')).toBe(0);
      const read = await stage.graphql(
        token,
        `query { environment(id: "${stage.double.ids.environments.staging}") { name } }`,
      );
      expect(read.body).toMatchObject({ data: { environment: { name: 'staging' } } });
    } finally {
      await stage.close();
    }
  });

  it('H7, J1: whoever goes on while frozen is refused each time, and fills no disk by it', async () => {
    const stage = await openStage();
    onTestFinished(() => stage.close());
    const token = await stage.token('stubborn', { presets: ['railway:all'], environments: both });
    await stage.api('POST', '/v1/freeze', { why: 'drill' });
    for (let index = 0; index < 60; index++) {
      const { body } = await stage.graphql(token, volumeDelete('00000000-0000-4000-8000-000000000000'));
      expect(codeOf(body)).toBe('HOLDPOINT_FROZEN');
    }
    const mine = async (): Promise<readonly Entry[]> =>
      (await entriesOf(stage, 'refused')).filter((entry) => entry.principal === 'stubborn');
    expect(await mine()).toHaveLength(8);
    await stage.daemon.road.refusals.close();
    expect((await mine()).at(-1)).toMatchObject({ gate: 'http', body: { code: 'FROZEN', count: 52 } });
  });

  it('H7: what is on its way when the freeze comes is not sent later than a second after it', async () => {
    const stage = await openStage();
    try {
      const token = await stage.token('busy', { presets: ['railway:all'], environments: both });
      const stop = new AbortController();
      const answers: { readonly at: number; readonly code: unknown }[] = [];
      // A client library by the base URL, and by the proxy to both hosts.
      const doors = gateDoors(stage, { name: 'busy', token }).filter(({ name }) => name.startsWith('library'));
      expect(doors).toHaveLength(3);
      const writers = doors.map(async (door, writer) => {
        for (let turn = 0; !stop.signal.aborted; turn++) {
          const answer = await door.ask(token, ...greeting(stage, `${writer}-${turn}`));
          answers.push({ at: performance.now(), code: answer.errors === undefined ? 'done' : codeOf(answer) });
        }
      });
      await expect
        .poll(() => answers.filter(({ code }) => code === 'done').length, { timeout: 20_000 })
        .toBeGreaterThan(5);
      const began = performance.now();
      await stage.api('POST', '/v1/freeze', { why: 'drill' });
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      const after = stage.reached('variableUpsert');
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      expect(stage.reached('variableUpsert')).toBe(after);
      stop.abort();
      await Promise.all(writers);
      const late = answers.filter(({ at }) => at - began > 1_000);
      expect(late.length).toBeGreaterThan(0);
      expect([...new Set(late.map(({ code }) => code))]).toEqual(['HOLDPOINT_FROZEN']);
    } finally {
      await stage.close();
    }
  });
});

describe('H5: a human said no', { timeout: 60_000 }, () => {
  let stage: Stage;
  let token: string;
  let doors: readonly Door[];
  let approved: Hold;
  beforeAll(async () => {
    stage = await openStage();
    token = await stage.token('stubborn', { presets: ['railway:all'], environments: both });
    doors = gateDoors(stage, { name: 'stubborn', token });
    const { ids } = stage.double;
    // Signed before the human thinks again: it would end the same volume by another operation.
    const other = await stage.graphql(token, `mutation { serviceDelete(id: "${ids.services.postgres}") }`);
    approved = await stage.hold(holdOf(other.body));
    await stage.approve(approved);
    const hold = await stage.hold(holdOf((await stage.graphql(token, volumeDelete(ids.volume))).body));
    await stage.api('POST', `/v1/holds/${hold.id}/deny`, { note: 'pg is live' });
  });
  afterAll(() => stage.close());

  it('H5: the goal is locked at every door and in every spelling', async () => {
    const { volume, environments } = stage.double.ids;
    const spellings: readonly (readonly [string, Record<string, unknown>?])[] = [
      [volumeDelete(volume)],
      ['mutation Tidy($v: String!) { harmless: volumeDelete(volumeId: $v) }', { v: volume }],
      ['mutation { ...f } fragment f on Mutation { volumeDelete(volumeId: "' + volume + '") }'],
      [
        `mutation { volumeInstanceUpdate(volumeId: "${volume}", environmentId: "${environments.production}", input: {state: DELETED}) }`,
      ],
      [`mutation { environmentDelete(id: "${environments.production}") }`],
    ];
    for (const door of doors) {
      for (const [query, variables] of spellings) {
        const answer = await door.ask(token, query, variables);
        expect([door.name, query, codeOf(answer)]).toEqual([door.name, query, 'HOLDPOINT_DENIED']);
        expect(answer.errors?.[0]?.message, query).toMatch(/refused this goal|mutation/);
      }
    }
    expect(stage.reached('volumeDelete') + stage.reached('environmentDelete')).toBe(0);
  });

  it('H5: and by `run`: what was approved before the denial does not run after it', async () => {
    const run = await stage.api('POST', `/v1/holds/${approved.id}/run`);
    expect(run.status).not.toBe(200);
    expect(stage.reached('serviceDelete')).toBe(0);
    const asAgent = await fetch(`${stage.daemon.addresses.api}/v1/holds/${approved.id}/run`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
    });
    expect(asAgent.status).not.toBe(200);
    expect(stage.reached('serviceDelete')).toBe(0);
  });

  it('H5: another token of the same agent is the same agent; other work of it goes on', async () => {
    const second = await stage.token('stubborn', { presets: ['railway:all'], environments: both });
    const answer = await stage.graphql(second, volumeDelete(stage.double.ids.volume));
    expect(answer.body.errors?.[0]?.message).toContain('refused this goal');
    expect(codeOf((await stage.graphql(token, ...greeting(stage, 'still'))).body)).toBeUndefined();
  });

  it('H5, F2: a restart forgets no lock', async () => {
    await stage.restart();
    const answer = await stage.graphql(token, volumeDelete(stage.double.ids.volume));
    expect(answer.body.errors?.[0]?.message).toContain('refused this goal');
  });
});

describe('C2: a token that is revoked while its read is being looked into', { timeout: 60_000 }, () => {
  it('C2: sends nothing more', async () => {
    const stage = await openStage();
    try {
      const token = await stage.token('leaver', { presets: ['railway:all'], environments: both });
      const read = `query { volumeInstance(id: "${stage.double.ids.volumeInstances.staging}") { id } }`;
      const { tokens } = (await stage.api('GET', '/v1/tokens')).body as {
        tokens: { id: string; principal: { name: string } }[];
      };
      const id = tokens.find((one) => one.principal.name === 'leaver')?.id;
      stage.double.fail({ next: 'slow', delayMs: 700 });
      const waiting = stage.graphql(token, read);
      await new Promise((resolve) => setTimeout(resolve, 150));
      expect((await stage.api('POST', `/v1/tokens/${id}/revoke`)).status).toBe(200);
      const { body } = await waiting;
      expect(codeOf(body)).toBe('HOLDPOINT_BAD_TOKEN');
      expect(holdOf(body)).toMatch(/^hp_/);
      // The look-up is by the same query; the read itself never went out.
      expect(stage.reached('volumeInstance')).toBeLessThanOrEqual(1);
      expect(codeOf((await stage.graphql(token, read)).body)).toBe('HOLDPOINT_BAD_TOKEN');
    } finally {
      await stage.close();
    }
  });
});
