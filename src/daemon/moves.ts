import { z } from 'zod';
import type { MovedBack, VaultEntry } from '../contract/api.ts';
import { type Clock, isoTime } from '../contract/clock.ts';
import type { StoredRecord } from '../contract/store.ts';
import { canonicalJson } from '../model/json.ts';
import type { Vault } from '../upstream/vault/vault.ts';

const digest = z.string().regex(/^[0-9a-f]{64}$/);

/** How a credential is taken out of a file; signed with the credential that goes into the vault. */
export const moveSchema = z.strictObject({
  id: z.string().regex(/^fd_[0-9a-f]{12}$/),
  path: z.string().startsWith('/').max(4_096),
  /** Byte offset of what is replaced, and of the reference that takes its place. */
  start: z.number().int().min(0),
  /** Quotes around the credential that go with it. */
  lead: z.string().max(4),
  trail: z.string().max(4),
  reference: z.string().max(200),
  before: digest,
  after: digest,
});

export type MoveRecord = StoredRecord & { readonly sealed: string; readonly id: string };

const sealedSchema = moveSchema.extend({ entry: z.string(), at: z.string() });

/** The undo record of a move, sealed: whoever edits the store can't have a credential written somewhere else. */
export function recordOf(
  move: z.infer<typeof moveSchema>,
  entry: VaultEntry,
  vault: Pick<Vault, 'seal'>,
  clock: Clock,
): MoveRecord {
  const text = canonicalJson({ ...move, entry: entry.name, at: isoTime(clock.now()) });
  return { id: move.id, sealed: vault.seal(Buffer.from(text), aboutOf(move.id)) };
}

/** A move, whole. Throws `VaultFault` (`damaged`). */
export function moveIn(record: MoveRecord, vault: Pick<Vault, 'unseal'>): Omit<MovedBack, 'secret'> {
  const text = Buffer.from(vault.unseal(record.sealed, aboutOf(record.id))).toString('utf8');
  return sealedSchema.parse(JSON.parse(text));
}

function aboutOf(id: string): string {
  return canonicalJson(['holdpoint/move/v1', id]);
}
