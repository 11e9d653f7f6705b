import type { Desk } from './desk.ts';
import type { Measured } from './measure.ts';
import { NotPermitted } from './not-permitted.ts';
import type { JudgedFacts } from './holds/asked.ts';
import { withinBounds } from './policy/bounds.ts';
import type { JudgeInput } from './policy/policy.ts';
import type { Target } from './target.ts';
import { freezeRequest, type ActionRequest } from '../model/action-request.ts';
import type { Action } from '../model/action.ts';
import type { Decision } from '../model/decision.ts';
import { refuse } from '../model/refusal.ts';

/** One frozen ActionRequest over the whole Plan: from here on nothing of it can change. */
export function describe(
  desk: Desk,
  target: Target,
  actions: readonly Action[],
  affected: string | null,
): ActionRequest {
  const { gate, bearer, reading, settings } = desk.asked;
  return freezeRequest({
    schema: 'holdpoint/action/v1',
    principal: bearer.principal,
    token: bearer.token.id,
    gate,
    upstream: target.upstream.name,
    environments: target.environments,
    actions,
    settings: settings ?? {},
    plan: reading.plan,
    affected,
  });
}

export function judgeInput(desk: Desk, request: ActionRequest, measured: MeasuredFacts | undefined): JudgeInput {
  return {
    request,
    environments: desk.road.bindings().environments,
    tokenEnvironments: desk.asked.bearer.token.scope.environments,
    ...judgedFacts(desk, measured),
  };
}

type MeasuredFacts = Pick<Measured, 'rows' | 'tables' | 'capture'>;

/**
 * What policy goes by beside the request. Before measuring, a reversible claim is taken at its word; it has to be proved
 * before anything is sent.
 */
export function judgedFacts(desk: Desk, measured: MeasuredFacts | undefined): JudgedFacts {
  const { velocity } = desk.road;
  const rows = measured?.rows ?? 0;
  const before = velocity.rows(desk.asked.bearer.principal);
  return {
    undoSecured: measured === undefined || measured.capture !== undefined,
    withinBounds: withinBounds({ rows, before, atMost: velocity.limits.rows.most, tables: measured?.tables ?? [] }),
    rows,
    drilledHours: desk.road.drilledHours(),
  };
}

/** What policy denies outright is refused before a single step of it runs. */
export function refuseDenied(desk: Desk, target: Target): void {
  const request = describe(desk, target, target.actions, null);
  const decision = desk.road.policy().judge(judgeInput(desk, request, undefined));
  if (decision.kind === 'deny') throw deniedBy(decision, request);
}

export function deniedBy(decision: Decision, request: ActionRequest): NotPermitted {
  const { refusal } = refuse('DENIED', decision.reasons.join('; '), undefined, { reasons: decision.rules });
  return new NotPermitted(refusal, 'policy', request);
}
