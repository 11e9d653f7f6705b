import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openStage, type GraphqlAnswer, type Stage } from './stage.ts';

/** What somebody who tried to get past the gate found, each as it was tried. */
let stage: Stage;
let staging: string;
let production: string;
let everything: string;

beforeAll(async () => {
  stage = await openStage({ stagingDisposable: true, bindPreview: true });
  const presets = ['railway:all'];
  staging = await stage.token('staging', { presets, environments: ['staging'] });
  production = await stage.token('production', { presets, environments: ['production'] });
  everything = await stage.token('everything', { presets, environments: ['staging', 'production'] });
});
afterAll(() => stage.close());
/** How often an operation had reached the far side before the test. */
let before: (operation: string) => number;
beforeEach(async () => {
  await stage.double.reset();
  const from = stage.double.log.length;
  before = (operation) =>
    stage.double.log.slice(0, from).filter((entry) => entry.kind === 'operation' && entry.name === operation).length;
});
const reached = (operation: string): number => stage.reached(operation) - before(operation);

const ids = (): Stage['double']['ids'] => stage.double.ids;
const codeOf = (answer: { readonly body: GraphqlAnswer }): unknown => answer.body.errors?.[0]?.extensions?.['code'];
const saysOf = (answer: { readonly body: GraphqlAnswer }): string => answer.body.errors?.[0]?.message ?? '';

async function upsert(token: string, name: string, value: string): Promise<{ readonly body: GraphqlAnswer }> {
  const { project, environments, services } = ids();
  const environmentId = environments.production;
  return stage.graphql(token, 'mutation ($input: VariableUpsertInput!) { variableUpsert(input: $input) }', {
    input: { projectId: project, environmentId, serviceId: services.counter, name, value, skipDeploys: true },
  });
}

describe('a target that the caller writes into opaque JSON', () => {
  const changes: readonly (readonly [operation: string, type: string, selection: string])[] = [
    ['environmentApplyChangeSet', 'JSON!', '{ __typename }'],
    ['environmentStageChanges', 'EnvironmentConfig!', '{ id }'],
    ['environmentPreviewChangeSet', 'JSON!', '{ __typename }'],
  ];
  it.each(changes)(
    'E1: %s goes by its argument, whatever `input.environmentId` says',
    async (operation, type, selection) => {
      const { environments, services } = ids();
      const answer = await stage.graphql(
        staging,
        `mutation ($e: String!, $input: ${type}) { ${operation}(environmentId: $e, input: $input) ${selection} }`,
        {
          e: environments.production,
          input: {
            environmentId: environments.staging,
            services: { [services.counter]: { deploy: { startCommand: 'x' } } },
          },
        },
      );
      expect(codeOf(answer)).toBe('HOLDPOINT_DENIED');
      expect(saysOf(answer)).toContain('production');
      expect(reached(operation)).toBe(0);
    },
  );
});

describe('a second id that reaches into another environment', () => {
  it('E1, E4: a staging sandbox is not made from the disk of a production one', async () => {
    const { environment, environments } = ids();
    const answer = await stage.graphql(
      staging,
      'mutation ($input: SandboxCreateInput!) { sandboxCreate(input: $input) { id } }',
      { input: { environmentId: environments.staging, sourceSandboxId: environment.production['sandboxId'] } },
    );
    expect(codeOf(answer)).toBe('HOLDPOINT_DENIED');
    expect(reached('sandboxCreate')).toBe(0);
  });

  it('E4: the variables of a template are variables too', async () => {
    const answer = await stage.graphql(
      staging,
      'mutation ($input: SandboxCreateInput!) { sandboxCreate(input: $input) { id } }',
      {
        input: {
          environmentId: ids().environments.staging,
          template: { variables: { A: '${{Postgres.PGPASSWORD}}' } },
        },
      },
    );
    expect(codeOf(answer)).toBe('HOLDPOINT_HELD');
    expect(reached('sandboxCreate')).toBe(0);
  });

  it('E1: a staging service takes no name in the private network of production', async () => {
    const [network] = stage.double.state.list('privateNetworks', { environmentId: ids().environments.production });
    const answer = await stage.graphql(
      staging,
      'mutation ($input: PrivateNetworkEndpointCreateOrGetInput!) { privateNetworkEndpointCreateOrGet(input: $input) { publicId } }',
      {
        input: {
          environmentId: ids().environments.staging,
          privateNetworkId: network?.['publicId'],
          serviceId: ids().services.counter,
          serviceName: 'postgres',
          tags: [],
        },
      },
    );
    expect(codeOf(answer)).toBe('HOLDPOINT_DENIED');
    expect(reached('privateNetworkEndpointCreateOrGet')).toBe(0);
  });
});

describe('classes that were too mild for what the arguments do, in production', () => {
  const held = async (query: string, operation: string): Promise<void> => {
    expect(codeOf(await stage.graphql(everything, query))).toBe('HOLDPOINT_HELD');
    expect(reached(operation)).toBe(0);
  };

  it('K3: a volume is not put under another service or path unsigned', async () => {
    const { environments, services, ownVolume, volume } = ids();
    const e = environments.production;
    const update = (id: string, input: string): string =>
      `mutation { volumeInstanceUpdate(volumeId: "${id}", environmentId: "${e}", input: {${input}}) }`;
    await held(update(volume, `serviceId: "${services.counter}"`), 'volumeInstanceUpdate');
    await held(update(volume, `serviceId: "${services.postgres}", mountPath: "/nowhere"`), 'volumeInstanceUpdate');
    await held(
      update(ownVolume.production, `serviceId: "${services.counter}", mountPath: "/x"`),
      'volumeInstanceUpdate',
    );
  });

  it('K3: a domain is not pointed at another port unsigned', async () => {
    const { environments, environment } = ids();
    const id = environment.production['customDomainId'];
    const e = environments.production;
    await held(
      `mutation { customDomainUpdate(environmentId: "${e}", id: "${id}", targetPort: 9229) }`,
      'customDomainUpdate',
    );
  });

  it.each([
    ['NODE_OPTIONS ', '--require /tmp/x'],
    ['NODE_OPTIONS\u200b', '--require /tmp/x'],
    ['GUNICORN_CMD_ARGS', '--config x'],
    ['DOTNET_STARTUP_HOOKS', '/tmp/x.dll'],
    ['JAVA_OPTS', '-javaagent:/tmp/x.jar'],
    ['PYTHONWARNINGS', 'x'],
    ['LD_AUDIT', '/tmp/x.so'],
    ['GREETING', '${{Postgres.PGPASSWORD}}'],
    ['GREETING', '${{ shared.STRIPE_SECRET }}'],
  ])('E4, C4: variable %j = %j is held', async (name, value) => {
    expect(codeOf(await upsert(production, name, value))).toBe('HOLDPOINT_HELD');
    expect(reached('variableUpsert')).toBe(0);
  });

  it('C4, U1: what was masked in an answer is not written back over the secret', async () => {
    const answer = await upsert(production, 'COUNTER_TITLE', '••••• (masked by holdpoint)');
    expect(codeOf(answer)).toBe('HOLDPOINT_DENIED');
    expect(reached('variableUpsert')).toBe(0);
  });

  it('H6: but not a reference to an address of Railway’s own', async () => {
    expect(await upsert(production, 'API', 'http://${{counter.RAILWAY_PRIVATE_DOMAIN}}:80')).toMatchObject({
      body: { data: { variableUpsert: true } },
    });
  });
});

describe('variables that are written as something else than text', () => {
  const query = 'mutation ($i: VariableCollectionUpsertInput!) { variableCollectionUpsert(input: $i) }';
  it.each<[string, unknown]>([
    ['sealed at once, which nothing undoes', { LABEL: { value: 'plain', isSealed: true } }],
    ['a connection inside of an object', { LABEL: { value: 'postgres://u:p@elsewhere/db' } }],
    ['a list in the place of the map', [{ name: 'LABEL', value: 'plain' }]],
    ['the map as a text', '{"LABEL":"plain"}'],
  ])('E4, U1: %s', async (_, variables) => {
    const { project: projectId, environments, services } = ids();
    const i = { projectId, environmentId: environments.production, serviceId: services.counter, variables };
    const answer = await stage.graphql(everything, query, { i: { ...i, replace: false, skipDeploys: true } });
    expect(codeOf(answer)).toBe('HOLDPOINT_HELD');
    expect(reached('variableCollectionUpsert')).toBe(0);
  });
});

describe('the fact that a signer types', () => {
  it.each(['', ' ', 'y', 'yes', '\u200b\u200b'])('H4: is the id where the name was changed to %j', async (name) => {
    const { volume } = ids();
    const rename = 'mutation ($id: String!, $n: String) { volumeUpdate(volumeId: $id, input: {name: $n}) { id } }';
    expect((await stage.graphql(everything, rename, { id: volume, n: name })).body.errors).toBeUndefined();
    const answer = await stage.graphql(everything, `mutation { volumeDelete(volumeId: "${volume}") }`);
    expect(codeOf(answer)).toBe('HOLDPOINT_HELD');
    const hold = await stage.hold(String(answer.body.errors?.[0]?.extensions?.['hold']));
    expect(hold.varyingFact).toBe(volume);
  });
});

describe('a token that is revoked while its request is being looked into', () => {
  it('C2: sends nothing more', async () => {
    const token = await stage.token('leaver', { presets: ['railway:variables'], environments: ['production'] });
    const { body } = await stage.api('GET', '/v1/tokens');
    const id = (body['tokens'] as { id: string; principal: { name: string } }[]).find(
      (one) => one.principal.name === 'leaver',
    )?.id;
    stage.double.fail({ next: 'slow', delayMs: 600 });
    const waiting = upsert(token, 'GREETING', 'late');
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect((await stage.api('POST', `/v1/tokens/${id}/revoke`)).status).toBe(200);
    const answer = await waiting;
    expect(reached('variableUpsert')).toBe(0);
    expect(JSON.stringify(answer.body)).toContain('HOLDPOINT_BAD_TOKEN');
  });
});

describe('a human said no', () => {
  let refused: Stage;
  let token: string;
  beforeAll(async () => {
    refused = await openStage({ bindPreview: true });
    token = await refused.token('stubborn', { presets: ['railway:all'], environments: ['staging', 'production'] });
    const { body } = await refused.graphql(
      token,
      `mutation { volumeDelete(volumeId: "${refused.double.ids.volume}") }`,
    );
    const hold = await refused.hold(String(body.errors?.[0]?.extensions?.['hold']));
    expect((await refused.api('POST', `/v1/holds/${hold.id}/deny`, { note: 'no' })).status).toBe(200);
  });
  afterAll(() => refused.close());

  it('H5: and what takes the volume with it, or part of it away, is the same goal', async () => {
    const { project, environments, services, volume, volumeInstances, backups } = refused.double.ids;
    const v = `"${volumeInstances.production}"`;
    const ways = [
      `volumeDelete(volumeId: "${volume}")`,
      `volumeInstanceUpdate(volumeId: "${volume}", environmentId: "${environments.production}", input: {state: DELETED})`,
      `projectDelete(id: "${project}")`,
      `environmentDelete(id: "${environments.production}")`,
      `serviceDelete(id: "${services.postgres}")`,
      `volumeInstanceBackupRestore(volumeInstanceId: ${v}, volumeInstanceBackupId: "${backups[0]}") { workflowId }`,
      `volumeInstanceBackupDelete(volumeInstanceId: ${v}, volumeInstanceBackupId: "${backups[0]}") { workflowId }`,
    ];
    for (const way of ways) {
      const answer = await refused.graphql(token, `mutation { ${way} }`);
      expect([way, codeOf(answer)]).toEqual([way, 'HOLDPOINT_DENIED']);
      expect(saysOf(answer)).toContain('refused this goal');
    }
  });
});

describe('a crowd of requests that all wait', () => {
  it('H7, F3: is refused before it keeps humans from being heard', async () => {
    const crowded = await openStage({ daemon: { holds: { waitingAtMost: 5, waitingCharacters: 400_000 } } });
    try {
      const token = await crowded.token('crowd', { presets: ['railway:variables'], environments: ['production'] });
      const { project, environments, services } = crowded.double.ids;
      const ask = (value: string): ReturnType<Stage['graphql']> =>
        crowded.graphql(token, 'mutation ($input: VariableUpsertInput!) { variableUpsert(input: $input) }', {
          input: {
            projectId: project,
            environmentId: environments.production,
            serviceId: services.counter,
            name: 'API_TOKEN',
            value,
          },
        });
      expect(codeOf(await ask('x'.repeat(400_000)))).toBe('HOLDPOINT_HELD');
      expect(codeOf(await ask('one more'))).toBe('HOLDPOINT_DENIED');
      const { body } = await crowded.api('GET', '/v1/holds');
      const [large] = body['holds'] as { id: string }[];
      await crowded.api('POST', `/v1/holds/${large?.id}/deny`, { note: '' });
      for (const { id } of (await crowded.api('GET', '/v1/locks')).body['locks'] as { id: string }[])
        await crowded.act('unlock', { id });
      for (const value of ['1', '2', '3', '4', '5']) expect(codeOf(await ask(value))).toBe('HOLDPOINT_HELD');
      expect(codeOf(await ask('5'))).toBe('HOLDPOINT_HELD');
      expect(codeOf(await ask('6'))).toBe('HOLDPOINT_DENIED');
    } finally {
      await crowded.close();
    }
  });
});

describe('an agent that asks for what is not there, over and over', () => {
  it('E3, H6: neither drowns the alarms nor writes its own words into one', async () => {
    const texts: string[] = [];
    const stop = stage.daemon.api.alarms.listen((alarm) => void texts.push(alarm.text));
    const words = 'x`. Jane: all is well, sign whatever comes. `';
    const agent = await stage.token('drowning', { presets: ['railway:all'], environments: ['staging'] });
    for (let asks = 0; asks < 12; asks++) {
      const answer = await stage.graphql(agent, 'query ($id: String!) { deployment(id: $id) { id } }', {
        id: `${words}${asks}`,
      });
      expect(codeOf(answer)).toBe('HOLDPOINT_DENIED');
    }
    stop();
    const own = texts.filter((text) => text.includes('drowning'));
    expect(own.length).toBeGreaterThan(0);
    expect(own.length).toBeLessThanOrEqual(5);
    expect(own.at(-1)).toContain('in the journal');
    expect(own.join()).not.toContain('Jane');
  });
});

describe('an agent that keeps the daemon busy', () => {
  const asked = async (path: string, body?: unknown): Promise<{ readonly status: number; readonly text: string }> => {
    const answer = await fetch(`${stage.daemon.addresses.api}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${everything}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, text: await answer.text() };
  };

  it('F2, H6: has few requests open at once, and those that wait hear of the answer', async () => {
    const { body } = await stage.graphql(everything, `mutation { volumeDelete(volumeId: "${ids().volume}") }`);
    const code = String(body.errors?.[0]?.extensions?.['hold']);
    const waits = Array.from({ length: 20 }, () => asked(`/v1/holds/${code}/wait?seconds=30`));
    const refused = await Promise.race(waits);
    expect(refused).toMatchObject({ status: 503 });
    expect(refused.text).toContain('requests open already');
    const began = performance.now();
    expect((await stage.api('GET', '/v1/freeze')).status).toBe(200);
    await stage.api('POST', `/v1/holds/${code}/deny`, { note: '' });
    const told = (await Promise.all(waits)).filter((one) => one.status === 200);
    expect(told).toHaveLength(16);
    expect(told.every((one) => one.text.includes('"denied"'))).toBe(true);
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  it('F2: has no large text explained to it, and each in its turn', async () => {
    const text = 'select 1;'.repeat(4_000);
    expect((await asked('/v1/explain', { about: 'sql', text })).status).toBe(400);
    const many = await Promise.all([1, 2, 3].map(() => asked('/v1/explain', { about: 'sql', text: 'select 1' })));
    expect(many.map((one) => one.status)).toEqual([200, 200, 200]);
  });
});
