import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { defaultPolicyDirectory, loadPolicy, PolicyError, type JudgeInput, type PolicyFile } from './policy.ts';
import { readPolicyDirectory } from './policy-files.ts';
import { neverDrilled } from './question.ts';
import { VerdictCache } from './verdict-cache.ts';

const shipped = readPolicyDirectory(defaultPolicyDirectory());
const rule = (body: string, id = 'mine') => `@id("${id}")\n@reason("because")\n${body}\n`;
const file = (text: string, name = 'team.cedar'): PolicyFile => ({ name, text });

function refusal(text: string, name?: string): PolicyError {
  try {
    loadPolicy({ files: [...shipped, file(text, name)] });
  } catch (thrown) {
    if (thrown instanceof PolicyError) return thrown;
    throw thrown;
  }
  throw new Error('the policy was taken');
}

function reading(rows = 0): JudgeInput {
  return {
    request: {
      schema: 'holdpoint/action/v1',
      principal: { kind: 'agent', id: 'pr_1', name: 'cursor' },
      token: 'tk_1',
      gate: 'http',
      upstream: 'railway',
      environments: ['staging'],
      actions: [{ operation: 'toy:read', reversibility: 'read', traits: [], resources: [], why: '' }],
      settings: {},
      plan: { steps: [], effect: 0 },
      affected: null,
    },
    environments: [{ name: 'staging', production: false, disposable: false, bindings: {} }],
    tokenEnvironments: ['staging'],
    undoSecured: true,
    withinBounds: true,
    rows,
  };
}

describe('loading a policy (F1)', () => {
  it('takes the shipped one, from the package and as files, under one version', () => {
    const policy = loadPolicy();
    expect(policy.version).toMatch(/^[0-9a-f]{64}$/);
    expect(loadPolicy({ files: [...shipped].reverse() }).version).toBe(policy.version);
    expect(loadPolicy({ files: [...shipped, file(rule('forbid (principal, action, resource);'))] }).version).not.toBe(
      policy.version,
    );
    expect(policy.rules.map((one) => one.id)).toEqual([
      'allow/read',
      'allow/provisional',
      'allow/reversible-within-bounds',
      'allow/reversible-outside-production',
      'allow/reversible-by-a-person',
      'allow/loss-where-disposable',
      'scope/outside-token',
      'signed/beyond-bounds',
      'signed/undo-not-secured',
      'signed/recoverable',
      'signed/irreversible',
      'signed/unknown',
      'traits/credential',
      'traits/privilege',
      'traits/weakens-backup',
      'traits/copies-secrets',
      'traits/widens-power',
      'traits/runs-code',
      'traits/ends-undo',
      'traits/exposes',
      'traits/spends',
    ]);
  });

  it.each([
    [
      'a syntax error',
      rule('permit (principal, action, resource) when { context.rows = 1 };'),
      'team.cedar:3:45',
      /not a valid operator/,
      /==/,
    ],
    [
      'one behind letters of several bytes',
      `// déjà vu 🛑\n${rule('permit (principal, action, resource) when { context.rows = 1 };')}`,
      'team.cedar:4:45',
      /not a valid operator/,
      /==/,
    ],
    [
      'a misspelt attribute',
      rule('forbid (principal, action, resource) when { context.reversibilty == Reversibility::"read" };'),
      'team.cedar:3:45',
      /reversibilty/,
      /did you mean `reversibility`/,
    ],
    [
      'a misspelt trait',
      rule('forbid (principal, action, resource) when { context.traits.contains(Trait::"credentials") };'),
      'team.cedar:3:69',
      /"credentials"/,
      /runs-code/,
    ],
    [
      'a misspelt class',
      rule('forbid (principal, action, resource) when { context.reversibility == Reversibility::"raed" };'),
      'team.cedar:3:70',
      /raed/,
      /provisional/,
    ],
    [
      'an unknown kind of principal',
      rule('permit (principal is Agnt, action, resource);'),
      'team.cedar:3:22',
      /Agnt/,
      /Agent/,
    ],
    [
      'a wrong type',
      rule('forbid (principal, action, resource) when { context.rows == "1" };'),
      'team.cedar:3:45',
      /not compatible/,
      /./,
    ],
    [
      'a rule that can never fire',
      rule('forbid (principal, action, resource) when { false };'),
      'team.cedar:1:1',
      /impossible/,
      /schema/,
    ],
    [
      'a second rule, wrong',
      `${rule('permit (principal, action, resource);')}\n${rule('forbid (principal, action, resource) when { context.nothing };', 'other')}`,
      'team.cedar:7:45',
      /nothing/,
      /./,
    ],
    ['no id', '@reason("x")\npermit (principal, action, resource);', 'team.cedar:1:1', /no `@id`/, /./],
    ['no reason', '\n@id("x")\npermit (principal, action, resource);', 'team.cedar:2:1', /no reason/, /./],
    [
      'an id twice',
      rule('permit (principal, action, resource);') + rule('forbid (principal, action, resource);'),
      'team.cedar:4:1',
      /twice/,
      /./,
    ],
    ['a template', rule('permit (principal == ?principal, action, resource);'), 'team.cedar:1:1', /template/, /./],
    ['an unfinished rule', rule('permit (principal, action, resource)'), 'team.cedar:', /unexpected end/, /./],
    ['a NUL', `${rule('permit (principal, action, resource);')}\0`, 'team.cedar:1:1', /plain UTF-8/, /./],
    [
      'a lone surrogate',
      `// \ud800\n${rule('permit (principal, action, resource);')}`,
      'team.cedar:1:1',
      /plain UTF-8/,
      /./,
    ],
    ['too much', `//${' '.repeat(300_000)}\n`, 'team.cedar:1:1', /256 KiB/, /./],
  ])('refuses %s, pointing at it', (_, text, where, message, hint) => {
    const error = refusal(text);
    expect(error.message).toContain(where);
    expect(error.findings[0]?.message).toMatch(message);
    expect(error.findings[0]?.hint).toMatch(hint);
    expect(error.message).toContain('\n  hint: ');
  });

  it.each(['../allow.cedar', 'Team.cedar', 'allow.cedar', 'team.txt', '.cedar'])('refuses the file name %s', (name) => {
    refusal(rule('permit (principal, action, resource);'), name);
  });

  it('refuses no files, files without a rule, an empty directory and one that is not there', () => {
    expect(() => loadPolicy({ files: [] })).toThrow(PolicyError);
    expect(() => loadPolicy({ files: [file('// nothing\n')] })).toThrow(/no rule/);
    const dir = mkdtempSync(join(tmpdir(), 'holdpoint-policy-'));
    try {
      expect(() => loadPolicy({ dir })).toThrow(PolicyError);
      writeFileSync(join(dir, 'bytes.cedar'), Buffer.from([0x2f, 0x2f, 0xff, 0xfe, 0x0a]));
      expect(() => loadPolicy({ dir })).toThrow(/not UTF-8/);
    } finally {
      rmSync(dir, { recursive: true });
    }
    expect(() => loadPolicy({ dir })).toThrow(/ENOENT/);
  });

  it('leaves the policy in force as it was when another is refused or taken', () => {
    const inForce = loadPolicy();
    refusal('permit (principal, action, resource);');
    expect(inForce.judge(reading()).kind).toBe('allow');
    const stricter = loadPolicy({ files: [...shipped, file(rule('forbid (principal, action, resource);'))] });
    expect(stricter.judge(reading())).toEqual({ kind: 'deny', rules: ['team/mine'], reasons: ['because'] });
    expect(inForce.judge(reading()).kind).toBe('allow');
  });
});

describe('evaluation', () => {
  it('denies when a forbid errors, though Cedar would skip it and say allow (F1)', () => {
    // Passes validation: what overflows is known only when it runs.
    const policy = loadPolicy({
      files: [
        ...shipped,
        file(rule('forbid (principal, action, resource) when { context.rows * 9223372036854775807 > 3 };')),
      ],
    });
    expect(policy.judge(reading(0)).kind).toBe('allow');
    expect(policy.judge(reading(1)).kind).toBe('deny');
    expect(policy.judge(reading(2))).toEqual({
      kind: 'deny',
      rules: ['default'],
      reasons: ['the policy could not be evaluated, and that is never a yes'],
    });
    expect(policy.judgeSigned(reading(2), { signatures: 2, typedFact: true }).kind).toBe('deny');
  });

  const example = (name: string): readonly PolicyFile[] =>
    readPolicyDirectory(join(defaultPolicyDirectory(), 'examples')).filter((one) => one.name === name);

  it('lets nobody destroy where no restore was rehearsed, if a policy says so (B2, K4)', () => {
    const policy = loadPolicy({ files: [...shipped, ...example('rehearsed.cedar')] });
    const base = reading();
    const [action] = base.request.actions;
    if (action === undefined) throw new Error('no action');
    const judged = (drilledHours: { readonly [environment: string]: number } | undefined) =>
      policy.judge({
        ...base,
        ...(drilledHours === undefined ? {} : { drilledHours }),
        environments: [{ name: 'staging', production: true, disposable: false, bindings: {} }],
        request: { ...base.request, actions: [{ ...action, reversibility: 'irreversible' }] },
      });
    expect(judged({ staging: 168 })).toMatchObject({ kind: 'hold', rules: ['signed/irreversible'] });
    for (const one of [undefined, {}, { staging: 169 }, { staging: neverDrilled }, { other: 1 }])
      expect(judged(one), JSON.stringify(one)).toMatchObject({ kind: 'deny', rules: ['rehearsed/rehearsed'] });
  });

  it('asks for two people where a policy does (H4)', () => {
    const second = example('second-person.cedar');
    const policy = loadPolicy({ files: [...shipped, ...second] });
    const base = reading();
    const [action] = base.request.actions;
    if (action === undefined) throw new Error('no action');
    const input: JudgeInput = {
      ...base,
      environments: [{ name: 'staging', production: true, disposable: false, bindings: {} }],
      request: { ...base.request, actions: [{ ...action, reversibility: 'irreversible' }] },
    };
    expect(policy.judge(input)).toMatchObject({
      kind: 'hold',
      friction: { signatures: 2, typedFact: true },
      rules: ['second-person/second-person', 'signed/irreversible'],
    });
    expect(policy.judgeSigned(input, { signatures: 1, typedFact: true })).toMatchObject({
      kind: 'hold',
      friction: { signatures: 2 },
    });
    expect(policy.judgeSigned(input, { signatures: 2, typedFact: true }).kind).toBe('allow');
  });

  it('denies what no signature unlocks', () => {
    const policy = loadPolicy({
      files: [...shipped, file(rule('forbid (principal, action, resource) when { context.operation == "toy:read" };'))],
    });
    expect(policy.judge(reading()).kind).toBe('deny');
    const silent = loadPolicy({ files: [file(rule('permit (principal is Human, action, resource);'))] });
    expect(silent.judge(reading())).toEqual({
      kind: 'deny',
      rules: ['default'],
      reasons: ['no rule of the policy permits it'],
    });
  });

  it('keeps at most so many verdicts, the least recently asked going first', () => {
    const cache = new VerdictCache(3);
    for (const key of ['a', 'b', 'c']) cache.take(key).verdicts.set(0, { kind: 'permit', rules: [] });
    cache.take('a');
    cache.take('d');
    expect([cache.size, cache.take('a').verdicts.size, cache.take('b').verdicts.size]).toEqual([3, 1, 0]);
  });
});
