import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { proved } from './held.ts';
import { actionDigest, type ActionRequest } from '../../model/action-request.ts';
import type { HttpMessage } from '../../model/http-message.ts';
import { plain, type Json } from '../../model/json.ts';
import type { Hold } from '../../model/hold.ts';
import { singleStep } from '../../model/plan.ts';

function request(body: Uint8Array, name: string): ActionRequest {
  const message: HttpMessage = {
    protocol: 'http',
    method: 'POST',
    origin: 'https://backboard.railway.com',
    path: '/graphql/v2',
    headers: [['content-type', 'application/json']],
    body,
  };
  return {
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
        traits: [],
        resources: [{ kind: 'railway:volume', id: 'v', name, environments: ['production'] }],
        why: 'deletes the volume',
      },
    ],
    settings: {},
    plan: singleStep(message),
    affected: null,
  };
}

/** What the daemon's API would answer: through the store's and the wire's JSON. */
function overTheWire(from: ActionRequest): Hold {
  const hold = { id: 'hp_1', code: 'hp_ABCDEF', digest: actionDigest(from), request: from };
  return JSON.parse(JSON.stringify(plain(hold as unknown as Json))) as Hold;
}

describe('a hold as it comes from the daemon', () => {
  test('H2 any bytes and any name have the digest over the wire that they had at the gate', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.string({ unit: 'grapheme' }), (body, name) => {
        const from = request(body, name);
        expect(proved(overTheWire(from)).digest).toBe(actionDigest(from));
      }),
    );
  });

  const tampered: readonly (readonly [what: string, change: (text: string) => string])[] = [
    ['the body', (text) => text.replace(Buffer.from('{"query"').toString('base64url').slice(0, 8), 'AAAAAAAA')],
    ['the path', (text) => text.replace('/graphql/v2', '/graphql/v1')],
    ['the operation', (text) => text.replace('volumeDelete', 'volumeUpdate')],
    ['the target', (text) => text.replace('"id":"v"', '"id":"w"')],
    ['the environment', (text) => text.replace('"environments":["production"]', '"environments":["staging"]')],
    ['the agent', (text) => text.replace('"name":"cursor"', '"name":"claude"')],
    ['a member more', (text) => text.replace('"affected":null', '"affected":null,"more":1')],
    ['a member less', (text) => text.replace(',"affected":null', '')],
    ['the digest', (text) => text.replace(/"digest":"../, '"digest":"zz')],
  ];
  test.each(tampered)('H2 with %s changed it is neither shown nor signed', (_, change) => {
    const text = JSON.stringify(overTheWire(request(Buffer.from('{"query":"mutation"}'), 'pg-data')));
    const changed = change(text);
    expect(changed).not.toBe(text);
    expect(() => proved(JSON.parse(changed) as Hold)).toThrow('not what its digest stands for');
  });

  test('H2 without a request it is not signed', () => {
    expect(() => proved({ digest: 'x' } as unknown as Hold)).toThrow('not what its digest stands for');
  });
});
