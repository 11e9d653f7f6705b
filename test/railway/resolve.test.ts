import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Asking, environment, railwayPost } from './asking.ts';
import { allMutations, validArguments } from '../../demo/railway/double.ts';
import type { Resolution } from '../../src/contract/provider.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { Refused } from '../../src/model/refusal.ts';

let asking: Asking;

beforeAll(async () => {
  asking = await Asking.start();
});
afterAll(async () => {
  await asking.double.stop();
});

function nothing(): never {
  throw new Error('nothing to ask');
}

const environmentsOf = (resolution: Resolution): readonly string[] =>
  [
    ...new Set(resolution.actions.flatMap((action) => action.resources.flatMap((resource) => resource.environments))),
  ].toSorted();

async function denial(
  query: string,
  variables: JsonObject = {},
  reach: 'all' | 'environment' = 'all',
): Promise<string> {
  const thrown: unknown = await asking.resolve(query, variables, reach).catch((error: unknown) => error);
  if (!(thrown instanceof Refused)) throw new Error(`not refused: ${String(thrown)}`);
  expect(thrown.refusal.code).toBe('DENIED');
  return thrown.refusal.detail;
}

describe('volumes', () => {
  const drop = 'mutation ($v: String!) { volumeDelete(volumeId: $v) }';

  it('E1, H3 a project-level volume is in every environment that has an instance, and its backups die with it', async () => {
    const resolution = await asking.resolve(drop, { v: asking.double.ids.volume });
    expect(resolution.actions[0]).toMatchObject({
      reversibility: 'irreversible',
      resources: [
        {
          kind: 'railway:volume',
          id: asking.double.ids.volume,
          name: 'pg-data',
          environments: ['production', 'staging'],
        },
      ],
    });
    expect(resolution.varyingFact).toBe('pg-data');
    expect(resolution.defaultMode).toBe('delayed');
    expect(resolution.undo).toBe('none');
    expect(resolution.capture).toBeUndefined();
    expect(resolution.dependents).toEqual(
      expect.arrayContaining([...asking.double.ids.backups, ...Object.values(asking.double.ids.volumeInstances)]),
    );
    const facts = resolution.facts.map((fact) => `${fact.label}: ${fact.value}`);
    expect(facts).toContainEqual(expect.stringMatching(/^backups in production that die with it: 7, newest of 20/));
    expect(facts).toContainEqual(expect.stringMatching(/^mounted in production: .* of `postgres`/));
    expect(facts).toContainEqual(expect.stringMatching(/^data in production: /));
  });

  it('E1 a volume with one instance is in that environment alone', async () => {
    expect(environmentsOf(await asking.resolve(drop, { v: asking.double.ids.ownVolume.staging }))).toEqual(['staging']);
  });

  it('E2 with a credential that sees one environment only, a volume is not resolved', async () => {
    expect(await denial(drop, { v: asking.double.ids.volume }, 'environment')).toContain('cannot see');
  });

  it('E2 an unknown id is denied', async () => {
    expect(await denial(drop, { v: '00000000-0000-4000-8000-000000000000' })).toContain(
      'no project that holdpoint.yaml binds',
    );
  });

  it('E2 an instance in an environment that is not bound is denied, naming it', async () => {
    const partly = new Asking(asking.double);
    const { environments } = asking.double.ids;
    const bound = [
      environment('staging', false, [environments.staging]),
      environment('preview', false, [environments.preview]),
    ];
    const reading = partly.provider.read(railwayPost({ query: drop, variables: { v: asking.double.ids.volume } }));
    await expect(partly.look(reading.resolve({ environments: bound, reach: 'all' }))).rejects.toThrow(
      /environment `production` .* is not bound in holdpoint.yaml/,
    );
  });

  it('U3 whether it took effect can be asked afterwards', async () => {
    await asking.double.reset();
    const resolution = await asking.resolve(drop, { v: asking.double.ids.ownVolume.production });
    const prove = () =>
      asking.provider.prove?.(resolution.intent ?? {}, { environments: asking.environments, reach: 'all' }) ??
      nothing();
    expect(await asking.look(prove())).toBe('failed');
    await asking.send(railwayPost({ query: drop, variables: { v: asking.double.ids.ownVolume.production } }));
    expect(await asking.look(prove())).toBe('done');
    await asking.double.reset();
  });

  it('H2 another backup changes the set that is shown', async () => {
    const before = await asking.resolve(drop, { v: asking.double.ids.volume });
    await asking.send(
      railwayPost({
        query: 'mutation ($v: String!) { volumeInstanceBackupCreate(volumeInstanceId: $v) { workflowId } }',
        variables: { v: asking.double.ids.volumeInstances.production },
      }),
    );
    expect((await asking.resolve(drop, { v: asking.double.ids.volume })).dependents).not.toEqual(before.dependents);
    await asking.double.reset();
  });
});

describe('environments', () => {
  it('E2 binds to ids: renaming production to staging changes nothing', async () => {
    const { ids } = asking.double;
    await asking.send(
      railwayPost({
        query: 'mutation ($e: String!) { environmentRename(id: $e, input: {name: "staging"}) { id } }',
        variables: { e: ids.environments.production },
      }),
    );
    const resolution = await asking.resolve('mutation ($e: String!) { environmentDelete(id: $e) }', {
      e: ids.environments.production,
    });
    expect(environmentsOf(resolution)).toEqual(['production']);
    await asking.double.reset();
  });

  it('E2 an environment that is not bound is denied, and not even asked about', async () => {
    const before = asking.asked.length;
    expect(await denial('{ variables(environmentId: "nowhere", projectId: "x") }')).toContain(
      'is not bound in holdpoint.yaml',
    );
    expect(asking.asked.length).toBe(before);
  });

  it('E1 a service named with an environment of another project, or none that it is in, is denied', async () => {
    const { ids } = asking.double;
    const upsert = 'mutation ($i: VariableUpsertInput!) { variableUpsert(input: $i) }';
    const input = { name: 'A', value: '1', environmentId: ids.environments.staging, serviceId: ids.services.counter };
    expect(await denial(upsert, { i: { ...input, projectId: ids.otherProject } })).toContain('not in the project');
    expect(await denial(upsert, { i: { ...input, projectId: ids.project, serviceId: 'nobody' } })).toContain(
      'no instance',
    );
  });

  it('E1 without an environment, or in one that is no fork, a service is deleted wherever it is', async () => {
    const { ids } = asking.double;
    const everywhere = await asking.resolve('mutation ($s: String!) { serviceDelete(id: $s) }', {
      s: ids.services.counter,
    });
    expect(environmentsOf(everywhere)).toEqual(['production', 'staging']);
    const named = await asking.resolve(
      'mutation ($s: String!, $e: String) { serviceDelete(id: $s, environmentId: $e) }',
      { s: ids.services.counter, e: ids.environments.staging },
    );
    expect(environmentsOf(named)).toEqual(['production', 'staging']);
  });

  it('E4 copying production into a new environment counts as production', async () => {
    const { ids } = asking.double;
    const resolution = await asking.resolve(
      'mutation ($i: EnvironmentCreateInput!) { environmentCreate(input: $i) { id } }',
      {
        i: { name: 'x', projectId: ids.project, sourceEnvironmentId: ids.environments.production },
      },
    );
    expect(environmentsOf(resolution)).toEqual(['production']);
    expect(resolution.actions[0]?.traits).toEqual(expect.arrayContaining(['copies-secrets', 'runs-code']));
  });

  it('K3 a commit of staged changes is shown and hashed as what is staged', async () => {
    const { ids } = asking.double;
    const stage =
      'mutation ($e: String!, $p: EnvironmentConfig!) { environmentStageChanges(environmentId: $e, input: $p) { id } }';
    const commit = 'mutation ($e: String!) { environmentPatchCommitStaged(environmentId: $e) }';
    const before = await asking.resolve(commit, { e: ids.environments.staging });
    await asking.send(
      railwayPost({
        query: stage,
        variables: { e: ids.environments.staging, p: { volumes: { [ids.volume]: { isDeleted: true } } } },
      }),
    );
    const after = await asking.resolve(commit, { e: ids.environments.staging });
    expect(after.dependents).not.toEqual(before.dependents);
    expect(after.actions[0]?.traits).toContain('weakens-backup');
    expect(after.facts.find((fact) => fact.label === 'deletes')?.value).toContain('isDeleted');
    await asking.double.reset();
  });

  it('E1 a volume that a patch of staging deletes is in production as well', async () => {
    const { ids } = asking.double;
    const commit =
      'mutation ($e: String!, $p: EnvironmentConfig) { environmentPatchCommit(environmentId: $e, patch: $p) }';
    const of = async (p: JsonObject | string): Promise<readonly string[]> =>
      environmentsOf(await asking.resolve(commit, { e: ids.environments.staging, p }));
    expect(await of({ volumes: { [ids.volume]: { isDeleted: true } } })).toEqual(['production', 'staging']);
    expect(await of(JSON.stringify({ volumes: { [ids.volume]: null } }))).toEqual(['production', 'staging']);
    expect(await of({ services: { [ids.services.counter]: null } })).toEqual(['production', 'staging']);
    expect(await of({ volumes: { [ids.ownVolume.staging]: { isDeleted: true } } })).toEqual(['staging']);
    expect(await of({ services: { [ids.services.counter]: { deploy: { startCommand: null } } } })).toEqual(['staging']);
    expect(await of({ buckets: { b: { isDeleted: true } } })).toEqual(['preview', 'production', 'staging']);
    expect(await of('unreadable')).toEqual(['preview', 'production', 'staging']);
  });

  it('E2 an operation above the environments counts as every one of them', async () => {
    const resolution = await asking.resolve('mutation { apiTokenCreate(input: {name: "x"}) }');
    expect(environmentsOf(resolution)).toEqual(['preview', 'production', 'staging']);
    expect(resolution.actions[0]).toMatchObject({ reversibility: 'irreversible', traits: ['credential'] });
  });
});

describe('a credential that sees its own environment alone', () => {
  const upsert = 'mutation ($i: VariableUpsertInput!) { variableUpsert(input: $i) }';
  const variable = (environment: 'production' | 'staging'): JsonObject => {
    const { ids } = asking.double;
    return {
      i: {
        name: 'A',
        value: '1',
        projectId: ids.project,
        environmentId: ids.environments[environment],
        serviceId: ids.services.counter,
      },
    };
  };

  it('E1, E2 resolves what lies in it, and is not even asked about what does not', async () => {
    expect(environmentsOf(await asking.resolve(upsert, variable('staging'), 'environment'))).toEqual(['staging']);
    const before = asking.asked.length;
    expect(await denial(upsert, variable('production'), 'environment')).toContain('cannot see it');
    expect(asking.asked.slice(before)).toEqual(['railway:query.projectToken']);
  });

  it('E2 finds a domain of its own environment, and none of another', async () => {
    const drop = 'mutation ($d: String!) { customDomainDelete(id: $d) }';
    const { environment: named } = asking.double.ids;
    expect(
      environmentsOf(await asking.resolve(drop, { d: named.staging['customDomainId'] ?? '' }, 'environment')),
    ).toEqual(['staging']);
    expect(await denial(drop, { d: named.production['customDomainId'] ?? '' }, 'environment')).toContain(
      'cannot be seen',
    );
  });

  it('E2 what may exist elsewhere is not resolved', async () => {
    const { ids } = asking.double;
    for (const [query, variables] of [
      ['mutation ($id: String!) { serviceDelete(id: $id) }', { id: ids.services.counter }],
      ['mutation ($id: String!) { projectDelete(id: $id) }', { id: ids.project }],
      ['mutation ($id: String!) { volumeUpdate(volumeId: $id, input: {name: "x"}) { id } }', { id: ids.volume }],
    ] as const) {
      expect([query, await denial(query, variables, 'environment')]).toEqual([
        query,
        expect.stringContaining('cannot see'),
      ]);
    }
  });
});

describe('reads', () => {
  const ids = () => asking.double.ids;

  it('E1 a read is in the environment that it names, with no look-up', async () => {
    const before = asking.asked.length;
    const query = '{ variables(environmentId: "E", projectId: "P") }'
      .replace('E', ids().environments.production)
      .replace('P', ids().project);
    expect(environmentsOf(await asking.resolve(query))).toEqual(['production']);
    expect(asking.asked.length).toBe(before);
  });

  it('E1 logs are in the environment of their deployment', async () => {
    const deployment = ids().environment.production['deploymentId'] ?? '';
    expect(
      environmentsOf(
        await asking.resolve('query ($d: String!) { deploymentLogs(deploymentId: $d) { message } }', { d: deployment }),
      ),
    ).toEqual(['production']);
  });

  it('E1 an inventory above the environments belongs to none of them', async () => {
    for (const query of [
      '{ me { id name email workspaces { id name } } }',
      '{ projects { edges { node { id name environments { edges { node { id name } } } services { edges { node { id name } } } } } pageInfo { hasNextPage } } }',
      '{ __schema { queryType { name } } }',
      '{ platformStatus { isStable } }',
      '{ customDomainAvailable(domain: "x.example.com") { available } }',
    ]) {
      const resolution = await asking.resolve(query);
      expect([query, resolution.actions[0]?.resources]).toEqual([query, []]);
    }
  });

  it.each([
    '{ projects { edges { node { environments { edges { node { config } } } } } } }',
    '{ projects { edges { node { environments { edges { node { variables { edges { node { name } } } } } } } } } }',
    '{ me { workspaces { projects { edges { node { services { edges { node { deployments { edges { node { meta } } } } } } } } } } } }',
    '{ environment(id: "STAGING") { sourceEnvironment { config } } }',
    '{ environment(id: "STAGING") { serviceInstances { edges { node { service { serviceInstances { edges { node { startCommand } } } } } } } } }',
    '{ environment(id: "STAGING") { volumeInstances { edges { node { volume { project { environments { edges { node { config } } } } } } } } } }',
    '{ ...A } fragment A on Query { x: project(id: "PROJECT") { ... on Project { environments { edges { node { ...E } } } } } } fragment E on Environment { harmless: config }',
    '{ auditLogs(workspaceId: "w") { edges { node { id } } } }',
    '{ deployments(input: {projectId: "PROJECT"}) { edges { node { id } } } }',
  ])('E1 what reaches into other environments counts as all of them: %s', async (query) => {
    const filled = query.replace('STAGING', ids().environments.staging).replace('PROJECT', ids().project);
    expect(environmentsOf(await asking.resolve(filled))).toEqual(['preview', 'production', 'staging']);
  });

  it('E1 so does the answer of a write', async () => {
    const query =
      'mutation ($s: String!) { serviceUpdate(id: $s, input: {name: "x"}) { id project { environments { edges { node { config } } } } } }';
    expect(environmentsOf(await asking.resolve(query, { s: ids().services.worker }))).toEqual([
      'preview',
      'production',
      'staging',
    ]);
  });
});

describe('things of a project that are known by their own id', () => {
  it('E1, E2 are of the environment that they open, or of every one of their project; of another project nobody is told', async () => {
    const { ids, state } = asking.double;
    const dropToken = 'mutation ($id: String!) { projectTokenDelete(id: $id) }';
    const tokenOf = (environmentId: string): string => state.find('projectTokens', { environmentId })?.id ?? '';
    const drop = await asking.resolve(dropToken, { id: tokenOf(ids.environments.staging) });
    expect(environmentsOf(drop)).toEqual(['staging']);
    expect(drop.varyingFact).toBe('ci staging');
    const other = state.find('projectTokens', { projectId: ids.otherProject })?.id ?? '';
    expect(await denial(dropToken, { id: other })).toContain('in no project that holdpoint.yaml binds');

    const own = state.insert('integrations', { projectId: ids.project, name: 'own', config: {} });
    const theirs = state.insert('integrations', { projectId: ids.otherProject, name: 'theirs', config: {} });
    const update =
      'mutation ($id: String!, $p: String!) { integrationUpdate(id: $id, input: {projectId: $p, name: "x", config: {}}) { id } }';
    expect(environmentsOf(await asking.resolve(update, { id: own.id, p: ids.project }))).toEqual([
      'preview',
      'production',
      'staging',
    ]);
    expect(await denial(update, { id: theirs.id, p: ids.project })).toContain(
      'in no project that holdpoint.yaml binds',
    );
    expect(await denial(update, { id: own.id, p: ids.otherProject })).toContain('not in the one that is named');
    await asking.double.reset();
  });
});

describe('all of them', () => {
  it(
    'E2, K2 each of the 230 resolves to environments that are bound, or is denied with a reason',
    { timeout: 120_000 },
    async () => {
      const known = new Set(asking.environments.map((one) => one.name));
      const telemetry = new Set(['cliAuthEventTrack', 'cliEventTrack', 'setupAgentEventTrack']);
      let live = 0;
      for (const name of allMutations(asking.double)) {
        const ready = validArguments(name, asking.double, 'staging');
        try {
          const resolution = await asking.resolve(ready.query, ready.variables as JsonObject);
          const environments = environmentsOf(resolution);
          live += 1;
          expect([name, environments.length > 0]).toEqual([name, !telemetry.has(name)]);
          expect(environments.every((one) => known.has(one))).toBe(true);
          expect([name, resolution.varyingFact.length > 0]).toEqual([name, true]);
          if (resolution.actions[0]?.reversibility === 'reversible')
            expect([name, resolution.capture !== undefined]).toEqual([name, true]);
        } catch (thrown) {
          if (!(thrown instanceof Refused)) throw thrown;
          expect([name, thrown.refusal.code]).toEqual([name, 'DENIED']);
        }
      }
      expect(live).toBeGreaterThanOrEqual(195);
    },
  );

  it('E2, K6 none of the 230 is without a resolver', () => {
    const mutations = new Set(allMutations(asking.double).map((name) => `railway:${name}`));
    const without = asking.provider.catalogue.filter((one) => one.resolver === 'none' && mutations.has(one.operation));
    expect(without).toEqual([]);
  });

  it('E2, F1 a provider that errs, is slow to answer whole, or refuses is no yes', async () => {
    for (const next of ['http500', 'unauthorized'] as const) {
      asking.double.fail({ next });
      await expect(
        asking.resolve('mutation ($v: String!) { volumeDelete(volumeId: $v) }', { v: asking.double.ids.volume }),
      ).rejects.toThrow(/resolve|asked|refused|answer/);
    }
    await asking.double.reset();
  });
});
