import { createHash } from 'node:crypto';

/** Hash of a leaf, RFC 6962 §2.1: SHA-256 over 0x00 and the entry's bytes. */
export function hashLeaf(text: string): Buffer {
  return createHash('sha256').update(Buffer.of(0)).update(text, 'utf8').digest();
}

function join(left: Uint8Array, right: Uint8Array): Buffer {
  return createHash('sha256').update(Buffer.of(1)).update(left).update(right).digest();
}

/** The root of a tree that grows leaf by leaf; `slots[n]` holds a full subtree of 2^n leaves that waits for its sibling. */
export class GrowingTree {
  readonly #slots: (Buffer | undefined)[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(leaf: Buffer): void {
    let carried = leaf;
    let level = 0;
    for (let waiting = this.#slots[0]; waiting !== undefined; waiting = this.#slots[level]) {
      carried = join(waiting, carried);
      this.#slots[level] = undefined;
      level += 1;
    }
    this.#slots[level] = carried;
    this.#size += 1;
  }

  root(): Buffer {
    let right: Buffer | undefined;
    for (const slot of this.#slots) {
      if (slot !== undefined) right = right === undefined ? slot : join(slot, right);
    }
    return right ?? createHash('sha256').digest();
  }
}

/** Whether a leaf is proved to be at `index` in the tree of `size` leaves with that root: RFC 9162 §2.1.3.2. */
export function provesInclusion(
  leaf: Uint8Array,
  index: number,
  size: number,
  path: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  if (!isCount(index) || !isCount(size) || index >= size || ![leaf, root, ...path].every(isHash)) return false;
  let hash = leaf;
  let node = index;
  let last = size - 1;
  for (const sibling of path) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      hash = join(sibling, hash);
      while (node % 2 === 0 && node !== 0) [node, last] = [half(node), half(last)];
    } else {
      hash = join(hash, sibling);
    }
    [node, last] = [half(node), half(last)];
  }
  return last === 0 && equal(hash, root);
}

/** Whether the tree of `second` leaves is proved to begin with the tree of `first` leaves: RFC 9162 §2.1.4.2. */
export function provesConsistency(
  first: number,
  firstRoot: Uint8Array,
  second: number,
  secondRoot: Uint8Array,
  path: readonly Uint8Array[],
): boolean {
  if (!isCount(first) || !isCount(second) || first > second) return false;
  if (![firstRoot, secondRoot, ...path].every(isHash)) return false;
  if (first === 0) return path.length === 0 && equal(firstRoot, new GrowingTree().root());
  if (first === second) return path.length === 0 && equal(firstRoot, secondRoot);
  // Where the first tree is one full subtree, its root is the proof's first hash and is left out of it.
  const [start, ...rest] = Number.isInteger(Math.log2(first)) ? [firstRoot, ...path] : path;
  if (start === undefined || path.length === 0) return false;
  let [node, last] = [first - 1, second - 1];
  while (node % 2 === 1) [node, last] = [half(node), half(last)];
  let [before, after] = [start, start];
  for (const sibling of rest) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      before = join(sibling, before);
      after = join(sibling, after);
      while (node % 2 === 0 && node !== 0) [node, last] = [half(node), half(last)];
    } else {
      after = join(after, sibling);
    }
    [node, last] = [half(node), half(last)];
  }
  return last === 0 && equal(before, firstRoot) && equal(after, secondRoot);
}

function half(value: number): number {
  return Math.floor(value / 2);
}

function isHash(value: Uint8Array): boolean {
  return value.length === 32;
}

/** Below 2^40, so that arithmetic on it is exact; a journal's keys end there too. */
function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value < 2 ** 40;
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
