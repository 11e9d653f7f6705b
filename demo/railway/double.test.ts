import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { queryNames } from './arguments.ts';
import { allMutations, type Double, startDouble, validArguments } from './double.ts';
import { isObject, type Json, text } from './json.ts';
import { messages, send } from './sending.ts';

let double: Double;

beforeAll(async () => {
  double = await startDouble();
});

afterAll(() => double.stop());

beforeEach(() => double.reset());

function lastOperation(since: number) {
  return double.log.slice(since).find((entry) => entry.kind === 'operation');
}

describe("Railway's published schema", () => {
  it('K6 is served whole: 230 mutations, 152 queries, 13 subscriptions', () => {
    expect(allMutations(double)).toHaveLength(230);
    expect(queryNames(double.schema)).toHaveLength(152);
    expect(Object.keys(double.schema.getSubscriptionType()?.getFields() ?? {})).toHaveLength(13);
  });
});

describe.each(['production', 'staging'] as const)('all mutations with valid arguments, %s', (environment) => {
  it('K6 each changes the state or says `not simulated`, and none answers the same without acting', async () => {
    const silent: string[] = [];
    const refused: string[] = [];
    let acted = 0;
    for (const name of allMutations(double)) {
      await double.reset();
      const before = JSON.stringify(double.state.snapshot());
      const mark = double.log.length;
      const answer = await send(double, validArguments(name, double, environment));
      const isChanged = JSON.stringify(double.state.snapshot()) !== before;
      const operation = lastOperation(mark);
      expect(operation?.kind === 'operation' && operation.name).toBe(name);
      if (messages(answer).some((message) => message === `not simulated: ${name}`)) refused.push(name);
      else if (!isChanged || messages(answer).length > 0) silent.push(`${name}: ${messages(answer).join(', ')}`);
      else acted += 1;
    }
    console.log(`${environment}: ${acted} of ${allMutations(double).length} acted, ${refused.length} not simulated`);
    expect(silent).toEqual([]);
    expect(acted + refused.length).toBe(230);
    expect(refused).toEqual([]);
  }, 120_000);
});

describe('ordinary work', () => {
  it('H6 reads: at least 60 of the queries answer without an error and change nothing', async () => {
    const version = double.state.version;
    const failed: string[] = [];
    // `sandboxTemplateBuild` is the name of a query and of a mutation
    const names = queryNames(double.schema).filter((name) => !allMutations(double).includes(name));
    for (const name of names) {
      const answer = await send(double, validArguments(name, double, 'staging'));
      if (messages(answer).length > 0) failed.push(name);
    }
    expect(names.length - failed.length).toBeGreaterThanOrEqual(140);
    expect(failed).toEqual([
      'adminVolumeInstancesForVolume',
      'auditLog',
      'environmentChangeSetApply',
      'integrationAuth',
      'projectInviteCode',
      'projectToken',
    ]);
    expect(double.state.version).toBe(version);
  });

  it('E2 the inventory leads from the person to each volume, its environment, size and backups', async () => {
    const answer = await send(double, {
      query: `{ me { workspaces { name projects { edges { node { name environments { edges { node { name
        volumeInstances { edges { node { id volumeId isPendingDeletion currentSizeMB volume { name } service { name } } } }
      } } } } } } } } }`,
    });
    const said = JSON.stringify(answer);
    expect(messages(answer)).toEqual([]);
    for (const part of ['PocketOS', 'pocketos', 'production', 'staging', 'pg-data', double.ids.volume]) {
      expect(said).toContain(part);
    }
    const list = await send(double, {
      query: 'query ($id: String!) { volumeInstanceBackupList(volumeInstanceId: $id) { id usedMB createdAt } }',
      variables: { id: double.ids.volumeInstances.production },
    });
    expect(list.data?.['volumeInstanceBackupList']).toHaveLength(7);
  });

  it('C4 variables render references, and a sealed one is never read back', async () => {
    const place = `projectId: "${double.ids.project}", environmentId: "${double.ids.environments.production}"`;
    const answer = await send(double, {
      query: `{ variables(${place}, serviceId: "${double.ids.services.counter}")
        raw: variables(${place}, serviceId: "${double.ids.services.counter}", unrendered: true) }`,
    });
    expect(answer.data?.['variables']).toMatchObject({
      DATABASE_URL: 'postgresql://postgres:production-secret@postgres.railway.internal:5432/pocketos',
    });
    expect(answer.data?.['raw']).toMatchObject({ DATABASE_URL: '${{postgres.DATABASE_URL}}' });
    expect(JSON.stringify(answer)).not.toContain('STRIPE_SECRET_KEY');
  });

  it('paging goes through a connection one row at a time', async () => {
    const seen: unknown[] = [];
    let after: Json = null;
    for (let page = 0; page < 10; page += 1) {
      const answer: Awaited<ReturnType<typeof send>> = await send(double, {
        query: `query ($p: String!, $after: String) { environments(projectId: $p, first: 1, after: $after) {
          edges { node { name } } pageInfo { endCursor hasNextPage } } }`,
        variables: { p: double.ids.project, after },
      });
      const connection = answer.data?.['environments'];
      const edges = isObject(connection) ? connection['edges'] : null;
      const info = isObject(connection) ? connection['pageInfo'] : null;
      if (Array.isArray(edges)) seen.push(...(edges as readonly Json[]));
      if (!isObject(info) || info['hasNextPage'] !== true) break;
      after = info['endCursor'] ?? null;
    }
    expect(seen).toEqual(['production', 'staging', 'preview'].map((name) => ({ node: { name } })));
  });
});

describe('whose token it is', () => {
  const volumes = '{ environments(projectId: "PROJECT") { edges { node { name } } } }';

  it('E3 no token and an unknown one get `Not Authorized` with HTTP 200', async () => {
    for (const token of [null, 'd0d0d0d0-0000-4000-8000-000000000000']) {
      const answer = await send(double, { query: '{ me { id } }' }, { token });
      expect(answer.status).toBe(200);
      expect(messages(answer)).toEqual(['Not Authorized']);
    }
  });

  it('C2 a token made for custom domains has the authority of the whole account', async () => {
    const query = `mutation { projectDelete(id: "${double.ids.otherProject}") }`;
    expect((await send(double, { query }, { token: double.tokens.domains })).data).toEqual({ projectDelete: true });
    expect(double.state.get('projects', double.ids.otherProject)).toBeUndefined();
  });

  it('E1 a project token sees its own environment, and deletes a project-level volume in all of them', async () => {
    const asStaging = { token: double.tokens.staging, header: 'project-access-token' };
    const seen = await send(double, { query: volumes.replace('PROJECT', double.ids.project) }, asStaging);
    expect(JSON.stringify(seen.data)).toContain('staging');
    expect(JSON.stringify(seen.data)).not.toContain('production');
    const other = `{ environment(id: "${double.ids.environments.production}") { name } }`;
    expect(messages(await send(double, { query: other }, asStaging))).toEqual(['Not Authorized']);
    const query = `mutation { volumeDelete(volumeId: "${double.ids.volume}") }`;
    expect((await send(double, { query }, asStaging)).data).toEqual({ volumeDelete: true });
    expect(double.state.get('volumeInstances', double.ids.volumeInstances.production)).toBeUndefined();
  });

  it('E1 neither another project nor another company reaches in', async () => {
    const query = `mutation { volumeDelete(volumeId: "${double.ids.volume}") }`;
    const asOther = { token: double.tokens.otherProject, header: 'project-access-token' };
    expect(messages(await send(double, { query }, asOther))).toEqual(['Not Authorized']);
    expect(messages(await send(double, { query }, { token: double.tokens.elsewhere }))).toEqual(['Not Authorized']);
    expect(double.state.get('volumes', double.ids.volume)).toBeDefined();
  });

  it('C4 a minted token works at once and is dead after its deletion', async () => {
    const minted = await send(double, validArguments('apiTokenCreate', double));
    const token = text(minted.data ?? {}, 'apiTokenCreate');
    expect(messages(await send(double, { query: '{ me { id } }' }, { token }))).toEqual([]);
    const row = double.state.find('apiTokens', { token });
    await send(double, { query: `mutation { apiTokenDelete(id: "${row?.id ?? ''}") }` });
    expect(messages(await send(double, { query: '{ me { id } }' }, { token }))).toEqual(['Not Authorized']);
  });
});

describe('sameness', () => {
  it('ids and tokens are the same in each run and after each reset', async () => {
    const twin = await startDouble();
    try {
      expect(twin.ids).toEqual(double.ids);
      expect(twin.tokens).toEqual(double.tokens);
      await send(twin, validArguments('volumeDelete', twin));
      await twin.reset();
      expect(twin.state.list('backups').map((row) => row.id)).toEqual(
        double.state.list('backups').map((row) => row.id),
      );
    } finally {
      await twin.stop();
    }
  });
});
