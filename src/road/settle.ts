import type { Desk } from './desk.ts';
import { keepTrying } from './keep-trying.ts';
import { prove, type Proved } from './prove.ts';
import { ProviderRefused } from './provider-refused.ts';
import type { Intent } from './record.ts';
import { settleClearance } from './settlement.ts';
import type { Outcome } from '../contract/road.ts';
import { LineBroken, type Answer } from '../contract/upstream.ts';
import type { JsonObject } from '../model/json.ts';
import { refuse, type Refused } from '../model/refusal.ts';

/** After a broken line: asks the far side where it can be asked. Only what was never sent gives the approval back. */
export async function settleBroken(desk: Desk, intent: Intent, sent: boolean, cause: unknown): Promise<unknown> {
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

/**
 * What the image needs of what came of the act: members of the answer, and what the state became where nothing that was
 * sent says so. The act is out: a question that fails costs only the knowledge, and the image then says it lacks that.
 */
async function learned(desk: Desk, intent: Intent, answer: Answer, outcome: Proved): Promise<JsonObject | undefined> {
  const { capture, lease } = intent.measured;
  const answered = capture?.fromAnswer?.(answer);
  // Of what may still be going on nobody can say what it made.
  if (capture?.afterwards === undefined || outcome !== 'done') return answered;
  try {
    return { ...answered, ...(await desk.look(lease, capture.afterwards())) };
  } catch (cause) {
    desk.road.diagnose('settle', cause);
    return answered;
  }
}

/** Writes down what the far side proved, and answers. */
export async function settle(desk: Desk, intent: Intent, answer: Answer): Promise<Outcome> {
  const { reading } = desk.asked;
  const refusedBy = reading.providerRefusal(answer);
  // Even beside a refusal the answer decides: of several acts in one message some may have run before it.
  const outcome = reading.outcome(answer);
  const fromAnswer = outcome === 'failed' ? undefined : await learned(desk, intent, answer, outcome);
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
  const { image } = intent;
  return { kind: 'done', answer: reading.mask(answer), ...(image === undefined ? {} : { image }) };
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
  const { road } = desk;
  const backTo = body['sent'] === false ? unspent(intent) : undefined;
  const settlement = { clearance: intent.clearance, outcome, body, fromAnswer, backTo };
  const work = (): Promise<void> => road.store.transact((tx) => settleClearance(road, tx, settlement));
  try {
    await work();
  } catch (cause) {
    road.diagnose('settle', cause);
    void keepTrying(work, (again) => road.diagnose('settle', again));
    if (body['sent'] !== false)
      throw outcomeUnknown(intent, 'it was sent, and what came of it could not be written down');
  }
}

/** Where a signed hold goes back to when nothing left this machine: the signature is still worth what it was. */
function unspent({ clear: { signed } }: Intent): 'approved' | 'scheduled' {
  return signed?.approvals.some((one) => one.statement.mode === 'delayed') === true ? 'scheduled' : 'approved';
}
