import { loadPolicy, type JudgeInput, type Policy } from '../src/road/policy/policy.ts';

/** One measured figure. */
export interface PolicyFigure {
  readonly name: string;
  readonly value: number;
  readonly unit: 'µs' | 'ms' | 'rules';
}

function asking(reversibility: 'read' | 'irreversible', rows: number): JudgeInput {
  return {
    request: {
      schema: 'holdpoint/action/v1',
      principal: { kind: 'agent', id: 'pr_1', name: 'cursor' },
      token: 'tk_1',
      gate: 'http',
      upstream: 'railway-production',
      environments: ['production'],
      actions: [
        {
          operation: 'railway:volumeDelete',
          reversibility,
          traits: [],
          resources: [{ kind: 'railway:volume', id: 'volume', environments: ['production'] }],
          why: 'it deletes a volume',
        },
      ],
      settings: {},
      plan: { steps: [], effect: 0 },
      affected: null,
    },
    environments: [
      { name: 'staging', production: false, disposable: false, bindings: {} },
      { name: 'production', production: true, disposable: false, bindings: {} },
    ],
    tokenEnvironments: ['production'],
    undoSecured: true,
    withinBounds: true,
    rows,
  };
}

/** Microseconds a decision: the median of several rounds, since a shared machine has its pauses. */
function microseconds(policy: Policy, inputs: readonly JudgeInput[], rounds: number): number {
  const round = () => {
    const start = performance.now();
    for (const input of inputs) policy.judge(input);
    return ((performance.now() - start) * 1_000) / inputs.length;
  };
  const measured = Array.from({ length: rounds }, round).sort((a, b) => a - b);
  return measured[Math.floor(rounds / 2)] ?? Number.NaN;
}

/** Loading the default policy, and a decision on facts seen before and on facts never seen. */
export function benchPolicy(): readonly PolicyFigure[] {
  const start = performance.now();
  const policy = loadPolicy();
  const loaded = performance.now() - start;
  let rows = 0;
  const fresh = (reversibility: 'read' | 'irreversible', count: number) =>
    Array.from({ length: count }, () => asking(reversibility, ++rows));
  const seen = Array.from({ length: 20_000 }, () => asking('read', 0));
  microseconds(policy, fresh('read', 500), 1);
  microseconds(policy, seen, 2);
  return [
    { name: 'rules in the default policy', value: policy.rules.length, unit: 'rules' },
    { name: 'loading and validating it', value: loaded, unit: 'ms' },
    { name: 'decision, facts seen before (allow)', value: microseconds(policy, seen, 7), unit: 'µs' },
    {
      name: 'decision, facts seen before (hold)',
      value: microseconds(
        policy,
        Array.from({ length: 20_000 }, () => asking('irreversible', 0)),
        7,
      ),
      unit: 'µs',
    },
    {
      name: 'decision, new facts (allow, 1 evaluation)',
      value: median(5, () => microseconds(policy, fresh('read', 400), 1)),
      unit: 'µs',
    },
    {
      name: 'decision, new facts (hold, 3 evaluations)',
      value: median(5, () => microseconds(policy, fresh('irreversible', 200), 1)),
      unit: 'µs',
    },
  ];
}

function median(rounds: number, measure: () => number): number {
  const measured = Array.from({ length: rounds }, measure).sort((a, b) => a - b);
  return measured[Math.floor(rounds / 2)] ?? Number.NaN;
}

if (import.meta.main) {
  for (const { name, value, unit } of benchPolicy())
    console.log(`${name.padEnd(44)} ${value.toFixed(unit === 'rules' ? 0 : 2).padStart(10)} ${unit}`);
}
