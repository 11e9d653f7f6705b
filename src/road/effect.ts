import type { Desk } from './desk.ts';
import type { Intent } from './record.ts';
import { settleBroken } from './settle.ts';
import { LineBroken, type Answer } from '../contract/upstream.ts';
import { refuse } from '../model/refusal.ts';

/**
 * Sends the effect, behind what could not be tried before it. The last look at the freeze is here, with nothing in
 * between.
 */
export async function takeEffect(desk: Desk, intent: Intent): Promise<Answer> {
  const { road } = desk;
  const { plan } = intent.request;
  const { lease } = intent.measured;
  const waiting = plan.steps.slice(lease.ran.length);
  if (waiting.length === 0 || plan.effect !== plan.steps.length - 1)
    throw refuse('UNAVAILABLE', 'the plan has no effect point at its end', 'this is a defect: report it');
  let sending = false;
  try {
    const clearance = road.leases.mint(lease, waiting, 'effect', intent.clearance);
    road.freeze.pass(desk.asked.bearer.principal);
    sending = true;
    let answer: Answer | undefined;
    for (const step of waiting) answer = await lease.send(step, clearance);
    desk.keep();
    if (answer === undefined) throw new LineBroken('unknown', 'nothing was answered');
    return answer;
  } catch (cause) {
    const sent = sending && !(cause instanceof LineBroken && cause.sent === 'no');
    if (sent) desk.keep();
    throw await settleBroken(desk, intent, sent, cause);
  }
}
