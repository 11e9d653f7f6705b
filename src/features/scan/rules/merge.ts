import type { Candidate } from './candidate.ts';

/**
 * One candidate where several overlap: the stronger, then the one with a kind, then the longer. It keeps the name that
 * another knew.
 */
export function merged(candidates: readonly Candidate[]): readonly Candidate[] {
  const kept: Candidate[] = [];
  for (const one of candidates.toSorted(byWorth)) {
    const at = kept.findIndex((other) => one.start < other.end && other.start < one.end);
    const other = kept[at];
    if (other === undefined) kept.push(one);
    else if (other.key === undefined && one.key !== undefined) kept[at] = { ...other, key: one.key };
  }
  return kept.toSorted((a, b) => a.start - b.start);
}

function byWorth(a: Candidate, b: Candidate): number {
  const rank = (one: Candidate): number => one.strength * 2 + (one.kind === 'generic' ? 0 : 1);
  return rank(b) - rank(a) || b.end - b.start - (a.end - a.start) || a.start - b.start;
}
