import type { Reversibility } from './reversibility.ts';

/**
 * What an action is besides undoable or not; each one raises what the policy asks for.
 * - `runs-code`: runs the agent's code beside real credentials (deploys, start commands, crons, sandbox exec)
 * - `credential`: mints, shows or changes a credential
 * - `privilege`: changes who may do what, or who owns it
 * - `weakens-backup`: a backup, its schedule, its lock or the alarm about it gets weaker
 * - `copies-secrets`: carries secrets or data of one environment into another
 * - `ends-undo`: purges or shortens an undo
 * - `exposes`: makes something reachable from outside
 * - `spends`: costs money
 * - `widens-power`: changes Holdpoint itself so that more is possible
 */
export const traits = [
  'runs-code',
  'credential',
  'privilege',
  'weakens-backup',
  'copies-secrets',
  'ends-undo',
  'exposes',
  'spends',
  'widens-power',
] as const;

export type Trait = (typeof traits)[number];

/** A thing at the far side, known by the provider's own id. */
export interface Resource {
  /** `railway:volume`, `postgres:table`. */
  readonly kind: string;
  readonly id: string;
  /** As the provider knows it; never taken from the caller. */
  readonly name?: string;
  /** Our environments it exists in (all instances); empty when none could be resolved, which is denied. */
  readonly environments: readonly string[];
  /** Provider ids of what contains it (its project, its service); a goal lock on one of them covers it. */
  readonly within?: readonly string[];
}

/** One thing that a Plan would do. */
export interface Action {
  /** `railway:volumeDelete`, `postgres:delete`. */
  readonly operation: string;
  readonly reversibility: Reversibility;
  readonly traits: readonly Trait[];
  readonly resources: readonly Resource[];
  /** One sentence: why it has this class. Shown to people and agents; holds no agent text. */
  readonly why: string;
}
