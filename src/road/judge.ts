import type { Desk } from './desk.ts';
import type { Measured } from './measure.ts';
import type { JudgeInput } from './policy/policy.ts';
import type { Target } from './target.ts';
import { freezeRequest, type ActionRequest } from '../model/action-request.ts';
import type { Action } from '../model/action.ts';
import type { Decision } from '../model/decision.ts';
import { refuse } from '../model/refusal.ts';

/** How many rows or records an unsigned reversible act may touch (policy/README.md). */
const rowBound = 1_000;

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

export function judgeInput(
  desk: Desk,
  request: ActionRequest,
  measured: Pick<Measured, 'rows' | 'capture'> | undefined,
): JudgeInput {
  return {
    request,
    environments: desk.road.bindings().environments,
    tokenEnvironments: desk.asked.bearer.token.scope.environments,
    // Before measuring, a reversible claim is taken at its word; it has to be proved before anything is sent.
    undoSecured: measured === undefined || measured.capture !== undefined,
    withinBounds: (measured?.rows ?? 0) <= rowBound,
    rows: measured?.rows ?? 0,
  };
}

/** What policy denies outright is refused before a single step of it runs. */
export function refuseDenied(desk: Desk, target: Target): void {
  const request = describe(desk, target, target.actions, null);
  const decision = desk.road.policy().judge(judgeInput(desk, request, undefined));
  if (decision.kind === 'deny') throw deniedBy(decision);
}

export function deniedBy(decision: Decision): ReturnType<typeof refuse> {
  return refuse('DENIED', decision.reasons.join('; '), undefined, { reasons: decision.rules });
}
