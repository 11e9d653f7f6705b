import { readKeptToken } from './identity/token-record.ts';
import { mediate } from './mediate.ts';
import type { RoadParts } from './parts.ts';
import { refused } from './refused.ts';
import type { Asked, Bearer, Outcome } from '../contract/road.ts';
import { actionDigest } from '../model/action-request.ts';
import type { Hold } from '../model/hold.ts';
import { messageFrom } from '../model/message-from.ts';
import type { Plan } from '../model/plan.ts';
import { refuse, Refused, refusalIn } from '../model/refusal.ts';

/**
 * Sends the frozen Plan of an approved hold down the road again: read anew, resolved anew, judged anew, and run only if
 * its digest is the one that was signed. An agent may run its own holds; a human any.
 */
export async function runHold(road: RoadParts, idOrCode: string, by: Bearer['principal'] | 'timer'): Promise<Outcome> {
  let asked: Asked;
  try {
    const hold = await road.holds.find(idOrCode);
    if (hold === undefined)
      throw refuse('BAD_REQUEST', `there is no hold \`${idOrCode}\``, 'list them with `holdpoint hold list`');
    refuseChanged(road, hold);
    if (by !== 'timer' && by.kind !== 'human' && by.id !== hold.request.principal.id) {
      throw refuse('DENIED', `hold ${hold.code} belongs to another principal`);
    }
    if (hold.state !== 'approved' && hold.state !== 'scheduled') {
      throw refuse(
        hold.state === 'waiting' ? 'HELD' : 'DENIED',
        `hold ${hold.code} is ${hold.state}`,
        hold.state === 'waiting' ? 'wait for a human: holdpoint wait ' + hold.code : undefined,
        { hold: hold.code },
      );
    }
    asked = await askedFor(road, hold);
  } catch (thrown) {
    if (!(thrown instanceof Refused)) road.diagnose('run', thrown);
    return { kind: 'refused', refusal: refusalIn(thrown) };
  }
  try {
    return await mediate(road, asked);
  } catch (thrown) {
    return refused(road, asked, thrown);
  }
}

/** What was asked, out of the hold alone. An expired token changes nothing; a revoked one has withdrawn its holds. */
async function askedFor(road: RoadParts, hold: Hold): Promise<Asked> {
  const { request } = hold;
  const token = readKeptToken(await road.store.get('tokens', request.token))?.record;
  if (token === undefined || token.revokedAt !== undefined)
    throw refuse('DENIED', `the token behind hold ${hold.code} is revoked`);
  const entry = road.bindings().upstreams.find((one) => one.name === request.upstream);
  const provider = road.providers.find((one) => one.name === entry?.provider);
  if (provider === undefined) throw refuse('DENIED', `upstream \`${request.upstream}\` is not configured any more`);
  const plan = planFrom(hold);
  const message = plan.steps[plan.effect];
  if (message === undefined) throw refuse('DENIED', `the plan that is kept of hold ${hold.code} has no effect`);
  return {
    gate: request.gate,
    bearer: { principal: request.principal, token },
    provider,
    message,
    reading: provider.readPlan?.(plan) ?? provider.read(message),
    settings: request.settings,
    running: hold.id,
  };
}

/** Nothing is run, and nobody is told what it is, from a record that does not fit its own digest. */
function refuseChanged(road: RoadParts, hold: Hold): void {
  if (storedDigest(hold) === hold.digest) return;
  const text = `what is kept of hold ${hold.code} is not what was held`;
  road.raise({ kind: 'denied', text: `${text}: somebody changed it in the store, or the disk did; it was not run` });
  throw refuse('DENIED', text);
}

/** Undefined for what has no digest at all. */
function storedDigest(hold: Hold): string | undefined {
  try {
    return actionDigest(hold.request);
  } catch {
    return undefined;
  }
}

/** In the store bytes stand as text; here they are bytes again, as they will be sent. */
function planFrom({ code, request }: Hold): Plan {
  try {
    const steps = request.plan.steps.map(messageFrom);
    return { ...request.plan, steps };
  } catch (cause) {
    const { refusal } = refuse('DENIED', `the plan that is kept of hold ${code} cannot be read`);
    throw new Refused(refusal, { cause });
  }
}
