import { attackNames, attacks, type AttackName } from './attacks.ts';

/** `unclear`: it could not be tried, or what came out proves neither; it counts as not refused. */
export type Outcome = 'succeeded' | 'refused' | 'unclear';

/** One attack as it went. */
export interface Attempt {
  readonly attack: AttackName;
  readonly outcome: Outcome;
  /** What was reached, or what stood against it; never a secret. */
  readonly detail: string;
}

export type Tier = 'T0' | 'T1' | 'T2';

/**
 * The tier that these attempts prove: every attack that it promises against was tried and refused. What is missing,
 * unclear or said twice in two ways proves nothing.
 */
export function tierProved(attempts: readonly Attempt[]): Tier {
  const holds = (tier: 'T1' | 'T2'): boolean =>
    attackNames.filter((name) => attacks[name].guards === tier).every((name) => wasRefused(attempts, name));
  if (!holds('T1')) return 'T0';
  return holds('T2') ? 'T2' : 'T1';
}

function wasRefused(attempts: readonly Attempt[], name: AttackName): boolean {
  const tried = attempts.filter((one) => one.attack === name);
  return tried.length > 0 && tried.every((one) => one.outcome === 'refused');
}
