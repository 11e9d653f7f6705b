import type { Desk } from './desk.ts';
import { deniedBy, judgeInput } from './judge.ts';
import type { Measured } from './measure.ts';
import type { Target } from './target.ts';
import { isoTime } from '../contract/clock.ts';
import type { ActionRequest } from '../model/action-request.ts';
import { approvalDigest, type Approval, type Hold } from '../model/hold.ts';

/** Why what was signed does not serve. */
export interface Lacking {
  readonly kind: 'lacking';
  readonly code: string;
  readonly lacking: string;
}

/** What humans signed, found good now, and the rules that allow it with that. */
export interface Signed {
  readonly hold: Hold;
  readonly approvals: readonly Approval[];
}

type Given = { readonly kind: 'good'; readonly rules: readonly string[]; readonly signed: Signed } | Lacking;

/**
 * Whether what humans signed on this hold is good now. Nothing is taken from the hold's record that a signature says
 * too: its window and what was typed count as they were signed. Undefined for a hold that is not up to be run.
 */
export async function signedNow(
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
  if (decision.kind === 'deny') throw deniedBy(decision, request);
  if (decision.kind === 'hold')
    return lacking(typedFact ? 'policy asks for more people now' : 'what was typed is not what policy asks for');
  return { kind: 'good', rules: decision.rules, signed: { hold, approvals } };
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
