import type { Clear } from './clear.ts';
import type { Desk } from './desk.ts';
import type { Measured } from './measure.ts';
import { readKeptToken } from './identity/token-record.ts';
import { keepTrying } from './keep-trying.ts';
import { prove, type Proved } from './prove.ts';
import { ProviderRefused } from './provider-refused.ts';
import type { Target } from './target.ts';
import { isoTime } from '../contract/clock.ts';
import type { Outcome } from '../contract/road.ts';
import { StoreConflict, type Transaction } from '../contract/store.ts';
import { LineBroken, type Answer } from '../contract/upstream.ts';
import { actionDigest, type ActionRequest } from '../model/action-request.ts';
import type { Digest } from '../model/digest.ts';
import type { Hold } from '../model/hold.ts';
import { newId } from '../model/identifier.ts';
import type { JsonObject } from '../model/json.ts';
import { refuse, type Refused } from '../model/refusal.ts';

/** A recorded intent: durable, with its undo secured and its right to be sent spent. */
export interface Intent {
  readonly request: ActionRequest;
  readonly digest: Digest;
  readonly clearance: string;
  readonly image: string | undefined;
  readonly clear: Clear;
  readonly measured: Measured;
  readonly target: Target;
}

/** One transaction: the before-image, the journal entry, and the spending of the approval and of the clearance. */
export async function record(
  desk: Desk,
  target: Target,
  measured: Measured,
  request: ActionRequest,
  clear: Clear,
): Promise<Intent> {
  const { road, asked } = desk;
  const { signed } = clear;
  const digest = actionDigest(request);
  const clearance = newId('cl', road.clock.now());
  const hold = signed?.hold.id;
  const image = await road.store.transact(async (tx) => {
    road.freeze.pass();
    await requireToken(tx, asked.bearer.token.id);
    if (signed !== undefined) {
      await road.holds.life.step(tx, signed.hold.id, 'running', {});
      await spendRun(tx, signed.hold, { at: isoTime(road.clock.now()), clearance });
    }
    const secured = await secure(desk, tx, measured, request, digest, hold);
    const entry = await road.journal.append(tx, {
      kind: 'intent',
      principal: request.principal.name,
      token: request.token,
      gate: request.gate,
      digest,
      ...(hold === undefined ? {} : { hold }),
      body: {
        request: request as unknown as JsonObject,
        rules: clear.rules,
        clearance,
        image: secured,
        approvals: signed?.approvals.map((one) => one.statement.number),
        running: asked.running,
      },
    });
    await tx.insert('clearances', clearance, {
      state: 'sent',
      hold: hold ?? '',
      digest,
      image: secured ?? '',
      entry: entry.index,
      at: isoTime(road.clock.now()),
      provider: asked.provider.name,
      upstream: request.upstream,
      intent: measured.intent,
    });
    return secured;
  });
  return { request, digest, clearance, image, clear, measured, target };
}

/** Looking up and measuring take time: a token that was revoked meanwhile sends nothing more. */
async function requireToken(tx: Transaction, id: string): Promise<void> {
  const token = readKeptToken(await tx.get('tokens', id))?.record;
  if (token === undefined || token.revokedAt !== undefined)
    throw refuse(
      'BAD_TOKEN',
      'the token was revoked before anything was sent',
      'stop here; ask the person you work for',
    );
}

/** What makes a signature good for one run: durable before the send, with the intent or not at all. */
async function spendRun(tx: Transaction, hold: Hold, record: JsonObject): Promise<void> {
  try {
    await tx.insert('spent', `run:${hold.id}`, record);
  } catch (cause) {
    if (!(cause instanceof StoreConflict)) throw cause;
    throw refuse('DENIED', `what was signed on ${hold.code} was spent before`, undefined, { hold: hold.code });
  }
}

async function secure(
  desk: Desk,
  tx: Transaction,
  measured: Measured,
  request: ActionRequest,
  digest: Digest,
  hold: string | undefined,
): Promise<string | undefined> {
  if (measured.capture === undefined) return undefined;
  const image = await desk.road.images.secure(
    tx,
    {
      provider: desk.asked.provider.name,
      operations: request.actions.map((action) => action.operation),
      environments: request.environments,
      resources: request.actions.flatMap((action) => action.resources.map((one) => one.id)),
      principal: request.principal.name,
      digest,
      ...(hold === undefined ? {} : { hold }),
    },
    measured.capture.image,
  );
  return image.id;
}

/** Sends the effect. The last look at the freeze is here, with nothing in between. */
export async function takeEffect(desk: Desk, intent: Intent): Promise<Answer> {
  const { road } = desk;
  const { plan } = intent.request;
  const effect = plan.steps[plan.effect];
  if (effect === undefined || plan.effect !== plan.steps.length - 1)
    throw refuse('UNAVAILABLE', 'the plan has no effect point at its end', 'this is a defect: report it');
  const { lease } = intent.measured;
  let sending = false;
  try {
    const clearance = road.leases.mint(lease, [effect], 'effect', intent.clearance);
    road.freeze.pass();
    sending = true;
    const answer = await lease.send(effect, clearance);
    desk.keep();
    return answer;
  } catch (cause) {
    const sent = sending && !(cause instanceof LineBroken && cause.sent === 'no');
    if (sent) desk.keep();
    throw await settleBroken(desk, intent, sent, cause);
  }
}

/** After a broken line: asks the far side where it can be asked. Only what was never sent gives the approval back. */
async function settleBroken(desk: Desk, intent: Intent, sent: boolean, cause: unknown): Promise<unknown> {
  if (sent) return settleUnanswered(desk, intent, 'the line broke', { lineBroken: true, sent });
  await written(desk, intent, 'failed', { lineBroken: true, sent });
  return cause instanceof LineBroken
    ? refuse('UNAVAILABLE', 'the provider could not be reached; nothing was sent', 'try again later')
    : cause;
}

/** Sent, and no answer that proves anything: the far side is asked, and nothing is ever sent again by itself. */
async function settleUnanswered(
  desk: Desk,
  intent: Intent,
  what: string,
  body: JsonObject,
  fromAnswer?: JsonObject,
): Promise<Refused> {
  const proved = await prove(desk.road, desk.asked.provider, {
    upstream: intent.request.upstream,
    intent: intent.measured.intent,
    sentAt: desk.road.clock.now(),
  });
  await written(desk, intent, proved, body, fromAnswer);
  if (proved === 'failed') return refuse('UNAVAILABLE', `${what}; it is proved that nothing took effect`, 'ask again');
  if (proved === 'unknown') {
    desk.road.raise({
      kind: 'outcome-unknown',
      text: `${what} while ${intent.request.actions.map((one) => one.operation).join(', ')} ran; what happened is not known`,
    });
  }
  const known = proved === 'done' ? 'and it is proved that the act took effect' : 'whether it took effect is not known';
  return outcomeUnknown(intent, `${what} after it was sent; ${known}`);
}

function outcomeUnknown(intent: Intent, detail: string): Refused {
  const { signed } = intent.clear;
  return refuse(
    'OUTCOME_UNKNOWN',
    detail,
    'stop here; do not send it again; tell the person you work for',
    signed === undefined ? {} : { hold: signed.hold.code },
  );
}

/** Writes down what the far side proved, and answers. */
export async function settle(desk: Desk, intent: Intent, answer: Answer): Promise<Outcome> {
  const { reading } = desk.asked;
  const refusedBy = reading.providerRefusal(answer);
  // Even beside a refusal the answer decides: of several acts in one message some may have run before it.
  const outcome = reading.outcome(answer);
  const fromAnswer = outcome === 'failed' ? undefined : intent.measured.capture?.fromAnswer?.(answer);
  const body = refusedBy === undefined ? {} : { refusedBy };
  if (outcome === 'unknown') {
    const what = 'the provider gave an answer that proves nothing';
    throw await settleUnanswered(desk, intent, what, { answered: true, ...body }, fromAnswer);
  }
  const settled = written(desk, intent, outcome, body, fromAnswer);
  // Nobody needs it to be on disk before the answer, unless a hold or an inverse hangs on it; a failure makes the journal unhealthy.
  if (intent.clear.signed !== undefined || fromAnswer !== undefined || outcome !== 'done') await settled;
  else settled.catch(() => undefined);
  if (refusedBy !== undefined) throw new ProviderRefused(intent.request.upstream, refusedBy);
  return { kind: 'done', answer: reading.mask(answer) };
}

/**
 * Settles, and goes on trying behind the caller's back when the disk does not take it: the act is out, and its outcome
 * must not stay open. Whoever asked is told that it is not written down.
 */
async function written(
  desk: Desk,
  intent: Intent,
  outcome: Proved,
  body: JsonObject,
  fromAnswer?: JsonObject,
): Promise<void> {
  const work = (): Promise<void> => settleAs(desk, intent, outcome, body, fromAnswer);
  try {
    await work();
  } catch (cause) {
    desk.road.diagnose('settle', cause);
    void keepTrying(work, (again) => desk.road.diagnose('settle', again));
    if (body['sent'] !== false)
      throw outcomeUnknown(intent, 'it was sent, and what came of it could not be written down');
  }
}

/** An act that may have happened keeps its image as it is, with what the answer did say of it. */
const imageAfter = { done: 'settled', failed: 'void', unknown: 'secured' } as const;

async function settleAs(
  desk: Desk,
  intent: Intent,
  outcome: Proved,
  body: JsonObject,
  fromAnswer: JsonObject | undefined,
): Promise<void> {
  const { road } = desk;
  const { signed } = intent.clear;
  const { request } = intent;
  await road.store.transact(async (tx) => {
    const { intent: question, ...kept } = (await tx.get('clearances', intent.clearance)) ?? {};
    await tx.put('clearances', intent.clearance, {
      ...kept,
      state: outcome === 'unknown' ? 'unknown' : 'settled',
      outcome,
      // What is not known yet is asked again when the far side can no longer be working on it.
      ...(outcome === 'unknown' && question !== undefined ? { intent: question } : {}),
    });
    if (intent.image !== undefined) await road.images.settle(tx, intent.image, imageAfter[outcome], fromAnswer);
    if (signed !== undefined) await endRun(desk, tx, signed, outcome, body);
    await road.journal.append(tx, {
      kind: 'settled',
      principal: request.principal.name,
      token: request.token,
      gate: request.gate,
      digest: intent.digest,
      ...(signed === undefined ? {} : { hold: signed.hold.id }),
      body: { outcome, clearance: intent.clearance, image: intent.image, ...body },
    });
  });
}

async function endRun(
  desk: Desk,
  tx: Transaction,
  signed: NonNullable<Clear['signed']>,
  outcome: Proved,
  body: JsonObject,
): Promise<void> {
  const { road } = desk;
  const { id } = signed.hold;
  if (outcome !== 'failed' || body['sent'] !== false) {
    await road.holds.life.step(tx, id, outcome, {});
    return;
  }
  // Nothing left this machine: the signature is still worth what it was.
  const delayed = signed.approvals.some((one) => one.statement.mode === 'delayed');
  await tx.remove('spent', `run:${id}`);
  await road.holds.life.step(tx, id, delayed ? 'scheduled' : 'approved', { reason: 'proved not sent' });
}
