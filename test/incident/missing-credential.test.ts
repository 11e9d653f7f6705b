import { afterAll, beforeAll, expect, it } from 'vitest';
import { openStage, type Stage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

it('C1: a credential that is not in the vault is said to the agent and to the journal, and nothing is sent', async () => {
  const { staging } = stage.double.ids.environments;
  const text = `version: 1
environments:
  staging: { production: false, railway: [${staging}] }
upstreams:
  gone: { provider: railway, environment: staging, credential: "vault:never-kept", address: "http://127.0.0.1:${stage.double.port}", private: true }
`;
  await stage.act('apply', { text, policies: {} });
  const token = await stage.token('agent', { presets: ['railway:read'], environments: ['staging'] });
  const { body } = await stage.graphql(token, 'query environment($id: String!) { environment(id: $id) { name } }', {
    id: staging,
  });
  const said = body.errors?.[0]?.message ?? '';
  expect(said).toContain('the credential of upstream `gone` is not in the vault');
  expect(said).toContain('tell the person you work for');
  expect(stage.reached('environment')).toBe(0);
  const refused = await stage.daemon.road.store.find('entries', { where: { 'entry.kind': 'refused' } });
  expect(JSON.stringify(refused)).toContain('the credential of upstream `gone` is not in the vault');
});
