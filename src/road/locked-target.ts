import type { Desk } from './desk.ts';
import { resolve, type Target } from './target.ts';
import { refuse } from '../model/refusal.ts';

/** At most this often: a crowd that keeps changing the same thing must not keep one exchange looking for ever. */
const most = 5;

/**
 * Resolves the ids, and locks what they turned out to stand for with all that goes with it: two requests that name one
 * thing in different ways go one after the other. Where somebody else was at it meanwhile, it is resolved anew.
 */
export async function resolveLocked(desk: Desk): Promise<Target> {
  for (let tries = 0; tries < most; tries++) {
    const target = await resolve(desk);
    const ids = target.actions.flatMap((action) => action.resources.map((one) => one.id));
    if (await desk.lockTargets([...ids, ...target.resolution.dependents])) return target;
  }
  throw refuse('UNAVAILABLE', 'others keep changing the same thing', 'nothing was sent; try again');
}
