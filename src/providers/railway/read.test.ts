import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { railway } from './index.ts';
import type { Answer } from '../../contract/upstream.ts';
import type { HttpMessage } from '../../model/http-message.ts';
import { Refused } from '../../model/refusal.ts';

function post(body: unknown, origin = 'https://backboard.railway.com', path = '/graphql/v2'): HttpMessage {
  return {
    protocol: 'http',
    method: 'POST',
    origin,
    path,
    headers: [
      ['content-type', 'application/json'],
      ['cookie', 'a=b'],
      ['x-http-method-override', 'GET'],
    ],
    body: new TextEncoder().encode(JSON.stringify(body)),
  };
}

function answer(status: number, body: unknown): Answer {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return { protocol: 'http', content: { status, headers: [], body: new TextEncoder().encode(text) } };
}

const volume = '3d2c42fb-0000-4000-8000-000000000000';
const incident = { query: `mutation { volumeDelete(volumeId: "${volume}") }` };

describe('reading messages to Railway', () => {
  it('S1 the incident: names the volume, and that backups die with it', () => {
    const { actions, plan, asked } = railway.read(post(incident));
    expect(actions).toEqual([
      {
        operation: 'railway:volumeDelete',
        reversibility: 'irreversible',
        traits: ['weakens-backup'],
        resources: [{ kind: 'railway:volume', id: volume, environments: [] }],
        why: expect.stringContaining('backups inside it') as string,
      },
    ]);
    expect(asked).toBe(incident.query);
    expect(plan).toMatchObject({
      effect: 0,
      steps: [
        {
          method: 'POST',
          path: '/graphql/v2',
          headers: [
            ['accept', 'application/json'],
            ['content-type', 'application/json'],
          ],
        },
      ],
    });
  });

  it('K4 both hosts are one: the same act has the same plan', () => {
    expect(railway.read(post(incident, 'https://backboard.railway.app')).plan).toEqual(
      railway.read(post(incident)).plan,
    );
    expect(railway.read(post(incident, 'https://backboard.railway.app:443')).plan).toEqual(
      railway.read(post(incident)).plan,
    );
  });

  it.each([
    ['https://backboard.railway.com', '/graphql/internal'],
    ['https://backboard.railway.com', '/graphql/v2/'],
    ['https://backboard.railway.com', '/'],
    ['https://backboard.railway.com', '/graphql/v2#x'],
    ['http://backboard.railway.com', '/graphql/v2'],
    ['https://backboard.railway.com:8443', '/graphql/v2'],
    ['https://backboard.railway.com.evil.example', '/graphql/v2'],
    ['https://railway.com', '/graphql/v2'],
  ])('K5 refuses %s%s', (origin, path) => {
    expect(() => railway.read(post(incident, origin, path))).toThrow(Refused);
  });

  it('K2 a mild operation beside an irreversible one does not hide it', () => {
    const { actions } = railway.read(
      post({
        query: `query Q { me { id } } mutation M { a: __typename ${incident.query.slice(10, -1)} }`,
        operationName: 'M',
      }),
    );
    expect(actions.map((one) => one.operation)).toEqual(['railway:__typename', 'railway:volumeDelete']);
  });

  it('F3 the reading of the same bytes is the same value, so that what was judged of it holds', () => {
    expect(railway.read(post(incident))).toBe(railway.read(post(incident)));
  });

  it('K5 property: no aliases, fragments, variables, directives or operation names lose volumeDelete', () => {
    const name = fc.constantFrom(
      'a',
      'Query',
      'query',
      'customDomainCreate',
      'data',
      'mutation',
      'on1',
      'x9',
      'fragment',
      'ok',
    );
    const wrap = fc.constantFrom('field', 'inline', 'typed', 'spread', 'skip', 'include');
    fc.assert(
      fc.property(
        fc.array(wrap, { maxLength: 6 }),
        fc.option(name),
        fc.option(name),
        fc.array(name, { maxLength: 3 }),
        fc.boolean(),
        fc.boolean(),
        fc.boolean(),
        (wraps, alias, operation, others, byVariable, batch, mild) => {
          const fragments: string[] = [];
          let body = `${alias === null ? '' : `${alias}: `}volumeDelete(volumeId: ${byVariable ? '$v' : `"${volume}"`})`;
          for (const [index, one] of wraps.entries()) {
            if (one === 'inline') body = `... { ${body} }`;
            if (one === 'typed') body = `... on Mutation { ${body} }`;
            if (one === 'skip') body = `... @skip(if: true) { ${body} }`;
            if (one === 'include') body = `... on Mutation @include(if: false) { ${body} }`;
            if (one === 'spread') {
              fragments.push(`fragment F${index} on Mutation { ${body} }`);
              body = `...F${index}`;
            }
          }
          const chosen = operation ?? (others.length > 0 ? 'chosen' : null);
          const decoys = [...new Set(others)]
            .filter((one) => one !== chosen)
            .map((one) => `query ${one} { me { id } }`);
          const head = `mutation ${chosen ?? ''} ${byVariable ? '($v: String!)' : ''}`;
          const query = [...decoys, `${head} { ${mild ? 'm: __typename' : ''} ${body} }`, ...fragments].join('\n');
          const request = {
            query,
            ...(chosen === null ? {} : { operationName: chosen }),
            ...(byVariable ? { variables: { v: volume } } : {}),
          };
          const reading = railway.read(post(batch ? [{ query: '{ me { id } }' }, request] : request));
          const found = reading.actions.find((action) => action.operation === 'railway:volumeDelete');
          expect(found).toMatchObject({ reversibility: 'irreversible', resources: [{ id: volume }] });
          const [step] = reading.plan.steps;
          const sent = new TextDecoder().decode((step as HttpMessage).body);
          expect(sent).toContain('volumeDelete');
          expect(step === undefined ? undefined : railway.read(step).plan).toEqual(reading.plan);
        },
      ),
      { numRuns: 400 },
    );
  });
});

describe('what an answer proves', () => {
  const reading = railway.read(post(incident));
  it.each([
    ['done', 200, { data: { volumeDelete: true } }],
    ['failed', 200, { data: null, errors: [{ message: 'Volume not found' }] }],
    ['failed', 400, { errors: [{ message: 'Not Authorized' }] }],
    ['failed', 401, 'no'],
    ['unknown', 200, { data: { volumeDelete: true }, errors: [{ message: 'x' }] }],
    ['unknown', 200, { data: null, errors: [{ message: 'Problem processing request' }] }],
    ['unknown', 200, { data: null, errors: [{ message: 'operation timed out' }] }],
    ['unknown', 500, { data: null, errors: [{ message: 'Volume not found' }] }],
    ['unknown', 502, '<html>'],
    ['unknown', 200, '<html>'],
    ['unknown', 200, ''],
    ['unknown', 200, {}],
  ])('F1 %s from %i %j', (outcome, status, body) => {
    expect(reading.outcome(answer(status, body))).toBe(outcome);
  });

  it('F1 an error among several operations proves nothing', () => {
    const several = railway.read(
      post({ query: 'mutation { a: volumeDelete(volumeId: "x") b: volumeDelete(volumeId: "y") }' }),
    );
    expect(several.outcome(answer(200, { data: null, errors: [{ message: 'Volume not found' }] }))).toBe('unknown');
  });

  it("E3 knows Railway's refusals of a credential", () => {
    expect(reading.providerRefusal(answer(200, { errors: [{ message: 'Not Authorized' }] }))).toBe('Not Authorized');
    expect(reading.providerRefusal(answer(401, 'x'))).toBe('HTTP 401');
    expect(reading.providerRefusal(answer(200, { data: { volumeDelete: true } }))).toBeUndefined();
    expect(
      reading.providerRefusal(answer(200, { data: null, errors: [{ message: 'Volume not found' }] })),
    ).toBeUndefined();
  });
});

describe('credentials', () => {
  it.each([
    volume,
    volume.toUpperCase(),
    `Bearer ${volume}`,
    `bearer  ${volume}`,
    volume.replaceAll('-', ''),
    ` "${volume}" `,
    'Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl',
    'rw_Fe26.2'.replace('.2', 'abcdefghijklmnopq'),
  ])('C3 %s looks like one', (text) => {
    expect(railway.looksLikeCredential(text)).toBe(true);
  });
  it.each(['', 'hpa_01ABC_xyz', 'Bearer hpa_0123456789ABCDEFGHJKMNPQRS_abc', 'Basic dXNlcjpwYXNz', 'staging'])(
    'C3 %j does not',
    (text) => {
      expect(railway.looksLikeCredential(text)).toBe(false);
    },
  );
});
