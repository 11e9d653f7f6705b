import type { Desk } from './desk.ts';
import { changes } from './drift.ts';
import type { JudgedFacts, Shown } from './holds/asked.ts';
import { heldRefusal } from './holds/holds.ts';
import { deniedBy, judgedFacts, judgeInput } from './judge.ts';
import type { Measured } from './measure.ts';
import { signedNow, type Lacking, type Signed } from './signed-now.ts';
import type { Target } from './target.ts';
import { wouldDo } from './words.ts';
import { isoTime } from '../contract/clock.ts';
import { actionDigest, type ActionRequest } from '../model/action-request.ts';
import type { Decision } from '../model/decision.ts';
import type { Fact, Hold } from '../model/hold.ts';
import { refuse } from '../model/refusal.ts';

/** That a request may take effect: by policy alone, or because humans signed exactly this digest. */
export interface Clear {
  readonly rules: readonly string[];
  readonly signed: Signed | undefined;
  /** What was judged by, for the journal. */
  readonly judged: JudgedFacts;
}

/**
 * Judges what was measured. Allowed: go on. Held: go on only with signatures over this very digest, good now under the
 * policy of now; otherwise the hold that asks for them is the refusal.
 */
export async function clear(desk: Desk, target: Target, measured: Measured, request: ActionRequest): Promise<Clear> {
  const { road, asked } = desk;
  const judged = judgedFacts(desk, measured);
  const decision = road.policy().judge(judgeInput(desk, request, measured));
  if (decision.kind === 'deny') throw deniedBy(decision, request);
  if (decision.kind === 'allow' && asked.running === undefined) {
    // Right after the judging, with nothing in between: of two at once the second is judged with the first's rows.
    road.velocity.spend(asked.bearer.principal, measured.rows);
    return { rules: decision.rules, signed: undefined, judged };
  }

  const running = asked.running === undefined ? undefined : await road.holds.find(asked.running);
  if (running !== undefined && running.digest !== actionDigest(request))
    return heldAgain(desk, target, measured, request, decision, running);
  const hold = running ?? (await road.holds.forDigest(request));
  const given = hold === undefined ? undefined : await signedNow(desk, target, measured, request, hold);
  if (given?.kind === 'good') return { ...given, judged };
  if (hold?.state === 'scheduled') throw notYet(desk, hold, request, given);
  if (hold !== undefined && (hold.state === 'running' || hold.state === 'unknown')) {
    throw refuse(
      'OUTCOME_UNKNOWN',
      `${hold.code} was sent and its outcome is not proved yet`,
      'stop here; a human looks at what happened',
      { hold: hold.code },
    );
  }
  const repeated = hold?.state === 'done' ? [repeatFact(hold)] : [];
  const next = await road.holds.ask(request, shown(desk, target, measured, decision, repeated));
  const lacking = given === undefined ? '' : `; the signature on ${given.code} does not serve: ${given.lacking}`;
  throw heldRefusal(next, `${wouldDo(request)}${lacking}`);
}

/** A scheduled one that was asked for, or is up and not covered by what was signed. */
function notYet(desk: Desk, hold: Hold, request: ActionRequest, given: Lacking | undefined): Error {
  const isUp = (hold.schedule?.notBefore ?? '') <= isoTime(desk.road.clock.now());
  if (given === undefined || !isUp) return heldRefusal(hold, wouldDo(request));
  return refuse('DENIED', `the signature on ${hold.code} does not serve: ${given.lacking}`, undefined, {
    hold: hold.code,
  });
}

/** What would be hit is not what was signed: nothing runs, and a new hold shows the difference on top. */
async function heldAgain(
  desk: Desk,
  target: Target,
  measured: Measured,
  request: ActionRequest,
  decision: Decision,
  before: Hold,
): Promise<never> {
  const { road } = desk;
  const difference: Fact = {
    label: 'CHANGED since it was signed',
    value: changes(before.request, request),
    tone: 'danger',
    source: 'holdpoint',
  };
  await road.store.transact((tx) =>
    road.holds.life.step(tx, before.id, 'withdrawn', { reason: 'drifted', difference: difference.value }),
  );
  const hold = await road.holds.ask(request, shown(desk, target, measured, decision, [difference]));
  throw heldRefusal(hold, `${wouldDo(request)}; what ${before.code} was signed for has changed since`);
}

function repeatFact(hold: Hold): Fact {
  return {
    label: 'Possible duplicate',
    value: `the same act ran from ${hold.code} before`,
    tone: 'warning',
    source: 'holdpoint',
  };
}

function shown(desk: Desk, target: Target, measured: Measured, decision: Decision, first: readonly Fact[]): Shown {
  const { bearer, agentSays } = desk.asked;
  const { resolution } = target;
  return {
    friction: decision.kind === 'hold' ? decision.friction : { signatures: 1, typedFact: false },
    reasons: decision.reasons,
    rules: decision.rules,
    facts: [...first, ...elsewhere(target), ...measured.facts],
    varyingFact: resolution.varyingFact,
    defaultMode: resolution.defaultMode,
    undo: measured.capture === undefined ? resolution.undo : `our own before-image; ${resolution.undo}`,
    tokenPurpose: bearer.token.purpose,
    judged: judgedFacts(desk, measured),
    ...(agentSays === undefined ? {} : { agentSays: agentSays.slice(0, 280) }),
  };
}

/** The plan names the host that the client addressed; a human may have signed that its entry leads elsewhere. */
function elsewhere({ upstream: { address } }: Target): readonly Fact[] {
  return address === undefined ? [] : [{ label: 'sent to', value: address, tone: 'warning', source: 'holdpoint' }];
}
