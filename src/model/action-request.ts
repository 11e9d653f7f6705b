import type { Action } from './action.ts';
import { type Digest, digestOf } from './digest.ts';
import { frozen, type Json, type JsonObject } from './json.ts';
import type { Plan } from './plan.ts';
import type { Principal } from './principal.ts';

/**
 * The frozen whole that a human signs: who, by which token, through which gate and upstream entry, in which
 * environments, does what on what, and the Plan byte for byte. Not in it: names of statements, ports, time.
 */
export interface ActionRequest {
  readonly schema: 'holdpoint/action/v1';
  readonly principal: Principal;
  /** Id of the agent token, or of the human's. */
  readonly token: string;
  readonly gate: string;
  /** Name of the vault entry whose credential would be used. */
  readonly upstream: string;
  /** Every environment touched, sorted. */
  readonly environments: readonly string[];
  readonly actions: readonly Action[];
  /** Settings of the session that are off the gate's baseline. */
  readonly settings: JsonObject;
  readonly plan: Plan;
  /**
   * Hash over the sorted before-images and resolved dependents (`null` before anything was measured): if what would be
   * hit is not what was shown, the digest differs.
   */
  readonly affected: string | null;
}

/** SHA-256 over `holdpoint/action/v1`, NUL, and the canonical JSON of the whole request. */
export function actionDigest(request: ActionRequest): Digest {
  return digestOf('holdpoint/action/v1', request as unknown as Json);
}

/** A deeply frozen copy, so that what is judged cannot be changed before it is sent. */
export function freezeRequest(request: ActionRequest): ActionRequest {
  return frozen(request);
}
