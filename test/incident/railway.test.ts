import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../demo/railway/json.ts';
import { send } from '../../demo/railway/sending.ts';
import { destructions, mutationsRun, outcomeIn } from './outcome.ts';
import { openStage, type Stage } from './stage.ts';

let stage: Stage;
let token: string;

beforeAll(async () => {
  // Its clock stands: what a colleague changes in the same millisecond is changed all the same.
  const at = Date.now();
  stage = await openStage({ bindPreview: true, double: { now: () => at } });
  await stage.bind(stage.double.ids.account['otherEnvironmentId'] ?? '');
  token = await stage.token('everything', { presets: ['railway:all'], environments: ['staging', 'production'] });
});
afterAll(() => stage.close());
beforeEach(() => stage.double.reset());

const ids = (): Stage['double']['ids'] => stage.double.ids;

async function ask(query: string, variables: JsonObject = {}): Promise<ReturnType<typeof outcomeIn>> {
  return outcomeIn((await stage.graphql(token, query, variables)).body, 0);
}

async function newestImage(): Promise<string> {
  const { body } = await stage.api('GET', '/v1/undo');
  return (body['images'] as readonly { readonly id: string }[])[0]?.id ?? '';
}

async function asColleague(query: string, variables: JsonObject = {}): Promise<void> {
  expect((await send(stage.double, { query, variables })).errors).toEqual([]);
}

describe('a project that is to be deleted', { timeout: 60_000 }, () => {
  const drop = 'mutation ($id: String!) { projectDelete(id: $id) }';

  it('U3: is signed, shown and sent as what can be cancelled, and nobody is told that it is gone', async () => {
    const { otherProject } = ids();
    const held = await ask(drop, { id: otherProject });
    expect(held).toMatchObject({ code: 'HOLDPOINT_HELD' });
    const hold = await stage.hold(held.hold);
    expect(hold.request.actions.map((one) => one.operation)).toEqual(['railway:projectScheduleDelete']);
    expect(hold).toMatchObject({ defaultMode: 'delayed', undo: expect.stringContaining('cancels the deletion') });
    expect(hold.facts).toContainEqual(expect.objectContaining({ label: 'asked for', value: 'projectDelete' }));
    const step = JSON.stringify(hold.request.plan.steps[0]);
    const body = Buffer.from(/"body":"([^"]+)"/.exec(step)?.[1] ?? '', 'base64url').toString('utf8');
    expect(body).toContain(': projectScheduleDelete(');
    expect(body).not.toMatch(/[^_]projectDelete\(/);

    expect(await stage.approve(hold, { mode: 'now' })).toMatchObject({ status: 200 });
    const { body: answer } = await stage.graphql(token, drop, { id: otherProject });
    expect(answer.data).toEqual({ projectDelete: null });
    expect(answer.errors?.[0]?.message).toMatch(/^SCHEDULED, not done: the project is still there/);
    expect(JSON.stringify(answer)).not.toContain('true');
    expect(mutationsRun(stage.double).slice(-1)).toEqual(['projectScheduleDelete']);
    expect([stage.reached('projectDelete'), destructions(stage.double)]).toEqual([0, 0]);
    expect(stage.double.state.get('projects', otherProject)?.['deletedAt']).not.toBeNull();

    // One step, by any human, with nothing to sign.
    const undone = await stage.api('POST', `/v1/undo/${await newestImage()}`, {});
    expect([undone.status, undone.body['steps']]).toEqual([200, 1]);
    expect(stage.double.state.get('projects', otherProject)?.['deletedAt']).toBeNull();
  });

  it('U3: is kept by the same step, and by no other act, while the project has an environment that nobody bound', async () => {
    const { otherProject } = ids();
    const hold = await stage.hold((await ask(drop, { id: otherProject })).hold);
    expect(await stage.approve(hold, { mode: 'now' })).toMatchObject({ status: 200 });
    await stage.graphql(token, drop, { id: otherProject });
    const image = await newestImage();
    await asColleague('mutation ($i: EnvironmentCreateInput!) { environmentCreate(input: $i) { id } }', {
      i: { projectId: otherProject, name: 'unbound' },
    });
    expect((await ask(drop, { id: otherProject })).code).toBe('HOLDPOINT_DENIED');
    expect(stage.double.state.get('projects', otherProject)?.['deletedAt']).not.toBeNull();
    expect(await stage.api('POST', `/v1/undo/${image}`, {})).toMatchObject({ status: 200 });
    expect(stage.double.state.get('projects', otherProject)?.['deletedAt']).toBeNull();
    await stage.double.reset();
  });

  it('U3: nor does an alias, a fragment or a batch make it the real one', async () => {
    const id = ids().otherProject;
    for (const query of [
      `mutation { gone: projectDelete(id: "${id}") }`,
      `mutation { ...F } fragment F on Mutation { projectDelete(id: "${id}") }`,
      `mutation { ... @include(if: true) { projectDelete(id: "${id}") } }`,
    ]) {
      const hold = await stage.hold((await ask(query)).hold);
      expect(
        hold.request.actions.map((one) => one.operation),
        query,
      ).toEqual(['railway:projectScheduleDelete']);
    }
    expect(
      await ask(`mutation { projectDelete(id: "${id}") holdpoint_scheduled_projectDelete: __typename }`),
    ).toMatchObject({
      code: 'HOLDPOINT_BAD_REQUEST',
    });
  });

  it('C2: a token is held to what it asked for, not to what is sent', async () => {
    const narrow = await stage.token('narrow', {
      operations: ['railway:projectScheduleDelete'],
      environments: ['staging', 'production'],
    });
    const { body } = await stage.graphql(narrow, drop, { id: ids().otherProject });
    expect(body.errors?.[0]?.message).toContain('`railway:projectDelete` is outside it');
  });
});

describe('what a colleague staged', { timeout: 60_000 }, () => {
  const stageIt =
    'mutation ($e: String!, $input: EnvironmentConfig!) { environmentStageChanges(environmentId: $e, input: $input, merge: true) { id } }';
  const commits = [
    'mutation ($e: String!) { environmentPatchCommitStaged(environmentId: $e, skipDeploys: true) }',
    'mutation ($e: String!) { environmentPatchCommit(environmentId: $e) }',
  ];
  const place = (): { readonly e: string; readonly service: string } => ({
    e: ids().environments.staging,
    service: ids().services.counter,
  });

  it.each(commits)('K3, H1: is what is signed: %s', async (commit) => {
    const { e, service } = place();
    const from = stage.double.log.length;
    const staged = (value: string, more: JsonObject = {}): JsonObject => ({
      e,
      input: { services: { [service]: { variables: { COLOUR: { value } }, ...more } } },
    });
    await asColleague(stageIt, staged('red', { deploy: { healthcheckPath: '/up' } }));
    const first = await stage.hold((await ask(commit, { e })).hold);
    const facts = JSON.stringify(first.facts);
    expect(facts).toContain('healthcheckPath');
    expect(facts).toContain('/up');
    expect(facts).toContain('COLOUR');
    expect(facts).not.toContain('red');
    expect(await stage.approve(first, { mode: 'now' })).toMatchObject({ status: 200 });

    // Only a value changes, in the same millisecond.
    await asColleague(stageIt, staged('blue'));
    const again = await ask(commit, { e });
    expect(again).toMatchObject({ code: 'HOLDPOINT_HELD' });
    expect(again.hold).not.toBe(first.code);
    const run = await stage.api('POST', `/v1/holds/${first.id}/run`, {});
    expect(JSON.stringify(run.body)).toContain('has changed since');
    expect((await stage.hold(first.id)).state).toBe('withdrawn');
    expect(mutationsRun(stage.double, from).filter((name) => name.startsWith('environmentPatchCommit'))).toEqual([]);

    const second = await stage.hold(again.hold);
    expect(await stage.approve(second, { mode: 'now' })).toMatchObject({ status: 200 });
    expect((await stage.graphql(token, commit, { e })).body.errors).toBeUndefined();
    const { state } = stage.double;
    expect(state.find('variables', { environmentId: e, serviceId: service, name: 'COLOUR' })?.['value']).toBe('blue');
    await stage.double.reset();
  });

  it('E4, K3: that it deletes or writes a credential counts as if it stood in the request', async () => {
    const disposable = await openStage({ bindPreview: true, stagingDisposable: true });
    try {
      const worker = await disposable.token('worker', { presets: ['railway:all'], environments: ['staging'] });
      const { ids: here } = disposable.double;
      const e = here.environments.staging;
      const variables = { DATABASE_URL: { value: 'postgresql://x:y@elsewhere.example/empty' } };
      await send(disposable.double, {
        query: stageIt,
        variables: { e, input: { services: { [here.services.counter]: { variables } } } },
      });
      for (const commit of commits) {
        const { body } = await disposable.graphql(worker, commit, { e });
        expect(outcomeIn(body, 0), commit).toMatchObject({ code: 'HOLDPOINT_HELD' });
      }
    } finally {
      await disposable.close();
    }
  });
});

describe('a variable', { timeout: 60_000 }, () => {
  const upsert = 'mutation ($input: VariableUpsertInput!) { variableUpsert(input: $input) }';

  it('E4: that deploys is held, and the refusal says how it is written without; then nothing is deployed', async () => {
    const { project: projectId, environments, services } = ids();
    const input = {
      projectId,
      environmentId: environments.production,
      serviceId: services.counter,
      name: 'A',
      value: 'b',
    };
    const held = await ask(upsert, { input });
    expect(held).toMatchObject({ code: 'HOLDPOINT_HELD' });
    expect(held.message).toContain('`skipDeploys: true`');
    const deployments = (): number => stage.double.state.list('deployments').length;
    const before = deployments();
    expect((await ask(upsert, { input: { ...input, skipDeploys: true } })).answer.errors).toBeUndefined();
    expect(deployments()).toBe(before);
    await asColleague(upsert, { input });
    expect(deployments()).toBe(before + 1);
  });
});

describe('an undo', { timeout: 60_000 }, () => {
  it('U2: sees what a human changed since, where nothing that was sent says what the act made', async () => {
    const target = { environmentId: ids().environments.staging, serviceId: ids().services.counter };
    const config = 'mutation ($input: UpdateServiceEdgeConfigInput!) { updateServiceEdgeConfig(input: $input) { id } }';
    const ttl = (defaultTtlSeconds: number): JsonObject => ({
      input: { ...target, config: { caching: { defaultTtlSeconds } } },
    });
    const now = (): unknown => stage.double.state.find('edgeConfigs', target)?.['caching'];
    const former = now();
    expect((await ask(config, ttl(61))).answer.errors).toBeUndefined();
    const image = await newestImage();
    expect((await stage.api('GET', `/v1/undo/${image}`)).body).toMatchObject({ conflicts: [] });
    await asColleague(config, ttl(62));
    expect((await stage.api('GET', `/v1/undo/${image}`)).body).toMatchObject({
      conflicts: [expect.stringContaining('changed since by somebody else')],
    });
    expect((await stage.api('POST', `/v1/undo/${image}`, {})).status).toBe(403);
    expect(now()).toMatchObject({ defaultTtlSeconds: 62 });
    expect((await stage.api('POST', `/v1/undo/${image}`, { overConflicts: true })).status).toBe(200);
    expect(now()).toEqual(former);
  });

  it('U2: where what the act made could not be asked, every change counts as one by somebody else', async () => {
    const target = { environmentId: ids().environments.staging, serviceId: ids().services.counter };
    const mode =
      'mutation ($input: SetServiceUnderAttackModeInput!) { setServiceUnderAttackMode(input: $input) { id } }';
    // The last of its questions is the one after the act.
    const asked = stage.double.log.filter((one) => one.kind === 'operation' && one.name === 'serviceInstance').length;
    const input = { ...target, enabled: true, durationSeconds: 600 };
    expect((await ask(mode, { input })).answer.errors).toBeUndefined();
    const looks = stage.double.log.filter((one) => one.kind === 'operation' && one.name === 'serviceInstance').length;
    await stage.double.reset();
    stage.double.fail({ next: 'slow', when: 'serviceInstance', times: looks - asked - 1, delayMs: 1 });
    stage.double.fail({ next: 'http500', when: 'serviceInstance' });
    expect((await ask(mode, { input })).answer.errors).toBeUndefined();
    expect((await stage.api('GET', `/v1/undo/${await newestImage()}`)).body).toMatchObject({
      conflicts: [expect.stringContaining('changed since')],
    });
  });

  it('U1: of what was made knows its id, though the agent never asked for it', async () => {
    const target = { environmentId: ids().environments.staging, serviceId: ids().services.counter };
    const { state } = stage.double;
    const before = state.list('serviceDomains').length;
    const { body } = await stage.graphql(
      token,
      'mutation ($input: ServiceDomainCreateInput!) { mine: serviceDomainCreate(input: $input) { domain } }',
      { input: target },
    );
    expect(Object.keys((body.data?.['mine'] ?? {}) as object)).toEqual(['domain']);
    expect(state.list('serviceDomains').length).toBe(before + 1);
    const image = await newestImage();
    const held = await stage.api('POST', `/v1/undo/${image}`, {});
    const hold = await stage.hold(String(held.body['hold']));
    await stage.approve(hold, { mode: 'now' });
    expect((await stage.api('POST', `/v1/undo/${image}`, {})).status).toBe(200);
    expect(state.list('serviceDomains').length).toBe(before);
  });
});

describe('one thing under two names', { timeout: 60_000 }, () => {
  it('E2: is changed by one at a time: a volume by its id, and its instance by its own', async () => {
    const { staging } = ids().ownVolume;
    const instance = stage.double.state.find('volumeInstances', { volumeId: staging })?.id ?? '';
    const from = stage.double.log.length;
    stage.double.fail({ next: 'slow', when: 'volumeUpdate', delayMs: 1_500 });
    const renamed = ask('mutation ($v: String!) { volumeUpdate(volumeId: $v, input: {name: "uploads-2"}) { id } }', {
      v: staging,
    });
    while (!arrived(from, 'volumeUpdate')) await new Promise((resolve) => setTimeout(resolve, 5));
    const kept = ask('mutation ($i: String!) { volumeInstanceBackupCreate(volumeInstanceId: $i) { workflowId } }', {
      i: instance,
    });
    for (const outcome of await Promise.all([renamed, kept])) expect(outcome.answer.errors).toBeUndefined();
    const answered = stage.double.log.findIndex(
      (one) => one.seq >= from && one.kind === 'response' && one.request === requestOf(from, 'volumeUpdate'),
    );
    const second = stage.double.log.findIndex(
      (one) => one.kind === 'request' && one.seq >= from && one.operations.includes('volumeInstanceBackupCreate'),
    );
    expect(second).toBeGreaterThan(answered);
  });
});

function arrived(from: number, operation: string): boolean {
  return requestOf(from, operation) !== undefined;
}

function requestOf(from: number, operation: string): number | undefined {
  const entry = stage.double.log.find(
    (one) => one.seq >= from && one.kind === 'request' && one.operations.includes(operation),
  );
  return entry?.kind === 'request' ? entry.request : undefined;
}

describe('where a thing is', { timeout: 60_000 }, () => {
  const looked = (): number =>
    stage.double.log.filter((one) => one.kind === 'operation' && one.name === 'deployment').length;

  it('E2: reads believe it for a while, writes never', async () => {
    const { deploymentId = '' } = ids().environment.staging;
    const before = looked();
    for (const fields of ['message', 'message timestamp', 'timestamp message severity']) {
      const read = await ask(`query ($d: String!) { deploymentLogs(deploymentId: $d) { ${fields} } }`, {
        d: deploymentId,
      });
      expect(read.answer.errors).toBeUndefined();
    }
    expect(looked()).toBe(before + 1);
    for (const count of [2, 3]) {
      expect((await ask('mutation ($d: String!) { deploymentStop(id: $d) }', { d: deploymentId })).code).toBe(
        'HOLDPOINT_HELD',
      );
      expect(looked()).toBe(before + count);
    }
  });

  it('E1: what moved into production is production for the next write, whatever reads believe', async () => {
    const { deploymentId = '' } = ids().environment.staging;
    const narrow = await stage.token('staging', { presets: ['railway:all'], environments: ['staging'] });
    const read = 'query ($d: String!) { deploymentLogs(deploymentId: $d) { message } }';
    expect((await stage.graphql(narrow, read, { d: deploymentId })).body.errors).toBeUndefined();
    stage.double.state.update('deployments', deploymentId, { environmentId: ids().environments.production });
    const { body } = await stage.graphql(narrow, 'mutation ($d: String!) { deploymentStop(id: $d) }', {
      d: deploymentId,
    });
    expect(body.errors?.[0]?.message).toContain('is in production; this token is for staging');
  });
});

describe('what belongs to a project as a whole', { timeout: 60_000 }, () => {
  it('E1, E2: a bucket that is renamed and a legacy database are in every environment of it', async () => {
    const narrow = await stage.token('staging-2', { presets: ['railway:all'], environments: ['staging'] });
    const here = ids().environment.staging;
    const e = ids().environments.staging;
    for (const query of [
      `mutation { bucketUpdate(id: "${here['bucketId']}", input: {name: "x"}) { id } }`,
      `mutation { pluginDelete(id: "${here['pluginId']}", environmentId: "${e}") }`,
      `mutation { pluginReset(id: "${here['pluginId']}", input: {environmentId: "${e}"}) }`,
      `mutation { pluginUpdate(id: "${here['pluginId']}", input: {friendlyName: "x"}) { id } }`,
      `mutation { pluginStart(id: "${here['pluginId']}", input: {}) }`,
      `mutation { pluginRestart(id: "${here['pluginId']}", input: {}) { id } }`,
      `mutation { pluginResetCredentials(id: "${here['pluginId']}", input: {environmentId: "${e}"}) }`,
      `mutation { pluginCreate(input: {projectId: "${ids().project}", environmentId: "${e}", name: "redis"}) { id } }`,
    ]) {
      const { body } = await stage.graphql(narrow, query);
      expect(body.errors?.[0]?.message, query).toMatch(/production; this token is for staging/);
    }
    const from = stage.double.log.length;
    const renamed = `mutation { bucketUpdate(id: "${here['bucketId']}", input: {name: "x"}) { id } }`;
    expect((await ask(renamed)).answer.errors).toBeUndefined();
    expect(mutationsRun(stage.double, from)).toEqual(['bucketUpdate']);
    expect((await stage.api('POST', `/v1/undo/${await newestImage()}`, {})).status).toBe(200);
    expect(stage.double.state.get('buckets', here['bucketId'] ?? '')?.['name']).toBe('receipts-staging');
    const reset = `mutation { pluginReset(id: "${here['pluginId']}", input: {environmentId: "${e}"}) }`;
    const hold = await stage.hold((await ask(reset)).hold);
    expect(hold).toMatchObject({ defaultMode: 'delayed', varyingFact: 'sessions-staging' });
    expect(destructions(stage.double)).toBe(0);
  });
});
