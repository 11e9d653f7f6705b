import { describe, expect, it } from 'vitest';
import { railway } from './index.ts';
import { maskText } from './secrets.ts';
import type { Answer } from '../../contract/upstream.ts';
import type { HttpMessage } from '../../model/http-message.ts';

function post(body: unknown): HttpMessage {
  return {
    protocol: 'http',
    method: 'POST',
    origin: 'https://backboard.railway.com',
    path: '/graphql/v2',
    headers: [['content-type', 'application/json']],
    body: new TextEncoder().encode(JSON.stringify(body)),
  };
}

function answer(body: unknown): Answer {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return {
    protocol: 'http',
    content: { status: 200, headers: [['content-length', '9']], body: new TextEncoder().encode(text) },
  };
}

function masked(query: string | readonly string[], body: unknown): string {
  const message = post(typeof query === 'string' ? { query } : query.map((one) => ({ query: one })));
  const { content } = railway.read(message).mask(answer(body));
  return new TextDecoder().decode((content as { body: Uint8Array }).body);
}

const secret = 'postgres://u:hunter2@db/x';
const where = '(environmentId: "e", projectId: "p")';
const forService = '(environmentId: "e", projectId: "p", serviceId: "s")';

/** A document that could show a secret, and the `data` that would. */
const table: readonly (readonly [what: string, query: string, data: unknown])[] = [
  ['variables', `{ variables${where} }`, { variables: { DATABASE_URL: secret } }],
  ['variables under an alias', `{ serviceName: variables${where} }`, { serviceName: { DATABASE_URL: secret } }],
  [
    'variables through fragments',
    `{ ...A } fragment A on Query { ...B } fragment B on Query { x: variables${where} }`,
    { x: { A: secret } },
  ],
  ['variables in an inline fragment', `{ ... on Query { variables${where} } }`, { variables: { A: secret } }],
  [
    'variables for a deployment',
    `{ variablesForServiceDeployment${forService} }`,
    { variablesForServiceDeployment: { A: secret } },
  ],
  ['nested values', `{ variables${where} }`, { variables: { A: { B: [secret] } } }],
  [
    'bucket keys',
    '{ bucketS3Credentials(bucketId: "b", environmentId: "e", projectId: "p") { k: secretAccessKey } }',
    { bucketS3Credentials: [{ k: secret }] },
  ],
  [
    'configuration',
    '{ environment(id: "e") { id config(decryptVariables: true) } }',
    { environment: { id: 'e', config: { services: { s: { variables: { A: { value: secret } } } } } } },
  ],
  [
    'configuration under an alias',
    '{ e: environment(id: "e") { id name: config } }',
    { e: { id: 'e', name: { a: secret } } },
  ],
  [
    'a staged patch',
    '{ environmentStagedChanges(environmentId: "e") { id patch } }',
    { environmentStagedChanges: { id: 'x', patch: { a: secret } } },
  ],
  [
    'patches in a connection',
    '{ environmentPatches(environmentId: "e") { edges { node { patch(decryptVariables: true) } } } }',
    { environmentPatches: { edges: [{ node: { patch: { a: secret } } }] } },
  ],
  [
    'a snapshot',
    '{ deploymentSnapshot(deploymentId: "d") { variables } }',
    { deploymentSnapshot: { variables: { A: secret } } },
  ],
  [
    'project tokens',
    '{ projectTokens(projectId: "p") { edges { node { displayToken } } } }',
    { projectTokens: { edges: [{ node: { displayToken: secret } }] } },
  ],
  [
    'an invite code',
    '{ projectInviteCode(projectId: "p", role: ADMIN) { code } }',
    { projectInviteCode: { code: secret } },
  ],
  ['a minted token', 'mutation { token: apiTokenCreate(input: {name: "x"}) }', { token: secret }],
  [
    'a project token',
    'mutation { projectTokenCreate(input: {environmentId: "e", name: "x", projectId: "p"}) }',
    { projectTokenCreate: secret },
  ],
  ['a login', 'mutation { loginSessionConsume(code: "x") }', { loginSessionConsume: secret }],
  [
    'a shell token',
    'mutation { generateShellToken(input: {environmentId: "e", instanceId: "i", kind: "k", scope: "s"}) }',
    { generateShellToken: secret },
  ],
  [
    'reset keys',
    'mutation { bucketCredentialsReset(bucketId: "b", environmentId: "e", projectId: "p") { accessKeyId secretAccessKey } }',
    { bucketCredentialsReset: { accessKeyId: secret, secretAccessKey: secret } },
  ],
  [
    'recovery codes',
    'mutation { recoveryCodeGenerate { recoveryCodes } }',
    { recoveryCodeGenerate: { recoveryCodes: [secret] } },
  ],
  [
    'a second factor',
    'mutation { twoFactorInfoSecret { secret uri } }',
    { twoFactorInfoSecret: { secret, uri: secret } },
  ],
  [
    'integrations',
    '{ integrations(projectId: "p") { edges { node { config } } } }',
    { integrations: { edges: [{ node: { config: { key: secret } } }] } },
  ],
  [
    'notification channels',
    '{ notificationRules(workspaceId: "w") { channels { config } } }',
    { notificationRules: [{ channels: [{ config: { url: secret } }] }] },
  ],
];

describe('C4: secrets inside answers are masked', () => {
  it.each(table)('C4 %s', (_what, query, data) => {
    const text = masked(query, { data });
    expect(text).not.toContain('hunter2');
    expect(text).toContain(maskText);
  });

  it('C4 keeps the names of variables, and everything that is no secret', () => {
    const text = masked(`{ variables${where} environment(id: "e") { name config } }`, {
      data: {
        variables: { COLOUR: 'red', N: '5' },
        environment: { name: 'staging', config: { services: { s: { isDeleted: false, n: 1 } } } },
      },
    });
    expect(JSON.parse(text)).toEqual({
      data: {
        variables: { COLOUR: maskText, N: maskText },
        environment: { name: 'staging', config: { services: { s: { isDeleted: false, n: 1 } } } },
      },
    });
  });

  it('C4 one key for a secret and a harmless field counts as secret', () => {
    const query =
      '{ environment(id: "e") { serviceInstances { edges { node { id } } } ...F } } fragment F on Environment { config }';
    expect(masked(query, { data: { environment: { config: { a: secret } } } })).not.toContain('hunter2');
  });

  it('C4 in a batch each answer is masked by its own document, and an odd one whole', () => {
    const text = masked(
      ['{ me { id } }', `{ variables${where} }`],
      [{ data: { me: { id: 'x' } } }, { data: { variables: { A: secret } } }, { data: { more: secret } }],
    );
    expect(text).not.toContain('hunter2');
    expect(text).toContain('"id":"x"');
  });

  it('C4 an answer that cannot be read is not passed on, nor are extensions', () => {
    expect(masked(`{ variables${where} }`, `not json ${secret}`)).not.toContain('hunter2');
    expect(
      masked(`{ variables${where} }`, `{"data":{"variables":{"A":1}},"data":{"variables":{"A":"${secret}"}}}`),
    ).not.toContain('hunter2');
    expect(
      masked(`{ variables${where} }`, {
        data: null,
        extensions: { debug: secret },
        errors: [{ message: 'no', extensions: { value: secret } }],
      }),
    ).not.toContain('hunter2');
    expect(masked(`{ variables${where} }`, JSON.stringify(secret))).not.toContain('hunter2');
    expect(masked(`{ variables${where} }`, [{ data: { variables: { A: secret } } }])).not.toContain('hunter2');
  });

  it('C4 an answer without secrets is passed on as it came', () => {
    const whole = answer({ data: { me: { id: 'x' } }, extensions: { a: 1 } });
    expect(railway.read(post({ query: '{ me { id } }' })).mask(whole)).toBe(whole);
  });
});
