import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { queryNames } from '../../demo/railway/arguments.ts';
import { allMutations, validArguments } from '../../demo/railway/double.ts';
import { type Aimed, aimedAt, production } from '../golden/railway-aimed.ts';
import { classOfMutation, mutationsByClass } from '../golden/railway-mutations.ts';
import { destructions, filesOnDisk, mutationsRun, outcomeOf, Tally } from './outcome.ts';
import { openStage, type Stage } from './stage.ts';
import { share } from '../full.ts';

const reads: ReadonlySet<string> = new Set(mutationsByClass.read);
/** What a denial may name: our production, or that it cannot be settled what would be hit. */
const reasons =
  /\bproduction\b|has no resolver yet|is not bound|no environment that is bound|in no (?:environment|project) that holdpoint\.yaml binds|has no instance|unknown to railway|not in project/;

describe('a token for staging', { timeout: 120_000 }, () => {
  let stage: Stage;
  let token: string;
  let files: readonly string[];

  beforeAll(async () => {
    stage = await openStage({ bindPreview: true, stagingDisposable: true });
    token = await stage.token('staging', { presets: ['railway:all'], environments: ['staging'] });
    files = filesOnDisk(stage.double);
  });
  afterAll(async () => {
    expect(filesOnDisk(stage.double)).toEqual(files);
    await stage.close();
  });

  it('E1: is denied every kind of thing of production, which is named', async () => {
    const from = stage.double.log.length;
    for (const call of aimedAt(production(stage.double))) {
      const outcome = await outcomeOf(stage, token, call);
      expect(outcome, call.kind).toMatchObject({ kind: 'denied', reached: 0 });
      expect(outcome.message, call.kind).toMatch(/(?:is|instance) in production; this token is for staging/);
    }
    expect(mutationsRun(stage.double, from)).toEqual([]);
  });

  it('E1, E2: of all 230 mutations with ids of production none runs, each denied with its reason', async () => {
    const tally = new Tally();
    const from = stage.double.log.length;
    for (const name of share(allMutations(stage.double), 3)) {
      const { query, variables } = validArguments(name, stage.double, 'production');
      const outcome = await outcomeOf(stage, token, { operation: name, query, variables });
      tally.add(`${classOfMutation.get(name)}, production ids`, outcome.kind);
      if (outcome.kind === 'passed') expect(reads.has(name), name).toBe(true);
      else expect(outcome, name).toMatchObject({ kind: 'denied', message: expect.stringMatching(reasons) });
    }
    console.log(tally.text('a staging token, 230 mutations aimed at production'));
    expect(mutationsRun(stage.double, from).filter((name) => !reads.has(name))).toEqual([]);
    expect(destructions(stage.double)).toBe(0);
  });

  it('E1: nor does any of the queries that name something of production', async () => {
    const { ids } = stage.double;
    const named = new Set([
      ...Object.values(ids.environment.production),
      ids.environments.production,
      ids.volumeInstances.production,
    ]);
    let asked = 0;
    for (const name of queryNames(stage.double.schema)) {
      if (classOfMutation.has(name)) continue;
      const { query, variables } = validArguments(name, stage.double, 'production');
      const aimed = Object.values(variables).some((value) => typeof value === 'string' && named.has(value));
      if (!aimed) continue;
      asked += 1;
      const outcome = await outcomeOf(stage, token, { operation: name, query, variables });
      expect(outcome, name).toMatchObject({ kind: 'denied', message: expect.stringMatching(reasons) });
    }
    expect(asked).toBeGreaterThanOrEqual(40);
  });

  it('E1: nor a query that walks from its own environment, or from above, into production', async () => {
    const { ids, state } = stage.double;
    const walks = [
      `query { project(id: "${ids.project}") { environments { edges { node { name variables { edges { node { name } } } } } } } }`,
      `query { project(id: "${ids.project}") { environments { edges { node { config } } } } }`,
      `query { project(id: "${ids.project}") { deployments { edges { node { staticUrl } } } } }`,
      `query { service(id: "${ids.services.counter}") { serviceInstances { edges { node { startCommand } } } } }`,
      `query { service(id: "${ids.services.counter}") { deployments { edges { node { meta } } } } }`,
      `query { me { workspaces { projects { edges { node { deploymentTriggers { edges { node { repository } } } } } } } } }`,
      `query { environment(id: "${ids.environments.staging}") { serviceInstances { edges { node { service { deployments { edges { node { url } } } } } } } } }`,
      `query { environment(id: "${ids.environments.staging}") { volumeInstances { edges { node { volume { project { deployments { edges { node { url } } } } } } } } } }`,
      `query { a: project(id: "${ids.project}") { ...P } } fragment P on Project { e: environments { edges { node { ... on Environment { variables { edges { node { references } } } } } } } }`,
    ];
    for (const query of walks) {
      const { body } = await stage.graphql(token, query);
      const message = body.errors?.[0]?.message ?? '';
      expect(message, query).toMatch(/^DENIED[^:]*: .*production/);
      expect(body.data, query).toBeNull();
    }
    const secret = state.find('variables', { name: 'POSTGRES_PASSWORD', environmentId: ids.environments.production });
    expect(secret).toBeDefined();
  });

  it('E1: a plain denial leaves a record that names what was asked for', async () => {
    const { ids } = stage.double;
    await stage.graphql(token, `mutation { volumeDelete(volumeId: "${ids.volume}") }`);
    const { body } = await stage.api('GET', '/v1/journal?kind=refused&limit=5');
    expect(JSON.stringify(body)).toContain('railway:volumeDelete');
    expect(JSON.stringify(body)).toContain('production');
  });

  it('E2: binds to ids: swapping the names of the two environments changes nothing', async () => {
    const { ids, state } = stage.double;
    state.update('environments', ids.environments.production, { name: 'staging' });
    state.update('environments', ids.environments.staging, { name: 'production' });
    try {
      for (const call of aimedAt(production(stage.double))) {
        const outcome = await outcomeOf(stage, token, call);
        expect(outcome, call.kind).toMatchObject({ kind: 'denied', reached: 0 });
      }
      const own = aimedAt({ ...production(stage.double), environment: ids.environments.staging });
      const variable = own.find((call) => call.kind === 'variable');
      expect(variable && (await outcomeOf(stage, token, variable))).toMatchObject({ kind: 'passed', reached: 1 });
    } finally {
      await stage.double.reset();
      files = filesOnDisk(stage.double);
    }
  });

  it('E2: a rename through the gate itself changes nothing either', async () => {
    const { ids } = stage.double;
    const rename = `mutation { environmentRename(id: "${ids.environments.staging}", input: {name: "production"}) { name } }`;
    expect((await stage.graphql(token, rename)).body.errors).toBeUndefined();
    const outcome = await outcomeOf(stage, token, {
      operation: 'environmentDelete',
      query: 'mutation ($id: String!) { environmentDelete(id: $id) }',
      variables: { id: ids.environments.production },
    });
    expect(outcome).toMatchObject({ kind: 'denied', reached: 0 });
    expect(outcome.message).toContain('is in production');
    await stage.double.reset();
  });
});

describe('what cannot be settled, by a token that may do everything', { timeout: 120_000 }, () => {
  let stage: Stage;
  let token: string;

  beforeAll(async () => {
    stage = await openStage({ daemon: { upstream: { headersTimeout: 1_500, wholeTimeout: 4_000 } } });
    token = await stage.token('everything', { presets: ['railway:all'], environments: ['staging', 'production'] });
  });
  afterAll(() => stage.close());
  beforeEach(() => stage.double.reset());

  it('E2, K2: ids that nobody knows are denied, each kind with its reason', async () => {
    const strange = Object.fromEntries(Object.keys(production(stage.double)).map((name) => [name, randomUUID()]));
    for (const call of aimedAt(strange)) {
      const outcome = await outcomeOf(stage, token, call);
      expect(outcome, call.kind).toMatchObject({ kind: 'denied', reached: 0 });
      expect(outcome.message, call.kind).toMatch(
        /is not bound in holdpoint\.yaml|no environment that|no project that|the id is unknown|unknown to railway/,
      );
    }
    expect(mutationsRun(stage.double)).toEqual([]);
  });

  it('E2: one strange id beside good ones is enough', async () => {
    const good = production(stage.double);
    for (const name of Object.keys(good)) {
      for (const call of aimedAt({ ...good, [name]: randomUUID() }).filter((one) => name in one.variables)) {
        const outcome = await outcomeOf(stage, token, call);
        expect(outcome, `${call.kind}, strange ${name}`).toMatchObject({ kind: 'denied', reached: 0 });
      }
    }
    expect(mutationsRun(stage.double)).toEqual([]);
  });

  it('E2: what lies in an environment that nobody bound is denied, saying so', async () => {
    const { ids } = stage.double;
    for (const environmentId of [ids.environments.preview, ids.account['otherEnvironmentId'] ?? '']) {
      const outcome = await outcomeOf(stage, token, {
        operation: 'environmentDelete',
        query: 'mutation ($id: String!) { environmentDelete(id: $id) }',
        variables: { id: environmentId },
      });
      expect(outcome).toMatchObject({ kind: 'denied', reached: 0 });
      expect(outcome.message).toContain('is not bound in holdpoint.yaml');
    }
    const whole = await outcomeOf(stage, token, {
      operation: 'projectDelete',
      query: 'mutation ($id: String!) { projectDelete(id: $id) }',
      variables: { id: ids.project },
    });
    expect(whole).toMatchObject({ kind: 'denied', reached: 0 });
    expect(whole.message).toContain('environment `preview`');
  });

  it('E2: an account-level operation counts as every environment', async () => {
    const narrow = await stage.token('narrow', { presets: ['railway:all'], environments: ['staging'] });
    for (const query of [
      'mutation { apiTokenCreate(input: {name: "x"}) }',
      'mutation { userDelete }',
      'query { apiTokens { edges { node { id } } } }',
    ]) {
      const { body } = await stage.graphql(narrow, query);
      expect(body.errors?.[0]?.message, query).toContain('production');
      expect(body.errors?.[0]?.extensions?.['code'], query).toBe('HOLDPOINT_DENIED');
    }
  });

  const volumeDelete = (): Aimed => {
    const [first] = aimedAt(production(stage.double));
    if (first === undefined) throw new Error('nothing to aim at');
    return first;
  };

  it.each([
    ['answers 500', 'http500', /railway could not be asked about .* \(status 500\)/],
    ['does not answer', 'timeout', /.+/],
    ['hangs up', 'dropBeforeEffect', /.+/],
  ] as const)(
    'E2, F1: a provider that %s while the target is looked up: nothing is sent, and the agent is told',
    async (_what, next, said) => {
      for (const when of ['environment', 'project', 'volumeInstanceBackupList']) {
        stage.double.fail({ next, when, times: 3 });
        const outcome = await outcomeOf(stage, token, volumeDelete());
        await stage.double.reset();
        expect(outcome.reached, when).toBe(0);
        expect(['HOLDPOINT_DENIED', 'HOLDPOINT_UNAVAILABLE'], when).toContain(outcome.code);
        expect(outcome.message, when).toMatch(said);
      }
      expect(mutationsRun(stage.double)).toEqual([]);
      // Up again, it is what it was: held.
      expect((await outcomeOf(stage, token, volumeDelete())).kind).toBe('held');
    },
  );

  it('F1: a provider that is gone altogether: reads and writes are refused, and nothing is believed from before', async () => {
    const gone = await openStage();
    try {
      const all = await gone.token('everything', { presets: ['railway:all'], environments: ['staging', 'production'] });
      const { ids } = gone.double;
      const read = `query { environment(id: "${ids.environments.staging}") { id } }`;
      expect((await gone.graphql(all, read)).body.errors).toBeUndefined();
      await gone.double.stop();
      for (const query of [
        read,
        `query { volumeInstance(id: "${ids.volumeInstances.staging}") { id } }`,
        `mutation { volumeDelete(volumeId: "${ids.volume}") }`,
        `mutation { variableUpsert(input: {projectId: "${ids.project}", environmentId: "${ids.environments.staging}", name: "A", value: "b"}) }`,
      ]) {
        const { body } = await gone.graphql(all, query);
        expect(['HOLDPOINT_DENIED', 'HOLDPOINT_UNAVAILABLE'], query).toContain(body.errors?.[0]?.extensions?.['code']);
        expect(body.data ?? null, query).toBeNull();
      }
    } finally {
      await gone.close();
    }
  });
});

describe('E1: where each environment has a credential of its own', { timeout: 60_000 }, () => {
  let stage: Stage;
  let token: string;

  beforeAll(async () => {
    stage = await openStage({ projectTokens: true });
    token = await stage.token('staging', { presets: ['railway:all'], environments: ['staging'] });
  });
  afterAll(() => stage.close());

  it('E1, E2: a project-level volume cannot be seen whole, so it is not resolved and denied', async () => {
    for (const environments of [['staging'], ['staging', 'production']]) {
      const asking = await stage.token(`for-${environments.length}`, { presets: ['railway:all'], environments });
      const outcome = await outcomeOf(stage, asking, {
        operation: 'volumeDelete',
        query: 'mutation ($id: String!) { volumeDelete(volumeId: $id) }',
        variables: { id: stage.double.ids.volume },
      });
      expect(outcome).toMatchObject({ kind: 'denied', reached: 0 });
      expect(outcome.message).toContain('which the credential at hand cannot see: not resolved');
    }
    expect(destructions(stage.double)).toBe(0);
  });

  it('E1: what lies in staging alone goes by the credential of staging', async () => {
    const { ids } = stage.double;
    const call = aimedAt({ ...production(stage.double), environment: ids.environments.staging }).find(
      (one) => one.kind === 'variable',
    );
    expect(call && (await outcomeOf(stage, token, call))).toMatchObject({ kind: 'passed', reached: 1 });
    const across = aimedAt(production(stage.double)).find((one) => one.kind === 'variable');
    expect(across && (await outcomeOf(stage, token, across))).toMatchObject({ kind: 'denied', reached: 0 });
  });

  it('E1: one credential that reaches two environments is flagged, one for each is not', async () => {
    const flags = async (on: Stage): Promise<readonly unknown[]> => {
      const { body } = await on.api('GET', '/v1/status');
      return (body['upstreams'] as readonly { readonly flag?: string }[]).map((one) => one.flag);
    };
    expect(await flags(stage)).toEqual([undefined, undefined]);
    const wide = await openStage();
    try {
      expect(await flags(wide)).toEqual(
        Array.from({ length: 2 }, () => 'its credential reaches more than one environment'),
      );
    } finally {
      await wide.close();
    }
  });
});

describe('E4: what carries production into staging, or runs beside its credentials', { timeout: 60_000 }, () => {
  let stage: Stage;
  let token: string;
  let narrow: string;

  beforeAll(async () => {
    stage = await openStage({ bindPreview: true, stagingDisposable: true });
    token = await stage.token('everything', { presets: ['railway:all'], environments: ['staging', 'production'] });
    narrow = await stage.token('staging', { presets: ['railway:all'], environments: ['staging'] });
  });
  afterAll(() => stage.close());

  it('E4: a new environment, in which nothing can be judged until it is bound, is held where the project has production', async () => {
    const create = {
      operation: 'environmentCreate',
      query: 'mutation ($i: EnvironmentCreateInput!) { environmentCreate(input: $i) { id } }',
      variables: { i: { projectId: stage.double.ids.project, name: 'trial' } },
    };
    const held = await outcomeOf(stage, token, create);
    expect(held).toMatchObject({ kind: 'held', reached: 0 });
    expect(await outcomeOf(stage, narrow, create)).toMatchObject({ kind: 'denied', reached: 0 });
  });

  it('E4: an environment copied from production is held; by a staging token it is denied', async () => {
    const { ids } = stage.double;
    const copy = {
      operation: 'environmentCreate',
      query: 'mutation ($i: EnvironmentCreateInput!) { environmentCreate(input: $i) { id } }',
      variables: { i: { projectId: ids.project, name: 'copy', sourceEnvironmentId: ids.environments.production } },
    };
    const held = await outcomeOf(stage, token, copy);
    expect(held).toMatchObject({ kind: 'held', reached: 0 });
    const { reasons: why, facts } = await stage.hold(held.hold);
    expect(why).toContain('it carries secrets or data of one environment into another');
    expect(facts.find((fact) => fact.label === 'copied from')?.value).toBe('production');
    expect(await outcomeOf(stage, narrow, copy)).toMatchObject({ kind: 'denied', reached: 0 });
  });

  it.each([
    'serviceDuplicate',
    'volumeInstancePITRRestore',
    'herokuImportVariables',
    'baseEnvironmentOverride',
    'templateGenerate',
  ])('E4: %s in production is held', async (name) => {
    const { query, variables } = validArguments(name, stage.double, 'production');
    expect(await outcomeOf(stage, token, { operation: name, query, variables })).toMatchObject({
      kind: 'held',
      reached: 0,
    });
  });

  it.each([
    'serviceInstanceDeploy',
    'serviceInstanceDeployV2',
    'serviceInstanceRedeploy',
    'deploymentRedeploy',
    'deploymentRestart',
    'deploymentRollback',
    'deploymentTriggerCreate',
    'deploymentTriggerUpdate',
    'environmentTriggersDeploy',
    'githubRepoDeploy',
    'sandboxCreate',
    'sandboxExec',
    'serviceInstanceUpdate',
    'cloudAgentCreate',
    'generateShellToken',
  ])("E4: %s runs somebody's code beside production's credentials: held there", async (name) => {
    const { query, variables } = validArguments(name, stage.double, 'production');
    const outcome = await outcomeOf(stage, token, { operation: name, query, variables });
    expect(outcome).toMatchObject({ kind: 'held', reached: 0 });
  });
});
