import fc from 'fast-check';
import { buildSchema } from 'graphql';
import { describe, expect, it } from 'vitest';
import { graphqlReader, type GraphqlRequest, readGraphql } from './read.ts';
import type { HttpMessage } from '../../model/http-message.ts';
import { Refused } from '../../model/refusal.ts';

const schema = buildSchema(`
  scalar JSON
  enum State { READY DELETED }
  input Change { state: State, note: String, force: Boolean = true, tags: [String!] }
  type Thing { id: ID! name: String things: [Thing!]! }
  interface Named { name: String }
  type Query { me: Thing thing(id: ID!): Thing }
  type Mutation { drop(id: String!): Boolean! change(id: ID!, input: Change!): Thing patch(patch: JSON): Boolean! noop: Boolean! }
  type Subscription { watch: Thing }
`);

function post(body: unknown): HttpMessage {
  return {
    protocol: 'http',
    method: 'POST',
    origin: 'https://example.com',
    path: '/graphql',
    headers: [['content-type', 'application/json; charset=utf-8']],
    body: new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body)),
  };
}

const read = (body: unknown): GraphqlRequest => readGraphql(post(body), schema);
const sent = (request: GraphqlRequest): unknown => JSON.parse(new TextDecoder().decode(request.body));

describe('reading GraphQL', () => {
  it('K1 sees arguments as the server will: variables, defaults, coercion', () => {
    const request = read({
      query: 'mutation M($i: Change!, $id: ID = 7) { a: change(id: $id, input: $i) { id } }',
      variables: { i: { state: 'DELETED', tags: 'one' }, unused: 1 },
    });
    expect(request.operations[0]?.fields[0]).toMatchObject({
      key: 'a',
      name: 'change',
      coordinate: 'Mutation.change',
      arguments: { id: '7', input: { state: 'DELETED', force: true, tags: ['one'] } },
    });
    expect(sent(request)).toEqual({
      operationName: 'M',
      query: expect.stringContaining('mutation M'),
      variables: { id: '7', i: { state: 'DELETED', force: true, tags: ['one'] } },
    });
  });

  it('K1 puts variables into the literals of scalars', () => {
    const { operations } = read({
      query: 'mutation ($d: JSON) { patch(patch: {a: {gone: $d, state: DELETED, n: [1, null]}}) }',
      variables: { d: { x: true } },
    });
    expect(operations[0]?.fields[0]?.arguments).toEqual({
      patch: { a: { gone: { x: true }, state: 'DELETED', n: [1, null] } },
    });
  });

  it('K5 sends the chosen operation alone, with the fragments that it uses', () => {
    const request = read({
      query: 'query A { ...Q } mutation B { ...M } fragment Q on Query { me { id } } fragment M on Mutation { noop }',
      operationName: 'A',
    });
    const { query } = sent(request) as { query: string };
    expect(query).not.toContain('mutation');
    expect(query).not.toContain('fragment M');
    expect(query).toContain('fragment Q');
    expect(request.operations[0]).toMatchObject({ kind: 'query', name: 'A' });
  });

  it('K5 judges what a directive would leave out, and says that the answer may lack it', () => {
    const { operations } = read({
      query: 'mutation { drop(id: "x") @skip(if: true) ... @include(if: false) { noop } }',
    });
    expect(operations[0]?.fields.map(({ name, conditional }) => [name, conditional])).toEqual([
      ['drop', true],
      ['noop', true],
    ]);
  });

  it('K5 reads a query by GET, and sends it by its own body', () => {
    const request = readGraphql(
      {
        ...post(''),
        method: 'GET',
        path: `/graphql?query=${encodeURIComponent('query Q($i: ID!) { thing(id: $i) { id } }')}&variables=%7B%22i%22%3A%225%22%7D`,
        headers: [],
      },
      schema,
    );
    expect(sent(request)).toMatchObject({ operationName: 'Q', variables: { i: '5' } });
  });

  it('K5 reads a batch as all of its elements', () => {
    const request = read([{ query: '{ me { id } }' }, { query: 'mutation { drop(id: "x") }' }]);
    expect(request.batch).toBe(true);
    expect(request.operations.map((one) => one.kind)).toEqual(['query', 'mutation']);
    expect(sent(request)).toHaveLength(2);
  });

  it('K5 unfolds children, aliases and fragments into coordinates', () => {
    const { operations } = read({ query: '{ x: me { y: things { ...T } } } fragment T on Thing { z: name }' });
    expect(operations[0]?.fields[0]?.children[0]).toMatchObject({
      key: 'y',
      coordinate: 'Thing.things',
      type: 'Thing',
      children: [{ key: 'z', coordinate: 'Thing.name', type: 'String' }],
    });
  });

  it('F3 freezes what it hands out, and remembers it by its exact bytes', () => {
    const reader = graphqlReader(schema, { size: 2 });
    const first = reader(post({ query: '{ me { id } }' }));
    expect(Object.isFrozen(first.operations[0]?.fields)).toBe(true);
    expect(reader(post({ query: '{ me { id } }' }))).toBe(first);
    expect(reader(post({ query: '{ me { id } } ' }))).not.toBe(first);
    expect(() => reader({ ...post({ query: '{ me { id } }' }), headers: [['content-type', 'text/plain']] })).toThrow(
      Refused,
    );
    reader(post({ query: '{ me { name } }' }));
    expect(reader(post({ query: '{ me { id } }' }))).not.toBe(first);
  });

  it.each([
    ['a stack overflow', { query: `mutation { ${'... { '.repeat(900)} noop ${'} '.repeat(900)} }` }],
    [
      'too many fields',
      { query: `{ ${Array.from({ length: 200 }, (_, index) => `a${index}: me { id }`).join(' ')} }` },
    ],
    ['a description that hides', { query: '"""mutation { noop }""" subscription { watch { id } }' }],
  ])('F3 refuses %s', (_what, body) => {
    expect(() => read(body)).toThrow(Refused);
  });

  it('K5 property: a reader that remembers reads what one without a memory reads', () => {
    const reader = graphqlReader(schema);
    const documents = [
      'mutation A($i: Change!) { change(id: "1", input: $i) { id } } mutation B { drop(id: "b") }',
      'mutation B { drop(id: "b") }',
      'query B { me { id } }',
      '\nquery B { me { id } }',
      '{ me { id } }',
    ];
    const names = [undefined, 'A', 'B', 'B\n', '\n', '1 B', ' '];
    const outcome = (by: (message: HttpMessage) => GraphqlRequest, body: unknown): unknown => {
      try {
        return by(post(body));
      } catch (thrown) {
        return thrown instanceof Refused ? thrown.refusal : thrown;
      }
    };
    const query = fc.constantFrom(...documents, ...names.map((name) => `${name ?? ''}${documents[4]}`));
    const variables = fc.record({ i: fc.record({ note: fc.string({ unit: 'grapheme' }), force: fc.boolean() }) });
    fc.assert(
      fc.property(query, fc.constantFrom(...names), variables, (text, operationName, given) => {
        const body = { query: text, operationName, variables: given };
        expect(outcome(reader, body)).toEqual(outcome((message) => readGraphql(message, schema), body));
      }),
      { numRuns: 400 },
    );
  });

  it('F3 does not remember what unfolds into many fields', () => {
    const reader = graphqlReader(schema);
    const wide = { query: `{ me { ${Array.from({ length: 501 }, (_, index) => `f${index}: id`).join(' ')} } }` };
    const narrow = { query: '{ me { id } }' };
    expect(reader(post(narrow))).toBe(reader(post(narrow)));
    expect(reader(post(wide))).not.toBe(reader(post(wide)));
    expect(reader(post(wide))).toEqual(reader(post(wide)));
  });

  it('F3 property: any text as a document is read or refused', () => {
    const piece = fc.constantFrom(
      'mutation',
      'query',
      '{',
      '}',
      '(',
      ')',
      'drop',
      'noop',
      'me',
      'id',
      ':',
      '"x"',
      '"""',
      '$v',
      '@skip(if:true)',
      '...',
      'fragment F on Mutation',
      '#',
      '\n',
      '\\u0000',
      ',',
      'String!',
      '=',
      '[',
      ']',
      '&',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        try {
          const request = read({ query: pieces.join(' ') });
          expect(readGraphql({ ...post(''), body: request.body }, schema).body).toEqual(request.body);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(Refused);
        }
      }),
      { numRuns: 1500 },
    );
  });

  it('K5 property: strings arrive as they were judged, whatever is in them', () => {
    const text = fc
      .string({ unit: 'grapheme', maxLength: 30 })
      .filter((one) => !one.includes('\0') && one.isWellFormed());
    fc.assert(
      fc.property(text, fc.constantFrom('string', 'block', 'variable'), (value, how) => {
        const block = `"""${value.replaceAll('"""', '\\"""')}"""`;
        const body =
          how === 'variable'
            ? { query: 'mutation ($v: String!) { drop(id: $v) }', variables: { v: value } }
            : { query: `mutation { drop(id: ${how === 'block' ? block : JSON.stringify(value)}) }` };
        let request: GraphqlRequest;
        try {
          request = read(body);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(Refused);
          expect(how).toBe('block');
          return;
        }
        const judged = request.operations[0]?.fields[0]?.arguments['id'];
        if (how !== 'block') expect(judged).toBe(value);
        const again = readGraphql({ ...post(''), body: request.body }, schema);
        expect(again.operations[0]?.fields[0]?.arguments['id']).toBe(judged);
        expect(again.body).toEqual(request.body);
      }),
      { numRuns: 500 },
    );
  });
});
