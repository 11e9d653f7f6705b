import type { Clear } from './clear.ts';
import type { Desk } from './desk.ts';
import type { Measured } from './measure.ts';
import { prove } from './prove.ts';
import { ProviderRefused } from './provider-refused.ts';
import type { Target } from './target.ts';
import { isoTime } from '../contract/clock.ts';
import type { Outcome } from '../contract/road.ts';
import type { Transaction } from '../contract/store.ts';
import { LineBroken, type Answer } from '../contract/upstream.ts';
import { actionDigest, type ActionRequest } from '../model/action-request.ts';
import type { Digest } from '../model/digest.ts';
import { newId } from '../model/identifier.ts';
import type { JsonObject } from '../model/json.ts';
import { refuse } from '../model/refusal.ts';

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
    if (signed !== undefined) {
      await road.holds.life.step(tx, signed.hold.id, 'running', {});
      await tx.insert('spent', `run:${signed.hold.id}`, { at: isoTime(road.clock.now()), clearance });
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
      provider: asked.provider.name,
      upstream: request.upstream,
      intent: measured.intent,
    });
    return secured;
  });
  return { request, digest, clearance, image, clear, measured, target };
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

/** After a broken line: asks the far side where it can be asked. Only a proven non-effect gives the approval back. */
async function settleBroken(desk: Desk, intent: Intent, sent: boolean, cause: unknown): Promise<unknown> {
  const proved = sent
    ? await prove(desk.road, desk.asked.provider, intent.request.upstream, intent.measured.intent)
    : 'failed';
  await settleAs(desk, intent, proved, { lineBroken: true, sent }, undefined);
  if (!sent)
    return cause instanceof LineBroken
      ? refuse('UNAVAILABLE', 'the provider could not be reached; nothing was sent', 'try again later')
      : cause;
  if (proved === 'failed')
    return refuse('UNAVAILABLE', 'the line broke; it is proved that nothing took effect', 'ask again');
  if (proved === 'unknown') {
    desk.road.raise({
      kind: 'outcome-unknown',
      text: `the line broke while ${intent.request.actions.map((one) => one.operation).join(', ')} ran; what happened is not known`,
    });
  }
  return refuse(
    'OUTCOME_UNKNOWN',
    proved === 'done'
      ? 'the line broke, and it is proved that the act took effect'
      : 'the line broke after it was sent; whether it took effect is not known',
    'stop here; do not send it again; tell the person you work for',
    intent.clear.signed === undefined ? {} : { hold: intent.clear.signed.hold.code },
  );
}

/** Writes down what the far side proved, and answers. */
export async function settle(desk: Desk, intent: Intent, answer: Answer): Promise<Outcome> {
  const { reading } = desk.asked;
  const refusedBy = reading.providerRefusal(answer);
  const outcome = refusedBy === undefined ? reading.outcome(answer) : 'failed';
  const fromAnswer = outcome === 'done' ? intent.measured.capture?.fromAnswer?.(answer) : undefined;
  const settled = settleAs(desk, intent, outcome, refusedBy === undefined ? {} : { refusedBy }, fromAnswer);
  // Nobody needs it to be on disk before the answer, unless a hold or an inverse hangs on it; a failure makes the journal unhealthy.
  if (intent.clear.signed !== undefined || fromAnswer !== undefined || outcome !== 'done') await settled;
  else settled.catch(() => undefined);
  if (refusedBy !== undefined) throw new ProviderRefused(intent.request.upstream, refusedBy);
  return { kind: 'done', answer: reading.mask(answer) };
}

async function settleAs(
  desk: Desk,
  intent: Intent,
  outcome: 'done' | 'failed' | 'unknown',
  body: JsonObject,
  fromAnswer: JsonObject | undefined,
): Promise<void> {
  const { road } = desk;
  const { signed } = intent.clear;
  const { request } = intent;
  await road.store.transact(async (tx) => {
    await tx.put('clearances', intent.clearance, {
      state: outcome === 'unknown' ? 'unknown' : 'settled',
      hold: signed?.hold.id ?? '',
      digest: intent.digest,
      image: intent.image ?? '',
      outcome,
    });
    if (intent.image !== undefined && outcome !== 'unknown')
      await road.images.settle(tx, intent.image, outcome === 'done' ? 'settled' : 'void', fromAnswer);
    if (signed !== undefined) await endRun(desk, tx, signed.hold.id, outcome, body);
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
  hold: string,
  outcome: 'done' | 'failed' | 'unknown',
  body: JsonObject,
): Promise<void> {
  const { road } = desk;
  if (outcome === 'failed' && body['sent'] === false) {
    // Nothing left this machine: the signature is still worth what it was.
    const { schedule } = await road.holds.life.read(tx, hold);
    await tx.remove('spent', `run:${hold}`);
    await road.holds.life.step(
      tx,
      hold,
      schedule !== undefined && desk.asked.running !== undefined ? 'scheduled' : 'approved',
      { reason: 'proved not sent' },
    );
    return;
  }
  await road.holds.life.step(tx, hold, outcome, {});
}
