import { describe, expect, it } from 'vitest';
import { GrowingTree, provesConsistency, provesInclusion } from '../../src/features/verify/merkle.ts';
import { verifyConsistency, verifyInclusion } from '../../src/features/verify/proof.ts';
import { checkpointAt } from '../../src/road/journal/ledger.ts';
import { JournalPlace } from './journal-place.ts';
import { Dice } from './journal-dice.ts';

const entries = 700;

/** A journal of 700 entries: past two full subtrees of 256, whose roots are kept, and into a third. */
async function filled() {
  const place = await JournalPlace.make();
  const { store, journal } = await place.open();
  const dice = new Dice(1);
  for (let size = 1; size < entries;) {
    const more = Math.min(dice.below(9) + 1, entries - size);
    await Promise.all(
      Array.from({ length: more }, (_, at) => journal.record({ kind: 'refused', body: { number: size + at } })),
    );
    size += more;
  }
  const found = await store.find('entries');
  const leaves = found.map(({ record }) => Buffer.from(record['leaf'] as string, 'hex'));
  const roots = [new GrowingTree().root()];
  const tree = new GrowingTree();
  for (const leaf of leaves) {
    tree.add(leaf);
    roots.push(tree.root());
  }
  return { place, store, journal, leaves, roots };
}

const bytes = (path: readonly string[]): Buffer[] => path.map((hash) => Buffer.from(hash, 'base64'));
const at = <T>(list: readonly T[], index: number): T => {
  const found = list[index];
  if (found === undefined) throw new RangeError(`nothing at ${index}`);
  return found;
};

/** Every small way of spoiling a path. */
function* spoilt(path: readonly Buffer[]): Generator<Buffer[]> {
  for (let index = 0; index < path.length; index++) {
    for (const bit of [0, 131, 255]) {
      const flipped = Buffer.from(at(path, index));
      flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      yield path.toSpliced(index, 1, flipped);
    }
    yield path.toSpliced(index, 1);
    yield path.toSpliced(index, 0, at(path, index));
    yield path.toSpliced(index, 1, at(path, index).subarray(0, 31));
    if (index > 0) yield path.toSpliced(index - 1, 2, at(path, index), at(path, index - 1));
  }
  yield [...path, Buffer.alloc(32)];
  yield [Buffer.alloc(32), ...path];
  if (path.length > 0) yield [];
}

describe('the journal’s proofs, before the independent verifier', () => {
  it('J1: hold for any entry and any two sizes, and no spoilt one holds', async () => {
    const { place, store, journal, leaves, roots } = await filled();
    const dice = new Dice(2);
    let refused = 0;
    for (let round = 0; round < 60; round++) {
      const size = dice.below(entries) + 1;
      const index = dice.below(size);
      const path = bytes(await journal.inclusionProof(index, size));
      expect(provesInclusion(at(leaves, index), index, size, path, at(roots, size))).toBe(true);
      for (const bad of spoilt(path)) {
        expect(provesInclusion(at(leaves, index), index, size, bad, at(roots, size))).toBe(false);
        refused += 1;
      }
      for (const other of [index - 1, index + 1, size, -1, 0.5, Number.NaN]) {
        expect(provesInclusion(at(leaves, index), other, size, path, at(roots, size))).toBe(false);
      }
      expect(provesInclusion(at(leaves, (index + 1) % entries), index, size, path, at(roots, size))).toBe(false);
      const first = dice.below(size) + 1;
      const growth = bytes(await journal.consistencyProof(first, size));
      expect(provesConsistency(first, at(roots, first), size, at(roots, size), growth)).toBe(true);
      for (const bad of spoilt(growth)) {
        expect(provesConsistency(first, at(roots, first), size, at(roots, size), bad)).toBe(false);
        refused += 1;
      }
      expect(provesConsistency(first, at(roots, first - 1), size, at(roots, size), growth)).toBe(false);
      expect(provesConsistency(first, at(roots, first), size, at(roots, size - 1), growth)).toBe(false);
      expect(provesConsistency(size + 1, at(roots, first), size, at(roots, size), growth)).toBe(false);
    }
    expect(refused).toBeGreaterThan(1000);
    await journal.close();
    await store.close();
    await place[Symbol.asyncDispose]();
  });

  it('J1: hold with signed checkpoints, and with no other entry, checkpoint or key', async () => {
    const { place, store, journal } = await filled();
    const publicKey = journal.verifierKey;
    const later = await journal.latestCheckpoint();
    const sizes = (await store.find('checkpoints', { limit: 50 })).map(({ key }) => Number(key));
    const first = at(sizes, 20);
    const earlier = (await checkpointAt(store, first)) ?? '';
    const path = await journal.consistencyProof(first);
    expect(verifyConsistency({ earlier, later, path, publicKey })).toBe(true);
    const another = (await checkpointAt(store, at(sizes, 21))) ?? '';
    expect(verifyConsistency({ earlier: another, later, path, publicKey })).toBe(false);
    expect(verifyConsistency({ earlier: later, later: earlier, path, publicKey })).toBe(false);
    expect(verifyConsistency({ earlier, later, path: path.map((hash) => hash.replace('=', '')), publicKey })).toBe(
      false,
    );
    const entry = await journal.entry(300);
    if (entry === undefined) throw new Error('entry 300 is not there');
    const proof = { entry, path: await journal.inclusionProof(300), checkpoint: later, publicKey };
    expect(verifyInclusion(proof)).toBe(true);
    expect(verifyInclusion({ ...proof, entry: { ...entry, body: {} } })).toBe(false);
    expect(verifyInclusion({ ...proof, entry: { ...entry, index: 301 } })).toBe(false);
    expect(verifyInclusion({ ...proof, checkpoint: earlier })).toBe(false);
    await using other = await JournalPlace.make();
    const stranger = await other.open();
    expect(verifyInclusion({ ...proof, publicKey: stranger.journal.verifierKey })).toBe(false);
    expect(verifyInclusion({ ...proof, checkpoint: '', publicKey: '' })).toBe(false);
    await expect(journal.inclusionProof(0, entries + 1)).rejects.toThrow(RangeError);
    await stranger.store.close();
    await journal.close();
    await store.close();
    await place[Symbol.asyncDispose]();
  });
});
