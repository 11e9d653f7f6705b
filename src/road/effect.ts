import type { Desk } from './desk.ts';
import type { Intent } from './record.ts';
import { settleBroken } from './settle.ts';
import { LineBroken, type Answer } from '../contract/upstream.ts';
import { refuse } from '../model/refusal.ts';

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
    road.freeze.pass(desk.asked.bearer.principal);
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
