import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { defaultPolicyDirectory, loadPolicy, type JudgeInput } from './policy.ts';
import { traits, type Trait } from '../../model/action.ts';
import type { Decision } from '../../model/decision.ts';
import type { Environment } from '../../model/environment.ts';
import type { PrincipalKind } from '../../model/principal.ts';
import { reversibilities, type Reversibility } from '../../model/reversibility.ts';

const policy = loadPolicy();

const environments: readonly Environment[] = [
  { name: 'preview', production: false, disposable: true, bindings: {} },
  { name: 'staging', production: false, disposable: false, bindings: {} },
  { name: 'production', production: true, disposable: false, bindings: {} },
];
const names = ['preview', 'staging', 'production'] as const;
type Name = (typeof names)[number];

interface Asking {
  readonly kind?: PrincipalKind;
  readonly reversibility?: Reversibility;
  readonly traits?: readonly Trait[];
  readonly in?: readonly Name[];
  readonly undoSecured?: boolean;
  readonly withinBounds?: boolean;
}

function asking(asked: Asking): JudgeInput {
  const { kind = 'agent', reversibility = 'read', traits = [], undoSecured = true, withinBounds = true } = asked;
  const touched = asked.in ?? ['staging'];
  return {
    request: {
      schema: 'holdpoint/action/v1',
      principal: { kind, id: 'pr_1', name: 'cursor' },
      token: 'tk_1',
      gate: 'http',
      upstream: 'railway',
      environments: touched,
      actions: [
        {
          operation: 'toy:act',
          reversibility,
          traits,
          resources: [{ kind: 'toy:thing', id: 't-1', environments: touched }],
          why: '',
        },
      ],
      settings: {},
      plan: { steps: [], effect: 0 },
      affected: null,
    },
    environments,
    tokenEnvironments: names,
    undoSecured,
    withinBounds,
    rows: withinBounds ? 1 : 5_000,
  };
}

/** A allow · H hold, a signature · T hold, a signature and the typed fact · D deny */
type Cell = 'A' | 'H' | 'T' | 'D';
const worseCell = (a: Cell, b: Cell): Cell => ('AHTD'.indexOf(a) >= 'AHTD'.indexOf(b) ? a : b);

function cellOf(decision: Decision): string {
  if (decision.kind !== 'hold') return decision.kind === 'allow' ? 'A' : 'D';
  const { signatures, typedFact } = decision.friction;
  return signatures === 1 ? (typedFact ? 'T' : 'H') : '2';
}

/** Pins: disposable, other, production. The table of policy/README.md; never loosened to make a test pass. */
const byReversibility: readonly { row: string; asked: Asking; agent: string; ci: string; human: string }[] = [
  { row: 'read', asked: { reversibility: 'read' }, agent: 'AAA', ci: 'AAA', human: 'AAA' },
  { row: 'provisional', asked: { reversibility: 'provisional' }, agent: 'AAA', ci: 'AAA', human: 'AAA' },
  { row: 'reversible, within bounds', asked: { reversibility: 'reversible' }, agent: 'AAA', ci: 'AAA', human: 'AAA' },
  {
    row: 'reversible, beyond bounds',
    asked: { reversibility: 'reversible', withinBounds: false },
    agent: 'AAH',
    ci: 'AAH',
    human: 'AAA',
  },
  {
    row: 'reversible, undo not secured',
    asked: { reversibility: 'reversible', undoSecured: false },
    agent: 'AHT',
    ci: 'AHT',
    human: 'AHT',
  },
  {
    row: 'the same, beyond bounds',
    asked: { reversibility: 'reversible', undoSecured: false, withinBounds: false },
    agent: 'AHT',
    ci: 'AHT',
    human: 'AHT',
  },
  { row: 'recoverable', asked: { reversibility: 'recoverable' }, agent: 'AHT', ci: 'AHT', human: 'AHT' },
  { row: 'irreversible', asked: { reversibility: 'irreversible' }, agent: 'AHT', ci: 'AHT', human: 'AHT' },
  { row: 'unknown', asked: { reversibility: 'unknown' }, agent: 'HHT', ci: 'HHT', human: 'HHT' },
];

const byTrait: { readonly [trait in Trait]: { agent: string; ci: string; human: string } } = {
  'runs-code': { agent: 'AHH', ci: 'AAH', human: 'AAH' },
  credential: { agent: 'HHT', ci: 'HHT', human: 'HHT' },
  privilege: { agent: 'HHT', ci: 'HHT', human: 'HHT' },
  'weakens-backup': { agent: 'HHT', ci: 'HHT', human: 'HHT' },
  'copies-secrets': { agent: 'HHT', ci: 'HHT', human: 'HHT' },
  'ends-undo': { agent: 'AHH', ci: 'AHH', human: 'AHH' },
  exposes: { agent: 'AAH', ci: 'AAH', human: 'AAA' },
  spends: { agent: 'AAH', ci: 'AAH', human: 'AAA' },
  'widens-power': { agent: 'HHT', ci: 'HHT', human: 'HHT' },
};

const kinds = ['agent', 'ci', 'human'] as const;

describe('the default policy (C2, C4, E1, E4, K2, H4)', () => {
  it.each(kinds)('is the table of policy/README.md for every class, trait and environment, asked by: %s', (kind) => {
    let judged = 0;
    for (const { row, asked, ...cells } of byReversibility) {
      names.forEach((name, column) => {
        const base = cells[kind].charAt(column) as Cell;
        for (const trait of [undefined, ...traits]) {
          const expected = trait === undefined ? base : worseCell(base, byTrait[trait][kind].charAt(column) as Cell);
          const found = policy.judge(
            asking({ ...asked, kind, in: [name], traits: trait === undefined ? [] : [trait] }),
          );
          expect(`${row} + ${trait ?? 'nothing'} in ${name}: ${cellOf(found)}`).toBe(
            `${row} + ${trait ?? 'nothing'} in ${name}: ${expected}`,
          );
          judged++;
        }
      });
    }
    expect(judged).toBe(9 * 3 * 10);
  });

  it('allows at execution what was signed far enough, and holds or denies the rest (H2)', () => {
    const levels = [
      { cell: 'A', signed: { signatures: 0, typedFact: false } },
      { cell: 'H', signed: { signatures: 1, typedFact: false } },
      { cell: 'T', signed: { signatures: 1, typedFact: true } },
      { cell: 'T', signed: { signatures: 2, typedFact: true } },
    ] as const;
    for (const { row, asked, agent } of byReversibility) {
      names.forEach((name, column) => {
        for (const trait of [undefined, ...traits]) {
          const needed =
            trait === undefined
              ? (agent.charAt(column) as Cell)
              : worseCell(agent.charAt(column) as Cell, byTrait[trait].agent.charAt(column) as Cell);
          for (const { cell, signed } of levels) {
            const input = asking({ ...asked, in: [name], traits: trait === undefined ? [] : [trait] });
            const enough = worseCell(cell, needed) === cell;
            expect(`${row} ${trait} ${name} ${signed.signatures} ${policy.judgeSigned(input, signed).kind}`).toBe(
              `${row} ${trait} ${name} ${signed.signatures} ${enough ? 'allow' : 'hold'}`,
            );
          }
        }
      });
    }
  });

  it('names the rules and says why (H3)', () => {
    expect(policy.judge(asking({ reversibility: 'irreversible', traits: ['credential'], in: ['production'] }))).toEqual(
      {
        kind: 'hold',
        rules: ['traits/credential', 'signed/irreversible'],
        reasons: ['it mints, shows or changes a credential', 'it cannot be undone'],
        friction: { signatures: 1, typedFact: true },
      },
    );
    expect(policy.judge(asking({ reversibility: 'reversible', traits: ['runs-code'] }))).toMatchObject({
      kind: 'hold',
      rules: ['traits/runs-code'],
    });
    expect(policy.judge(asking({}))).toEqual({ kind: 'allow', rules: ['allow/read'], reasons: ['it changes nothing'] });
  });

  it('denies an environment that the token does not name, whatever is signed (E1)', () => {
    const input = { ...asking({ in: ['production'] }), tokenEnvironments: ['staging', 'preview'] };
    expect(policy.judge(input)).toEqual({
      kind: 'deny',
      rules: ['scope/outside-token'],
      reasons: ['its token does not name this environment'],
    });
    expect(policy.judgeSigned(input, { signatures: 9, typedFact: true }).kind).toBe('deny');
  });

  it('takes the most restrictive of all actions and environments (E2)', () => {
    expect(cellOf(policy.judge(asking({ reversibility: 'irreversible', in: ['preview', 'production'] })))).toBe('T');
    expect(cellOf(policy.judge(asking({ reversibility: 'irreversible', in: ['preview', 'staging'] })))).toBe('H');
    const one = asking({ reversibility: 'read', in: ['production', 'preview'] });
    const [action] = one.request.actions;
    if (action === undefined) throw new Error('no action');
    const thing = (environment: string) => ({ kind: 'toy:thing', id: environment, environments: [environment] });
    const two = (first: Reversibility, second: Reversibility) => ({
      ...one,
      request: {
        ...one.request,
        actions: [
          { ...action, reversibility: first, resources: [thing('production')] },
          { ...action, reversibility: second, resources: [thing('preview')] },
        ],
      },
    });
    // Reading production and losing what is disposable are both free; the other way round is not.
    expect(cellOf(policy.judge(two('read', 'irreversible')))).toBe('A');
    expect(cellOf(policy.judge(two('irreversible', 'read')))).toBe('T');
  });

  it('judges an action in every environment of the request that no resource accounts for (E2)', () => {
    const input = asking({ reversibility: 'irreversible', in: ['preview'] });
    expect(cellOf(policy.judge(input))).toBe('A');
    const wider = { ...input, request: { ...input.request, environments: ['preview', 'production'] } };
    expect(cellOf(policy.judge(wider))).toBe('T');
    const bare = {
      ...wider,
      request: { ...wider.request, actions: wider.request.actions.map((action) => ({ ...action, resources: [] })) },
    };
    expect(cellOf(policy.judge(bare))).toBe('T');
  });

  it('never counts production as disposable, and nothing unsaid as non-production (E2)', () => {
    const input = asking({ reversibility: 'irreversible', in: ['preview'] });
    const both = environments.map((one) => (one.name === 'preview' ? { ...one, production: true } : one));
    expect(cellOf(policy.judge({ ...input, environments: both }))).toBe('T');
    const unsaid = environments.map((one) =>
      one.name === 'preview' ? ({ name: 'preview', disposable: true, bindings: {} } as unknown as Environment) : one,
    );
    expect(cellOf(policy.judge({ ...input, environments: unsaid }))).toBe('T');
  });

  it('follows the schema that names the same classes and traits as the model (K2)', () => {
    const schema = readFileSync(join(defaultPolicyDirectory(), 'schema.cedarschema'), 'utf8');
    const listed = (entity: string) =>
      [...(new RegExp(`entity ${entity} enum \\[([^\\]]*)\\]`).exec(schema)?.[1] ?? '').matchAll(/"([^"]+)"/g)].map(
        ([, name]) => name,
      );
    expect(listed('Reversibility')).toEqual([...reversibilities]);
    expect(listed('Trait')).toEqual([...traits]);
  });
});

describe('worse facts never make a decision milder (K3)', () => {
  const rank = (decision: Decision): number => {
    if (decision.kind !== 'hold') return decision.kind === 'allow' ? 0 : 9;
    return decision.friction.signatures + (decision.friction.typedFact ? 1 : 0);
  };
  const anyAsking = fc.record({
    kind: fc.constantFrom(...kinds),
    reversibility: fc.constantFrom(...reversibilities),
    traits: fc.uniqueArray(fc.constantFrom(...traits), { maxLength: 4 }),
    in: fc.uniqueArray(fc.constantFrom(...names), { minLength: 1, maxLength: 2 }),
    undoSecured: fc.boolean(),
    withinBounds: fc.boolean(),
  });

  it('with one more trait, a worse class, no undo, no bounds, production, or one more environment', () => {
    fc.assert(
      fc.property(
        anyAsking,
        fc.constantFrom(...traits),
        fc.constantFrom(...reversibilities),
        fc.constantFrom(...names),
        (asked, trait, other, name) => {
          const before = rank(policy.judge(asking(asked)));
          const worse =
            reversibilities.indexOf(other) > reversibilities.indexOf(asked.reversibility) ? other : asked.reversibility;
          expect(
            rank(policy.judge(asking({ ...asked, traits: [...new Set([...asked.traits, trait])] }))),
          ).toBeGreaterThanOrEqual(before);
          expect(rank(policy.judge(asking({ ...asked, reversibility: worse })))).toBeGreaterThanOrEqual(before);
          expect(rank(policy.judge(asking({ ...asked, undoSecured: false })))).toBeGreaterThanOrEqual(
            asked.undoSecured ? before : 0,
          );
          expect(rank(policy.judge(asking({ ...asked, withinBounds: false })))).toBeGreaterThanOrEqual(
            asked.withinBounds ? before : 0,
          );
          expect(
            rank(policy.judge(asking({ ...asked, in: [...new Set([...asked.in, name])] }))),
          ).toBeGreaterThanOrEqual(before);
          const real = environments.map((one) => ({ ...one, production: true }));
          expect(rank(policy.judge({ ...asking(asked), environments: real }))).toBeGreaterThanOrEqual(before);
          const kept = environments.map((one) => ({ ...one, disposable: false }));
          expect(rank(policy.judge({ ...asking(asked), environments: kept }))).toBeGreaterThanOrEqual(before);
        },
      ),
      { numRuns: 400 },
    );
  });
});

describe('what cannot be judged is denied (F1, E2, K2)', () => {
  const good = asking({});
  const [action] = good.request.actions;
  const spoiled: readonly (readonly [string, unknown])[] = [
    ['an unknown class', { ...good, request: { ...good.request, actions: [{ ...action, reversibility: 'fine' }] } }],
    ['an unknown trait', { ...good, request: { ...good.request, actions: [{ ...action, traits: ['harmless'] }] } }],
    [
      'an unknown kind of principal',
      { ...good, request: { ...good.request, principal: { ...good.request.principal, kind: 'root' } } },
    ],
    ['no principal', { ...good, request: { ...good.request, principal: undefined } }],
    ['no actions', { ...good, request: { ...good.request, actions: [] } }],
    ['no environments', { ...good, request: { ...good.request, environments: [] } }],
    ['an unknown environment', { ...good, environments: environments.filter((one) => one.name !== 'staging') }],
    ['an environment that is there twice', { ...good, environments: [...environments, ...environments] }],
    [
      'a resource without environment',
      {
        ...good,
        request: { ...good.request, actions: [{ ...action, resources: [{ kind: 'a', id: 'b', environments: [] }] }] },
      },
    ],
    [
      'a resource elsewhere',
      {
        ...good,
        request: {
          ...good.request,
          actions: [{ ...action, resources: [{ kind: 'a', id: 'b', environments: ['production'] }] }],
        },
      },
    ],
    ['no word on the undo', { ...good, undoSecured: undefined }],
    ['no word on the bounds', { ...good, withinBounds: undefined }],
    ['rows that are no number', { ...good, rows: Number.NaN }],
    ['half a row', { ...good, rows: 0.5 }],
    ['rows beyond counting', { ...good, rows: 1e30 }],
    ['no token environments', { ...good, tokenEnvironments: undefined }],
    ['nothing at all', undefined],
  ];
  it.each(spoiled)('%s', (_, input) => {
    expect(policy.judge(good).kind).toBe('allow');
    const decision = policy.judge(input as JudgeInput);
    expect(decision.kind).toBe('deny');
    expect(policy.judgeSigned(input as JudgeInput, { signatures: 2, typedFact: true }).kind).toBe('deny');
  });

  it.each([Number.NaN, -1, 0.5, 17, Number.POSITIVE_INFINITY])('%d signatures', (signatures) => {
    expect(policy.judgeSigned(good, { signatures, typedFact: true }).kind).toBe('deny');
  });

  it('a fact repeated, and then changed in one member, is judged again and not remembered', () => {
    const held = asking({ reversibility: 'irreversible', in: ['production'] });
    expect(policy.judgeSigned(held, { signatures: 1, typedFact: true }).kind).toBe('allow');
    expect(policy.judgeSigned(held, { signatures: 1, typedFact: false }).kind).toBe('hold');
    expect(policy.judge(held).kind).toBe('hold');
    expect(policy.judge({ ...held, tokenEnvironments: [] }).kind).toBe('deny');
    expect(policy.judge(held).kind).toBe('hold');
  });
});
