import type { Entry } from '../../model/entry.ts';
import { canonicalText } from './canonical.ts';
import { hashLeaf, provesConsistency, provesInclusion } from './merkle.ts';
import { type Checkpoint, exactBase64, openCheckpoint, parseVerifierKey } from './note.ts';

/** Whether an entry is proved to stand under a checkpoint. Hashes in base64. Never throws; anything unclear is false. */
export function verifyInclusion(proof: {
  readonly entry: Entry;
  readonly path: readonly string[];
  readonly checkpoint: string;
  readonly publicKey: string;
}): boolean {
  try {
    const head = headOf(proof.checkpoint, proof.publicKey);
    const path = hashesIn(proof.path);
    if (head === undefined || path === undefined) return false;
    return provesInclusion(hashLeaf(canonicalText(proof.entry)), proof.entry.index, head.size, path, head.root);
  } catch {
    return false;
  }
}

/** Whether a later checkpoint is proved to extend an earlier one. Hashes in base64. Never throws; anything unclear is false. */
export function verifyConsistency(proof: {
  readonly earlier: string;
  readonly later: string;
  readonly path: readonly string[];
  readonly publicKey: string;
}): boolean {
  try {
    const first = headOf(proof.earlier, proof.publicKey);
    const second = headOf(proof.later, proof.publicKey);
    const path = hashesIn(proof.path);
    if (first === undefined || second === undefined || path === undefined) return false;
    return provesConsistency(first.size, first.root, second.size, second.root, path);
  } catch {
    return false;
  }
}

function headOf(checkpoint: string, publicKey: string): Checkpoint | undefined {
  const key = parseVerifierKey(publicKey);
  return key === undefined ? undefined : openCheckpoint(checkpoint, key);
}

function hashesIn(path: readonly string[]): readonly Buffer[] | undefined {
  const hashes = path.map(exactBase64);
  return hashes.every((hash) => hash !== undefined) ? hashes : undefined;
}
