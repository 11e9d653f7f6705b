import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { configProblems, openOffline, readPolicies } from './offline.ts';
import { reversibilities } from '../model/reversibility.ts';
import { defaultPolicyDirectory } from '../road/policy/policy.ts';

const offline = openOffline();
const explain = (line: string | Uint8Array): ReturnType<typeof offline.explainLine> =>
  offline.explainLine('railway', typeof line === 'string' ? Buffer.from(line) : line);

describe('explaining offline', () => {
  test('K2 a delete in production is held, a read is allowed, with the id of the line', () => {
    const held = explain(JSON.stringify({ id: 'a', text: 'mutation { volumeDelete(volumeId: "v") }' }));
    expect(held).toMatchObject({ id: 'a', reversibility: 'irreversible', decision: 'hold' });
    expect(held.actions[0]).toMatchObject({ operation: 'railway:volumeDelete' });
    const read = explain(JSON.stringify({ id: 7, text: 'query { projects { edges { node { id } } } }' }));
    expect(read).toMatchObject({ id: 7, reversibility: 'read', decision: 'allow' });
  });

  test.each([
    ['nothing', ''],
    ['no JSON', 'mutation { volumeDelete }'],
    ['a list', '[]'],
    ['no text', '{"id":"a"}'],
    ['a text that is none', '{"id":"a","text":1}'],
    ['variables that are none', '{"id":"a","text":"query { me { id } }","variables":[]}'],
    ['a member twice', '{"id":"a","text":"query { me { id } }","text":"mutation { volumeDelete(volumeId: 1) }"}'],
    ['NUL', '{"id":"a","text":"query { me { id } } \\u0000 mutation { volumeDelete(volumeId: \\"v\\") }"}'],
    ['no UTF-8', Buffer.from([0x7b, 0xff, 0x7d])],
    ['a lone surrogate', '{"id":"a","text":"query { me { id } } # \\ud800"}'],
    ['an operation that is not there', '{"id":"a","text":"mutation { volumeVanish }"}'],
  ])('K2 a line with %s is unknown and denied', (_, line) => {
    expect(explain(line)).toMatchObject({ reversibility: 'unknown', decision: 'deny', actions: [] });
  });

  test('K2 every mutation is classified by its bare name, as the catalogue or worse, and nothing that is lost is allowed', () => {
    const catalogue = offline.catalogue('railway') ?? [];
    const mutations = catalogue.filter((one) => !one.operation.includes('.'));
    expect(mutations.length).toBeGreaterThanOrEqual(230);
    for (const { operation, reversibility } of mutations) {
      const found = explain(
        JSON.stringify({ id: operation, text: `mutation { ${operation.slice('railway:'.length)} }` }),
      );
      expect(
        found.actions.map((one) => one.operation),
        found.reasons.join('; '),
      ).toEqual([operation]);
      expect(reversibilities.indexOf(found.reversibility)).toBeGreaterThanOrEqual(
        reversibilities.indexOf(reversibility),
      );
      if (!['read', 'reversible'].includes(found.reversibility)) expect(found.decision, operation).not.toBe('allow');
    }
  });

  test('K3 what is there is never changed by what is put in', () => {
    const text = 'mutation ($input: VariableUpsertInput!) { variableUpsert(input: $input) }';
    const found = explain(
      JSON.stringify({ id: 'a', text, variables: { input: { name: 'DATABASE_URL', value: 'x' } } }),
    );
    const harmless = explain(
      JSON.stringify({ id: 'a', text, variables: { input: { name: 'COLOUR', value: 'x', skipDeploys: true } } }),
    );
    expect(found.reasons.join()).toContain('$input.environmentId is missing');
    expect(found.decision).toBe('hold');
    expect(harmless.decision).toBe('allow');
  });

  test('K2 an operation is classified even where its arguments are missing', () => {
    const found = explain('{"id":"a","text":"mutation ($id: String!) { volumeDelete(volumeId: $id) }"}');
    expect(found).toMatchObject({ reversibility: 'irreversible' });
    expect(found.decision).not.toBe('allow');
  });

  test('F3 whatever the line is, it is answered, and never with allow unless every action is a read or undoable', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map((text) => Buffer.from(text)),
        ),
        (bytes) => {
          expect(explain(bytes).decision).not.toBe('allow');
        },
      ),
    );
  });

  test('a name that is neither a provider nor a language is denied', () => {
    expect(offline.explainLine('mysql', Buffer.from('{"id":"a","text":"x"}'))).toMatchObject({ decision: 'deny' });
    expect(offline.catalogue('mysql')).toBeUndefined();
  });
});

test('a configuration is checked without a daemon, each mistake at its place', () => {
  expect(configProblems('version: 1\n')).toEqual([]);
  expect(configProblems('version: 2\n')[0]).toMatchObject({ line: 1 });
});

test('policies are checked without a daemon', () => {
  const read = readPolicies(defaultPolicyDirectory());
  expect(read.findings).toEqual([]);
  expect(read.version).toMatch(/^[0-9a-f]{64}$/);
});
