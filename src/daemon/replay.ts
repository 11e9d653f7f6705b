import type { ReplayChange } from '../contract/api.ts';
import type { ActionRequest } from '../model/action-request.ts';
import type { Decision } from '../model/decision.ts';
import type { Entry } from '../model/entry.ts';
import type { Environment } from '../model/environment.ts';
import type { TokenRecord } from '../model/scope.ts';
import type { JudgedFacts } from '../road/holds/asked.ts';
import type { Policy } from '../road/policy/policy.ts';

/** A policy and the environments it is asked about. */
export interface Rulebook {
  readonly policy: Pick<Policy, 'judge'>;
  readonly environments: readonly Environment[];
}

/** How one journaled request is decided by two rulebooks. */
export type Replayed =
  | { readonly kind: 'not-a-decision' }
  | { readonly kind: 'token-gone' }
  | { readonly kind: 'judged'; readonly change: ReplayChange | undefined };

const namesAtMost = 5;

/**
 * Judges a journaled request again, unsigned and by the facts that were journaled with it, under what is in force and
 * under what is proposed. Nothing is asked of a provider. Entries older than those facts are judged by what can be told
 * of them: an image means that the undo was secured.
 */
export function replayEntry(
  entry: Entry,
  tokens: ReadonlyMap<string, Pick<TokenRecord, 'scope'>>,
  inForce: Rulebook,
  proposed: Rulebook,
): Replayed {
  const request = judgedRequest(entry);
  if (request === undefined) return { kind: 'not-a-decision' };
  // A human's undo goes by no token's environments (`put-back.ts`).
  const tokenEnvironments =
    request.gate === 'undo' ? request.environments : tokens.get(request.token)?.scope.environments;
  if (tokenEnvironments === undefined) return { kind: 'token-gone' };
  const facts = factsOf(entry, request);
  const by = ({ policy, environments }: Rulebook): Decision =>
    policy.judge({ request, environments, tokenEnvironments, ...facts });
  const before = by(inForce);
  const after = by(proposed);
  const wider = rank(after) - rank(before);
  return { kind: 'judged', change: wider === 0 ? undefined : changeOf(entry, request, before, after, wider > 0) };
}

/** What policy decided on: a hold, what ran unsigned, and what policy denied. Signed runs were decided when they were held. */
function judgedRequest(entry: Entry): ActionRequest | undefined {
  const request = entry.body['request'] as unknown as ActionRequest | undefined;
  if (request === undefined || !Array.isArray(request.actions) || !Array.isArray(request.environments))
    return undefined;
  if (entry.kind === 'intent') return entry.hold === undefined ? request : undefined;
  if (entry.kind !== 'held') return undefined;
  return entry.body['kind'] !== 'question' || request.settings['question'] === 'policy' ? request : undefined;
}

function factsOf(entry: Entry, request: ActionRequest): JudgedFacts {
  const judged = entry.body['judged'] as unknown as Partial<JudgedFacts> | undefined;
  const { undoSecured, withinBounds, rows, drilledHours } = judged ?? {};
  const reversible = request.actions.every((action) => action.reversibility === 'reversible');
  return {
    undoSecured: undoSecured ?? (reversible || typeof entry.body['image'] === 'string'),
    withinBounds: withinBounds ?? true,
    rows: rows ?? 0,
    ...(drilledHours === undefined ? {} : { drilledHours }),
  };
}

/** How much a decision lets through: nothing, after more or fewer signatures, all. */
function rank(decision: Decision): number {
  if (decision.kind === 'allow') return 10;
  if (decision.kind === 'deny') return 0;
  return 9 - decision.friction.signatures * 2 - (decision.friction.typedFact ? 1 : 0);
}

function changeOf(
  entry: Entry,
  request: ActionRequest,
  before: Decision,
  after: Decision,
  widens: boolean,
): ReplayChange {
  const code = entry.body['code'];
  return {
    from: before.kind,
    to: after.kind,
    widens,
    operations: [...new Set(request.actions.map((action) => action.operation))],
    environments: request.environments,
    principalKind: request.principal.kind,
    principals: [request.principal.name],
    rules: after.rules,
    reasons: after.reasons,
    count: 1,
    latest: { entry: entry.index, at: entry.at, ...(typeof code === 'string' ? { code } : {}) },
  };
}

/** Equal changes as one, those that widen first, then the most frequent. */
export function merged(changes: readonly ReplayChange[]): readonly ReplayChange[] {
  const found = new Map<string, ReplayChange>();
  for (const change of changes) {
    const { from, to, widens, operations, environments, principalKind, rules } = change;
    const key = JSON.stringify([from, to, widens, operations, environments, principalKind, rules]);
    const known = found.get(key);
    found.set(key, known === undefined ? change : both(known, change));
  }
  return [...found.values()].sort(
    (left, right) => Number(right.widens) - Number(left.widens) || right.count - left.count,
  );
}

function both(left: ReplayChange, right: ReplayChange): ReplayChange {
  return {
    ...left,
    count: left.count + right.count,
    principals: [...new Set([...left.principals, ...right.principals])].slice(0, namesAtMost),
    latest: left.latest.entry >= right.latest.entry ? left.latest : right.latest,
  };
}
