import { clear } from './clear.ts';
import { Desk } from './desk.ts';
import { takeEffect } from './effect.ts';
import { admitOperations, admitTargets } from './identity/scope.ts';
import { describe, refuseDenied } from './judge.ts';
import { passLightly } from './light.ts';
import { resolveLocked } from './locked-target.ts';
import { measure } from './measure.ts';
import type { RoadParts } from './parts.ts';
import { record } from './record.ts';
import { refused } from './refused.ts';
import { settle } from './settle.ts';
import type { Asked, Outcome } from '../contract/road.ts';

/**
 * The promise: an agent can do nothing that cannot be undone, unless a named human signed exactly that action. Every
 * line below either goes on or throws, and whatever is thrown is a refusal: there is no way to the effect but this one.
 */
export async function mediate(road: RoadParts, asked: Asked): Promise<Outcome> {
  const { principal, token } = asked.bearer;
  try {
    await using desk = new Desk(road, asked);
    admitOperations(token, asked.gate, asked.reading.asks ?? asked.reading.actions); // its token admits what is asked,
    const light = await passLightly(desk); // what changes nothing takes the short road,
    if (light !== undefined) return light;
    road.freeze.pass(principal); // nobody has stopped the agents,
    await desk.lockResources(); // nobody else is changing the same thing,
    const target = await resolveLocked(desk); // nor what the provider says that its ids stand for,
    admitTargets(token.scope, target.actions, target.environments); // the token may reach that,
    road.goalLocks.pass(principal, target.actions, target.resolution.dependents); // no human has refused this goal,
    refuseDenied(desk, target); // no policy denies it:
    const measured = await measure(desk, target); // then what can be taken back runs, and is measured;
    const request = describe(desk, target, measured.actions, measured.affected); // one frozen request stands over it all;
    const cleared = await clear(desk, target, measured, request); // it may be undone, or a human signed exactly it, or it is held;
    const intent = await record(desk, target, measured, request, cleared); // its undo and its entry are on disk, its right is spent;
    const answer = await takeEffect(desk, intent); // it takes effect, once;
    return await settle(desk, intent, answer); // and what the far side proved is written down.
  } catch (thrown) {
    return refused(road, asked, thrown);
  }
}
