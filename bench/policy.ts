import { type Effort, type Figure, median } from './figure.ts';
import { loadPolicy, type JudgeInput, type Policy } from '../src/road/policy/policy.ts';

const part = 'policy';
/** The dearest decision there is. */
export const newHold = 'decision, new facts (hold, 3 evaluations)';

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
  return median(Array.from({ length: rounds }, round));
}

/** Loading the default policy, and a decision on facts seen before and on facts never seen. */
export function benchPolicy({ quick }: Effort): readonly Figure[] {
  const many = quick ? 2_000 : 20_000;
  const start = performance.now();
  const policy = loadPolicy();
  const loaded = performance.now() - start;
  let rows = 0;
  const fresh = (reversibility: 'read' | 'irreversible', count: number) =>
    Array.from({ length: count }, () => asking(reversibility, ++rows));
  const seen = Array.from({ length: many }, () => asking('read', 0));
  microseconds(policy, fresh('read', 500), 1);
  microseconds(policy, seen, 2);
  return [
    { part, name: 'rules in the default policy', value: policy.rules.length, unit: 'rules' },
    { part, name: 'loading and validating it', value: loaded, unit: 'ms' },
    { part, name: 'decision, facts seen before (allow)', value: microseconds(policy, seen, 7), unit: 'µs', atMost: 5 },
    {
      part,
      name: 'decision, facts seen before (hold)',
      value: microseconds(
        policy,
        Array.from({ length: many }, () => asking('irreversible', 0)),
        7,
      ),
      unit: 'µs',
      atMost: 5,
    },
    {
      part,
      name: 'decision, new facts (allow, 1 evaluation)',
      value: several(() => microseconds(policy, fresh('read', quick ? 50 : 400), 1)),
      unit: 'µs',
    },
    {
      part,
      name: newHold,
      value: several(() => microseconds(policy, fresh('irreversible', quick ? 50 : 200), 1)),
      unit: 'µs',
    },
  ];
}

function several(measure: () => number): number {
  return median(Array.from({ length: 5 }, measure));
}
