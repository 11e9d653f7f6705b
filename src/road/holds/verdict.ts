import type { Life } from './life.ts';
import type { HoldParts, HoldSettings } from './parts.ts';
import { isoTime } from '../../contract/clock.ts';
import type { Transaction } from '../../contract/store.ts';
import { approvalDigest, type Approval, type ApprovalStatement, type Hold } from '../../model/hold.ts';
import type { JsonObject } from '../../model/json.ts';
import { refuse } from '../../model/refusal.ts';
import { spend } from '../signing/acts.ts';

interface VerdictParts extends HoldParts {
  readonly life: Life;
}

/** Takes a human's yes: signature, digest, window, typed fact, one use. With enough signatures the hold is approved. */
export async function acceptApproval(
  parts: VerdictParts,
  tx: Transaction,
  id: string,
  approval: Approval,
): Promise<Hold> {
  const hold = await checkVerdict(parts, tx, id, approval, 'approve');
  const { statement } = approval;
  if (hold.kind === 'question')
    throw refuse(
      'DENIED',
      `${hold.code} is a question, and nothing runs from it`,
      'give the agent what it lacks (a token, a credential), or deny it',
    );
  checkWindow(parts.settings, hold, statement);
  if (hold.friction.typedFact && statement.typed !== hold.varyingFact) {
    throw refuse(
      'DENIED',
      `what was typed is not \`${hold.varyingFact}\``,
      'read the page again and type the name or count that it asks for',
    );
  }
  const signatures = await signaturesWith(parts, tx, id, approval);
  await tx.insert('approvals', statement.number, {
    hold: id,
    digest: hold.digest,
    approval: approval as unknown as JsonObject,
  });
  const body = {
    approval: approval as unknown as JsonObject,
    signatures,
    needed: hold.friction.signatures,
    tier: hold.tier,
    proofOfHuman: hold.tier !== 'T0',
  };
  if (signatures < hold.friction.signatures) {
    await parts.journal.append(tx, {
      kind: 'act-signed',
      digest: hold.digest,
      hold: id,
      body: { act: 'approve', ...body },
    });
    return hold;
  }
  const schedule = { notBefore: statement.notBefore, notAfter: statement.notAfter };
  const state = statement.mode === 'delayed' ? 'scheduled' : 'approved';
  const next = await parts.life.step(tx, id, state, body, { schedule });
  if (state === 'scheduled')
    parts.raise({
      kind: 'scheduled',
      text: `${hold.code} is signed and fires at ${statement.notBefore}; stop it with: holdpoint cancel ${hold.code}`,
      hold: next,
    });
  return next;
}

/** How many people have signed, with this approval: one who signs twice is one. */
async function signaturesWith(
  { signers }: VerdictParts,
  tx: Transaction,
  id: string,
  approval: Approval,
): Promise<number> {
  const earlier = (await tx.find('approvals', { where: { hold: id } })).map(
    (found) => found.record['approval'] as unknown as Approval,
  );
  const people = await Promise.all(
    [...earlier, approval].map(async (one) => (await signers.get(one.statement.signer, tx))?.name),
  );
  return new Set(people.filter((name) => name !== undefined)).size;
}

/** A no that is not signed: it narrows, so any human who is known by a token may say it. */
export interface PlainDenial {
  readonly by: string;
  readonly note: string;
}

/** Takes a human's no, which locks the goal for this agent. */
export async function acceptDenial(
  parts: VerdictParts,
  tx: Transaction,
  id: string,
  denial: Approval | PlainDenial,
): Promise<{ hold: Hold; locked: () => void }> {
  let by: string;
  let note: string;
  if ('statement' in denial) {
    await checkVerdict(parts, tx, id, denial, 'deny');
    by = (await parts.signers.get(denial.statement.signer, tx))?.name ?? 'a human';
    note = denial.statement.note ?? '';
  } else {
    ({ by, note } = denial);
  }
  note = note.slice(0, 280);
  const hold = await parts.life.step(tx, id, 'denied', {
    by,
    note,
    ...('statement' in denial ? { denial: denial as unknown as JsonObject } : {}),
  });
  // Where nothing was asked for, there is no goal: a token that nobody knows.
  if (hold.request.actions.length === 0) return { hold, locked: () => undefined };
  return { hold, locked: await parts.goalLocks.lock(tx, hold, by, note) };
}

async function checkVerdict(
  parts: VerdictParts,
  tx: Transaction,
  id: string,
  approval: Approval,
  verdict: 'approve' | 'deny',
): Promise<Hold> {
  const { statement, signature } = approval;
  const hold = await parts.life.read(tx, id);
  const now = parts.clock.now();
  if (hold.state !== 'waiting')
    throw refuse('DENIED', `hold ${hold.code} is ${hold.state}`, 'only a waiting hold can be signed');
  if (hold.expiresAt < isoTime(now))
    throw refuse('DENIED', `hold ${hold.code} expired at ${hold.expiresAt}`, 'the agent has to ask again');
  if (statement.verdict !== verdict || statement.hold !== hold.id || statement.digest !== hold.digest) {
    throw refuse(
      'DENIED',
      'the signature is over something else than this hold',
      'read the hold again and sign what it shows',
    );
  }
  if (!(Math.abs(now - Date.parse(statement.signedAt)) <= parts.settings.signatureMs)) {
    throw refuse('DENIED', 'the signature is older than 15 minutes or from the future', 'sign again');
  }
  await parts.signers.check(statement.signer, approvalDigest(statement), signature, tx);
  await spend(tx, statement.number, isoTime(now));
  return hold;
}

/** An immediate approval lives 15 minutes; a delayed one fires in the signed window, no earlier than our own delay. */
function checkWindow(settings: HoldSettings, hold: Hold, statement: ApprovalStatement): void {
  const signedAt = Date.parse(statement.signedAt);
  const notBefore = Date.parse(statement.notBefore);
  const notAfter = Date.parse(statement.notAfter);
  const bad = (detail: string): never => {
    throw refuse('DENIED', detail, 'sign again with the window that `holdpoint hold show` gives');
  };
  if (Number.isNaN(notBefore) || Number.isNaN(notAfter) || notAfter <= notBefore)
    bad('the signed window is not a window');
  if (statement.mode === 'now') {
    if (hold.defaultMode === 'delayed' && hold.friction.typedFact)
      bad('this act is delayed after the signature; policy does not allow it at once');
    if (notBefore > signedAt || notAfter > signedAt + settings.signatureMs)
      bad('a signature for now is good for 15 minutes at most');
  } else if (notBefore < signedAt + settings.delayMs || notAfter > notBefore + settings.windowMs) {
    bad('the signed window is earlier than the delay or longer than it may be');
  }
}
