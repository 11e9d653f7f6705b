import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { consistencyPath, inclusionPath } from './proofs.ts';
import { emptyFrontier, type Frontier, type Hash, leafHash, nodeHash, onesIn, rootOf, withLeaf } from './tree.ts';

/** RFC 6962 §2.1, word for word and slowly: what the fast one is compared with. */
const naive = {
  root(leaves: readonly Hash[]): Hash {
    if (leaves.length === 0) return createHash('sha256').digest();
    const [only] = leaves;
    if (leaves.length === 1 && only !== undefined) return only;
    const k = naive.split(leaves.length);
    return nodeHash(naive.root(leaves.slice(0, k)), naive.root(leaves.slice(k)));
  },
  path(m: number, leaves: readonly Hash[]): readonly Hash[] {
    if (leaves.length <= 1) return [];
    const k = naive.split(leaves.length);
    return m < k
      ? [...naive.path(m, leaves.slice(0, k)), naive.root(leaves.slice(k))]
      : [...naive.path(m - k, leaves.slice(k)), naive.root(leaves.slice(0, k))];
  },
  subproof(m: number, leaves: readonly Hash[], whole: boolean): readonly Hash[] {
    if (m === leaves.length) return whole ? [] : [naive.root(leaves)];
    const k = naive.split(leaves.length);
    return m <= k
      ? [...naive.subproof(m, leaves.slice(0, k), whole), naive.root(leaves.slice(k))]
      : [...naive.subproof(m - k, leaves.slice(k), false), naive.root(leaves.slice(0, k))];
  },
  split: (size: number): number => 2 ** (Math.ceil(Math.log2(size)) - 1),
};

const leavesOf = (size: number): Hash[] => Array.from({ length: size }, (_, index) => leafHash(`leaf ${index}`));
const grown = (leaves: readonly Hash[]): Frontier =>
  leaves.reduce<Frontier>((tree, leaf) => withLeaf(tree, leaf).tree, emptyFrontier);
const sizes = fc.oneof(fc.integer({ min: 0, max: 130 }), fc.constantFrom(0, 1, 127, 128, 129, 255, 256, 257, 511, 513));
const hex = (hashes: readonly Hash[]): string[] => hashes.map((hash) => hash.toString('hex'));

describe('the tree', () => {
  it('J1: gives the roots that Certificate Transparency’s own test data give', () => {
    const inputs = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
    const leaves = inputs.map((input) => leafHash(Buffer.from(input, 'hex')));
    const roots = inputs.map((_, index) => rootOf(grown(leaves.slice(0, index + 1))).toString('hex'));
    expect(roots).toEqual([
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
      'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
      'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
      '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
      '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
      'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
      '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
    ]);
    expect(rootOf(emptyFrontier).toString('hex')).toBe(
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    );
  });

  it('J1: has the root of the plain definition at every size', () => {
    fc.assert(
      fc.property(sizes, (size) => {
        const leaves = leavesOf(size);
        const tree = grown(leaves);
        expect(rootOf(tree).equals(naive.root(leaves))).toBe(true);
        expect(tree.roots).toHaveLength(onesIn(size));
      }),
      { numRuns: 60 },
    );
  });

  it('names every subtree that a leaf makes full', () => {
    const leaves = leavesOf(64);
    let tree: Frontier = emptyFrontier;
    for (const leaf of leaves) {
      const step = withLeaf(tree, leaf);
      ({ tree } = step);
      for (const { level, index, hash } of step.filled) {
        const width = 2 ** level;
        expect((index + 1) * width).toBe(tree.size);
        expect(hash.equals(naive.root(leaves.slice(index * width, (index + 1) * width)))).toBe(true);
      }
    }
  });
});

describe('proofs', () => {
  const subtreesOf = (leaves: readonly Hash[]) => async (level: number, index: number) =>
    naive.root(leaves.slice(index * 2 ** level, (index + 1) * 2 ** level));

  it('J1: are those of the plain definition, for any entry and any two sizes', async () => {
    const cases = fc.tuple(fc.integer({ min: 1, max: 140 }), fc.nat(), fc.nat());
    await fc.assert(
      fc.asyncProperty(cases, async ([size, one, two]) => {
        const leaves = leavesOf(size);
        const index = one % size;
        expect(hex(await inclusionPath(index, size, subtreesOf(leaves)))).toEqual(hex(naive.path(index, leaves)));
        const first = 1 + (two % size);
        expect(hex(await consistencyPath(first, size, subtreesOf(leaves)))).toEqual(
          hex(naive.subproof(first, leaves, true)),
        );
      }),
      { numRuns: 80 },
    );
  });

  it('are refused for what is not in the tree', async () => {
    const subtrees = subtreesOf(leavesOf(4));
    for (const [index, size] of [
      [4, 4],
      [-1, 4],
      [0.5, 4],
      [0, 0],
      [Number.NaN, 4],
    ] as const) {
      await expect(inclusionPath(index, size, subtrees)).rejects.toThrow(RangeError);
    }
    await expect(consistencyPath(5, 4, subtrees)).rejects.toThrow(RangeError);
    await expect(consistencyPath(-1, 4, subtrees)).rejects.toThrow(RangeError);
  });
});
