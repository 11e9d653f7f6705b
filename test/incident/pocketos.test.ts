import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStage, type Stage } from './stage.ts';

const volumeDelete = (volume: string): string => `mutation { volumeDelete(volumeId: "${volume}") }`;

describe('S1: the call that took PocketOS down', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await openStage();
  });
  afterAll(async () => {
    await stage.close();
  });

  const untouched = (): void => {
    expect(stage.reached('volumeDelete')).toBe(0);
    expect(existsSync(stage.double.volumeFolder('production'))).toBe(true);
  };

  it('refuses the real token and says that it was exposed (C3)', async () => {
    const { body } = await stage.graphql(stage.double.tokens.domains, volumeDelete(stage.double.ids.volume));
    expect(body.errors?.[0]?.extensions?.['code']).toBe('HOLDPOINT_EXPOSED_CREDENTIAL');
    untouched();
  });

  it('denies it to a token made for domains (C2, S1)', async () => {
    const token = await stage.token('domains', {
      presets: ['railway:domains'],
      environments: ['staging', 'production'],
      purpose: 'custom domains',
    });
    const { body } = await stage.graphql(token, volumeDelete(stage.double.ids.volume));
    expect(body.errors?.[0]?.extensions?.['code']).toBe('HOLDPOINT_DENIED');
    expect(body.errors?.[0]?.message).toContain('railway:volumeDelete');
    untouched();
  });

  it('denies it to a staging token, naming production (E1)', async () => {
    const token = await stage.token('staging', { presets: ['railway:all'], environments: ['staging'] });
    const { body } = await stage.graphql(token, volumeDelete(stage.double.ids.volume));
    expect(body.errors?.[0]?.message).toContain('production');
    expect(body.errors?.[0]?.extensions?.['code']).toBe('HOLDPOINT_DENIED');
    untouched();
  });

  it('holds it for the right token, shows what dies with it, and delays it after the signature (H3, H4, U3)', async () => {
    const token = await stage.token('everything', {
      presets: ['railway:all'],
      environments: ['staging', 'production'],
    });
    const { body } = await stage.graphql(token, volumeDelete(stage.double.ids.volume));
    expect(body.errors?.[0]?.extensions?.['code']).toBe('HOLDPOINT_HELD');
    const hold = await stage.hold(String(body.errors?.[0]?.extensions?.['hold']));
    expect(hold.friction).toEqual({ signatures: 1, typedFact: true });
    expect(JSON.stringify(hold.facts)).toContain('7');
    expect(hold.varyingFact).toBe('pg-data');
    untouched();

    const approved = await stage.approve(hold);
    expect(approved.status).toBe(200);
    expect(approved.body['state']).toBe('scheduled');
    const again = await stage.graphql(token, volumeDelete(stage.double.ids.volume));
    expect(again.body.errors?.[0]?.extensions?.['code']).toBe('HOLDPOINT_SCHEDULED');
    expect(again.body.data).toBeNull();
    expect((await stage.api('POST', `/v1/holds/${hold.code}/cancel`)).body['state']).toBe('cancelled');
    untouched();
  });

  it('holds a change of the production DATABASE_URL (S4, C4)', async () => {
    const token = await stage.token('variables', { presets: ['railway:variables'], environments: ['production'] });
    const { ids } = stage.double;
    const { body } = await stage.graphql(
      token,
      'mutation ($input: VariableUpsertInput!) { variableUpsert(input: $input) }',
      {
        input: {
          projectId: ids.project,
          environmentId: ids.environments.production,
          serviceId: ids.services.counter,
          name: 'DATABASE_URL',
          value: 'postgres://elsewhere/empty',
        },
      },
    );
    expect(body.errors?.[0]?.extensions?.['code']).toBe('HOLDPOINT_HELD');
    expect(stage.reached('variableUpsert')).toBe(0);
  });

  it('lets an ordinary variable change run, and takes it back (U1)', async () => {
    const token = await stage.token('variables', { presets: ['railway:variables'], environments: ['production'] });
    const { ids } = stage.double;
    const variables = {
      input: {
        projectId: ids.project,
        environmentId: ids.environments.production,
        serviceId: ids.services.counter,
        name: 'FEATURE_PICKUP',
        value: 'off',
        skipDeploys: true,
      },
    };
    const valueNow = (): unknown =>
      stage.double.state.find('variables', { name: 'FEATURE_PICKUP', environmentId: ids.environments.production })?.[
        'value'
      ];
    const former = valueNow();
    const { body } = await stage.graphql(
      token,
      'mutation ($input: VariableUpsertInput!) { variableUpsert(input: $input) }',
      variables,
    );
    expect(body).toEqual({ data: { variableUpsert: true } });
    expect([stage.reached('variableUpsert'), valueNow()]).toEqual([1, 'off']);
    const images = (await stage.api('GET', '/v1/undo')).body['images'] as { id: string; state: string }[];
    const plan = await stage.api('GET', `/v1/undo/${images[0]?.id}`);
    expect(plan.body).toMatchObject({ conflicts: [], notUndone: [] });
    const undone = await stage.api('POST', `/v1/undo/${images[0]?.id}`, { overConflicts: false });
    expect(undone.body).toMatchObject({ steps: 1 });
    expect([stage.reached('variableUpsert'), valueNow()]).toEqual([2, former]);
  });

  it('passes what a domains token is for (C2)', async () => {
    const token = await stage.token('domains', {
      presets: ['railway:domains'],
      environments: ['staging', 'production'],
      purpose: 'custom domains',
    });
    const { ids } = stage.double;
    const { body } = await stage.graphql(
      token,
      'query ($p: String!, $e: String!, $s: String!) { domains(projectId: $p, environmentId: $e, serviceId: $s) { customDomains { domain } } }',
      {
        p: ids.project,
        e: ids.environments.production,
        s: ids.services.counter,
      },
    );
    expect(body.errors).toBeUndefined();
    expect(body.data).toBeDefined();
  });
});

describe('E3: a credential error is where the incident began', () => {
  it('answers the provider’s refusal with stop, a hold that asks a human, and an alarm (E3)', async () => {
    const stage = await openStage();
    try {
      const token = await stage.token('everything', {
        presets: ['railway:all'],
        environments: ['staging', 'production'],
      });
      stage.double.fail({ next: 'unauthorized' });
      const { body } = await stage.graphql(
        token,
        `query { environment(id: "${stage.double.ids.environments.staging}") { id name } }`,
      );
      expect(body.errors?.[0]?.extensions?.['code']).toBe('HOLDPOINT_DENIED');
      expect(body.errors?.[0]?.message).toContain('do not look for another credential');
      const hold = await stage.hold(String(body.errors?.[0]?.extensions?.['hold']));
      expect(hold.rules).toEqual(['provider-refused']);
    } finally {
      await stage.close();
    }
  });
});
