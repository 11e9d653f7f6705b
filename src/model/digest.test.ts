import { expect, test } from 'vitest';
import { actionDigest, freezeRequest, type ActionRequest } from './action-request.ts';
import { digestOf, parseDigest } from './digest.ts';
import { approvalDomain } from './hold.ts';
import { singleStep } from './plan.ts';

// Each was worked out apart from this code: SHA-256 over the domain, a NUL, and canonical JSON written by hand. A changed
// one breaks every signature that was ever made: never adjust them to pass.
const request: ActionRequest = {
  schema: 'holdpoint/action/v1',
  principal: { kind: 'agent', id: 'pr_1', name: 'cursor' },
  token: 'tk_1',
  gate: 'http',
  upstream: 'railway-production',
  environments: ['production'],
  actions: [
    {
      operation: 'railway:volumeDelete',
      reversibility: 'irreversible',
      traits: ['weakens-backup'],
      resources: [{ kind: 'railway:volume', id: 'vol-1', name: 'pg-data', environments: ['production'] }],
      why: 'gone for good',
    },
  ],
  settings: {},
  plan: singleStep({
    protocol: 'http',
    method: 'POST',
    origin: 'https://backboard.railway.com',
    path: '/graphql/v2',
    headers: [['content-type', 'application/json']],
    body: Buffer.from('{"q":1}'),
  }),
  affected: null,
};

test.each([
  ['holdpoint/test/v1', null, 'aa208fd201b7dd2c165aa6ddbab09b4a825ab87b05d835f6c884a2ce2f69a52e'],
  ['holdpoint/test/v1', {}, '2ad1e2c7e6f9b643706cf9cf1ff647698d28c5eb9af8a2848712251d5edcb0d6'],
  ['holdpoint/other/v1', {}, '397b5cff4b177c07ad8f7b1ce07650acfdf5ef15cbbef0b262d0756003b5b700'],
  [
    'holdpoint/test/v1',
    { ö: '\u0001€😀', b: [1, 2.5, 1e21], a: Uint8Array.of(0xff, 0xef), gone: undefined },
    '437e46cc74ab6b83e92e077740a27ec032d958c9adf721e865977e38abe85dcc',
  ],
] as const)('H2: golden: %s %j', (domain, value, digest) => {
  expect(digestOf(domain, value)).toBe(digest);
});

test('H2: golden: a whole ActionRequest', () => {
  expect(actionDigest(request)).toBe('76e70cd448092b2d46a62266a771c08f8deae01469a441ab6b4e0f1f23fec46d');
  expect(actionDigest(freezeRequest(request))).toBe(actionDigest(request));
});

test('H2: golden: what a signer signs', () => {
  const statement = {
    digest: 'ab'.repeat(32),
    hold: 'hp_01',
    verdict: 'approve',
    mode: 'now',
    notBefore: '2026-11-23T09:00:00.000Z',
    notAfter: '2026-11-23T09:15:00.000Z',
    typed: 'pg-data',
    signer: 'sg_01',
    number: 'AAAAAAAAAAAAAAAAAAAAAA',
    signedAt: '2026-11-23T09:00:00.000Z',
  };
  expect(digestOf(approvalDomain, statement)).toBe('6f812fe83d30de124161f28de4d509ceb4d149c6f4b9a24de45f984969a9e234');
});

test('H2: every member of a request is under its digest', () => {
  const [step] = request.plan.steps;
  const [action] = request.actions;
  if (step === undefined || action === undefined) throw new Error('the request is empty');
  const changed: ActionRequest[] = [
    { ...request, principal: { ...request.principal, id: 'pr_2' } },
    { ...request, principal: { ...request.principal, kind: 'human' } },
    { ...request, token: 'tk_2' },
    { ...request, gate: 'mcp' },
    { ...request, upstream: 'railway-staging' },
    { ...request, environments: ['production', 'staging'] },
    { ...request, settings: { role: 'admin' } },
    { ...request, affected: 'ab'.repeat(32) },
    { ...request, actions: [] },
    { ...request, actions: [{ ...action, reversibility: 'read' }] },
    { ...request, actions: [{ ...action, traits: [] }] },
    { ...request, actions: [{ ...action, resources: [] }] },
    { ...request, plan: { ...request.plan, effect: 1 } },
    { ...request, plan: { ...request.plan, steps: [step, step] } },
    { ...request, plan: singleStep({ ...step, body: Buffer.from('{"q":2}') }) },
    { ...request, plan: singleStep({ ...step, path: '/graphql/v3' }) },
    { ...request, plan: singleStep({ ...step, headers: [] }) },
  ];
  const digests = new Set([request, ...changed].map(actionDigest));
  expect(digests.size).toBe(changed.length + 1);
});

test.each(['', 'ab'.repeat(31), 'AB'.repeat(32), 'ab'.repeat(33), `${'ab'.repeat(32)}\n`, 'zz'.repeat(32)])(
  'H2: %j is no digest',
  (text) => {
    expect(parseDigest(text)).toBeUndefined();
  },
);

test('a digest reads back', () => {
  const digest = digestOf('holdpoint/test/v1', null);
  expect(parseDigest(digest)).toBe(digest);
});
