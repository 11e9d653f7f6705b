/**
 * Can it be undone, and is the undo secured? Ordered from the mildest to the worst.
 * - `read`: changes nothing
 * - `provisional`: an open transaction can still take it back
 * - `reversible`: its undo is secured outside the far side before the effect
 * - `recoverable`: comes back only from a backup
 * - `irreversible`: does not come back
 * - `unknown`: not understood; counts as irreversible
 */
export const reversibilities = ['read', 'provisional', 'reversible', 'recoverable', 'irreversible', 'unknown'] as const;

export type Reversibility = (typeof reversibilities)[number];

/** The more restrictive of the two. */
export function worse(a: Reversibility, b: Reversibility): Reversibility {
  return reversibilities.indexOf(a) >= reversibilities.indexOf(b) ? a : b;
}

/** The most restrictive of all; `unknown` when there is nothing to go by. */
export function worst(all: Iterable<Reversibility>): Reversibility {
  let found: Reversibility | undefined;
  for (const one of all) found = found === undefined ? one : worse(found, one);
  return found ?? 'unknown';
}
