import type { Desk } from './desk.ts';
import { heldRefusal, type Shown } from './holds/holds.ts';
import { approvalDigest } from './holds/verdict.ts';
import { deniedBy, judgeInput } from './judge.ts';
import type { Measured } from './measure.ts';
import type { Target } from './target.ts';
import { wouldDo } from './words.ts';
import { isoTime } from '../contract/clock.ts';
import { actionDigest, type ActionRequest } from '../model/action-request.ts';
import type { Decision } from '../model/decision.ts';
import type { Approval, Fact, Hold } from '../model/hold.ts';
import { refuse } from '../model/refusal.ts';

/** That a request may take effect: by policy alone, or because humans signed exactly this digest. */
export interface Clear {
  readonly rules: readonly string[];
  readonly signed: { readonly hold: Hold; readonly approvals: readonly Approval[] } | undefined;
}

/**
 * Judges what was measured. Allowed: go on. Held: go on only with signatures over this very digest, good now under the
 * policy of now; otherwise the hold that asks for them is the refusal.
 */
export async function clear(desk: Desk, target: Target, measured: Measured, request: ActionRequest): Promise<Clear> {
  const { road, asked } = desk;
  const decision = road.policy().judge(judgeInput(desk, request, measured));
  if (decision.kind === 'deny') throw deniedBy(decision);
  if (decision.kind === 'allow' && asked.running === undefined) return { rules: decision.rules, signed: undefined };

  const running = asked.running === undefined ? undefined : await road.holds.find(asked.running);
  if (running !== undefined && running.digest !== actionDigest(request))
    return heldAgain(desk, target, measured, request, decision, running);
  const hold = running ?? (await road.holds.forDigest(request));
  const given = hold === undefined ? undefined : await signedNow(desk, target, measured, request, hold);
  if (given?.kind === 'good') return given.clear;
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

interface Lacking {
  readonly kind: 'lacking';
  readonly code: string;
  readonly lacking: string;
}

type Given = { readonly kind: 'good'; readonly clear: Clear } | Lacking;

/**
 * Whether what humans signed on this hold is good now. Nothing is taken from the hold's record that a signature says
 * too: its window and what was typed count as they were signed. Undefined for a hold that is not up to be run.
 */
async function signedNow(
  desk: Desk,
  target: Target,
  measured: Measured,
  request: ActionRequest,
  hold: Hold,
): Promise<Given | undefined> {
  const { road, asked } = desk;
  const upToRun = hold.state === 'approved' || (hold.state === 'scheduled' && asked.running === hold.id);
  if (!upToRun) return undefined;
  const lacking = (why: string): Given => ({ kind: 'lacking', code: hold.code, lacking: why });
  const approvals = await goodApprovals(desk, hold);
  if (approvals.length === 0) return lacking('it is not over exactly this');
  const people = new Set(await Promise.all(approvals.map((one) => signedBy(desk, one))));
  const now = isoTime(road.clock.now());
  const windows = [hold.schedule ?? { notBefore: '', notAfter: '' }, ...approvals.map((one) => one.statement)];
  const shut = windows.find((one) => !(one.notBefore <= now && now <= one.notAfter));
  if (shut !== undefined) return lacking(`it is good from ${shut.notBefore} to ${shut.notAfter}`);
  const typedFact = approvals.every((one) => one.statement.typed === target.resolution.varyingFact);
  const signed = { signatures: people.size, typedFact };
  const decision = road.policy().judgeSigned(judgeInput(desk, request, measured), signed);
  if (decision.kind === 'deny') throw deniedBy(decision);
  if (decision.kind === 'hold')
    return lacking(typedFact ? 'policy asks for more people now' : 'what was typed is not what policy asks for');
  return { kind: 'good', clear: { rules: decision.rules, signed: { hold, approvals } } };
}

/** Those that say that they are over exactly this; what else a record says counts only with its signature. */
async function goodApprovals(desk: Desk, hold: Hold): Promise<readonly Approval[]> {
  const all: readonly (Partial<Approval> | undefined)[] = await desk.road.holds.approvals(hold);
  return all.filter(
    (one): one is Approval =>
      typeof one?.signature === 'string' &&
      typeof one.statement?.signer === 'string' &&
      one.statement.verdict === 'approve' &&
      one.statement.digest === hold.digest &&
      one.statement.hold === hold.id,
  );
}

/** Whose signature it is. Throws `Refused` unless the signer is still enrolled and the signature still holds. */
async function signedBy(desk: Desk, approval: Approval): Promise<string> {
  const { statement, signature } = approval;
  return (await desk.road.signers.check(statement.signer, approvalDigest(statement), signature)).name;
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

function changes(before: ActionRequest, now: ActionRequest): string {
  const targets = (request: ActionRequest): string =>
    request.actions
      .map(
        (action) =>
          `${action.operation} ${action.reversibility} ${action.resources.map((one) => `${one.name ?? ''} ${one.id} ${one.environments.join('+')}`).join(', ')}`,
      )
      .join('; ');
  const parts = [
    targets(before) === targets(now) ? '' : `targets were [${targets(before)}] and are [${targets(now)}]`,
    before.affected === now.affected ? '' : 'what goes with it (instances, backups, rows) is another set',
    before.upstream === now.upstream ? '' : `upstream was ${before.upstream} and is ${now.upstream}`,
    before.environments.join() === now.environments.join()
      ? ''
      : `environments were ${before.environments.join(', ')} and are ${now.environments.join(', ')}`,
  ].filter((part) => part !== '');
  return parts.length === 0 ? 'the request reads differently than when it was signed' : parts.join('; ');
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
    facts: [...first, ...measured.facts],
    varyingFact: resolution.varyingFact,
    defaultMode: resolution.defaultMode,
    undo: measured.capture === undefined ? resolution.undo : `our own before-image; ${resolution.undo}`,
    tokenPurpose: bearer.token.purpose,
    ...(agentSays === undefined ? {} : { agentSays: agentSays.slice(0, 280) }),
  };
}
