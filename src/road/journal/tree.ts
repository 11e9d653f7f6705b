import { hash } from 'node:crypto';

/** The Merkle tree of RFC 6962 §2.1. Hashes are 32 bytes. */
export type Hash = Buffer;

export function leafHash(entry: Uint8Array | string): Hash {
  const input = typeof entry === 'string' ? `\u0000${entry}` : Buffer.concat([Buffer.of(0), entry]);
  return hash('sha256', input, 'buffer');
}

export function nodeHash(left: Hash, right: Hash): Hash {
  return hash('sha256', Buffer.concat([Buffer.of(1), left, right]), 'buffer');
}

/**
 * A tree by its right edge: the roots of the full subtrees that its size is made of, the largest first (one for each
 * 1 in the binary form of the size). All that is needed to append and to know the root.
 */
export interface Frontier {
  readonly size: number;
  readonly roots: readonly Hash[];
}

export const emptyFrontier: Frontier = Object.freeze({ size: 0, roots: Object.freeze([]) });

/** A full subtree: 2^level leaves from leaf `index * 2^level` on. */
export interface Subtree {
  readonly level: number;
  readonly index: number;
  readonly hash: Hash;
}

/** The tree with one more leaf, and the subtrees that this leaf made full (its own leaf not among them). */
export function withLeaf(tree: Frontier, leaf: Hash): { readonly tree: Frontier; readonly filled: readonly Subtree[] } {
  const roots = [...tree.roots];
  const filled: Subtree[] = [];
  let joined = leaf;
  let level = 0;
  // Adding one to the size carries through its trailing ones; each carry joins two subtrees of the same height.
  for (let rest = tree.size; rest % 2 === 1; rest = Math.floor(rest / 2)) {
    const left = roots.pop();
    if (left === undefined) throw new RangeError('the frontier does not fit its size');
    joined = nodeHash(left, joined);
    level += 1;
    filled.push({ level, index: Math.floor(rest / 2), hash: joined });
  }
  roots.push(joined);
  return { tree: { size: tree.size + 1, roots }, filled };
}

/** MTH of the whole tree; SHA-256 of nothing for the empty one. */
export function rootOf(tree: Frontier): Hash {
  const last = tree.roots.at(-1);
  if (last === undefined) return hash('sha256', '', 'buffer');
  return tree.roots.slice(0, -1).reduceRight((right, left) => nodeHash(left, right), last);
}

/** The number of ones in a size's binary form: how many roots its frontier must have. */
export function onesIn(size: number): number {
  let ones = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) ones += rest % 2;
  return ones;
}
