import type { Candidate } from './candidate.ts';

const bucketSize = 1024;

/**
 * One candidate where several overlap: the stronger, then the one with a kind, then the longer. It keeps the name that
 * another knew. In time that grows with their number, not with its square: a hostile file may hold a hundred thousand.
 */
export function merged(candidates: readonly Candidate[]): readonly Candidate[] {
  const kept: Candidate[] = [];
  const buckets = new Map<number, number[]>();
  for (const one of candidates.toSorted(byWorth)) {
    const spanned = bucketsOf(one);
    const at = spanned.flatMap((bucket) => buckets.get(bucket) ?? []).find((index) => overlap(kept[index], one));
    const other = at === undefined ? undefined : kept[at];
    if (at === undefined || other === undefined) {
      for (const bucket of spanned) {
        const list = buckets.get(bucket);
        if (list === undefined) buckets.set(bucket, [kept.length]);
        else list.push(kept.length);
      }
      kept.push(one);
    } else if (other.key === undefined && one.key !== undefined) {
      kept[at] = { ...other, key: one.key };
    }
  }
  return kept.toSorted((a, b) => a.start - b.start);
}

function bucketsOf({ start, end }: Candidate): readonly number[] {
  const first = Math.floor(start / bucketSize);
  return Array.from({ length: Math.floor((end - 1) / bucketSize) - first + 1 }, (_, index) => first + index);
}

function overlap(a: Candidate | undefined, b: Candidate): boolean {
  return a !== undefined && a.start < b.end && b.start < a.end;
}

function byWorth(a: Candidate, b: Candidate): number {
  const rank = (one: Candidate): number => one.strength * 2 + (one.kind === 'generic' ? 0 : 1);
  return rank(b) - rank(a) || b.end - b.start - (a.end - a.start) || a.start - b.start;
}
