import { type Hash, nodeHash } from './tree.ts';

/** Answers with the hash of a full subtree: 2^level leaves from leaf `index * 2^level` on. */
export type SubtreeHash = (level: number, index: number) => Promise<Hash>;

/** The audit path of RFC 6962 §2.1.1 for leaf `index` in the tree of `size` leaves; nearest sibling first. */
export async function inclusionPath(index: number, size: number, subtree: SubtreeHash): Promise<readonly Hash[]> {
  whole(index);
  whole(size);
  if (index >= size) throw new RangeError(`entry \`${index}\` is not in a tree of ${size}`);
  return path(index, 0, size, subtree);
}

/** The consistency proof of RFC 6962 §2.1.2 between the trees of `first` and `second` leaves. */
export async function consistencyPath(first: number, second: number, subtree: SubtreeHash): Promise<readonly Hash[]> {
  whole(first);
  whole(second);
  if (first > second) throw new RangeError(`a tree of ${second} does not extend one of ${first}`);
  if (first === 0 || first === second) return [];
  return subproof(first, 0, second, true, subtree);
}

async function path(index: number, from: number, to: number, subtree: SubtreeHash): Promise<readonly Hash[]> {
  if (to - from === 1) return [];
  const middle = from + largestPowerBelow(to - from);
  return index < middle
    ? [...(await path(index, from, middle, subtree)), await rangeHash(middle, to, subtree)]
    : [...(await path(index, middle, to, subtree)), await rangeHash(from, middle, subtree)];
}

async function subproof(
  first: number,
  from: number,
  to: number,
  whole: boolean,
  subtree: SubtreeHash,
): Promise<readonly Hash[]> {
  if (first === to) return whole ? [] : [await rangeHash(from, to, subtree)];
  const middle = from + largestPowerBelow(to - from);
  return first <= middle
    ? [...(await subproof(first, from, middle, whole, subtree)), await rangeHash(middle, to, subtree)]
    : [...(await subproof(first, middle, to, false, subtree)), await rangeHash(from, middle, subtree)];
}

/** MTH of the leaves `from` up to, and without, `to`. `from` lies where RFC 6962's splits put it. */
async function rangeHash(from: number, to: number, subtree: SubtreeHash): Promise<Hash> {
  const size = to - from;
  const level = Math.log2(size);
  if (Number.isInteger(level)) return subtree(level, from / size);
  const middle = from + largestPowerBelow(size);
  return nodeHash(await rangeHash(from, middle, subtree), await rangeHash(middle, to, subtree));
}

/** The largest power of two smaller than `size`; `size` is at least 2. */
function largestPowerBelow(size: number): number {
  let power = 1;
  while (power * 2 < size) power *= 2;
  return power;
}

function whole(value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`\`${value}\` is not a tree size or index`);
}
