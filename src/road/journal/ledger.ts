import { isoTime } from '../../contract/clock.ts';
import type { StoredRecord, Transaction } from '../../contract/store.ts';
import { type Entry, type EntryDraft, entryKinds, type EntryPlace } from '../../model/entry.ts';
import { canonicalJson, frozen } from '../../model/json.ts';
import { JournalFault } from './fault.ts';
import type { CheckpointSigner } from './note.ts';
import type { SubtreeHash } from './proofs.ts';
import { emptyFrontier, type Frontier, type Hash, leafHash, nodeHash, onesIn, rootOf, withLeaf } from './tree.ts';

/** What both a transaction and the store itself can be read by. */
export type Readable = Pick<Transaction, 'get' | 'find'>;

/** The setting that holds the right edge of the tree and the clock's high-water mark. */
const stateKey = 'journal.tree';
/** Roots of full subtrees of 2^8, 2^16, … leaves are kept, so that a proof over a million entries reads a few hundred. */
const keptLevels = 8;
/** A journal line is evidence, not storage: what is larger (characters of canonical JSON) belongs elsewhere. */
const longestEntry = 16 * 1024 * 1024;

/** How far the journal has come. Read and written in the same transaction as the entries it counts. */
export interface LedgerState {
  readonly tree: Frontier;
  /** Time of the newest entry, ms since the epoch. No later entry has an earlier one. */
  readonly at: number;
  /** The clock stands before `at`, and a `clock` entry has said so. */
  readonly behind: boolean;
}

/** Key of an entry, or of the checkpoint over so many entries. */
export function placeKey(index: number): string {
  return String(index).padStart(12, '0');
}

/** Throws `JournalFault` (`malformed`) for what could not become an entry. */
export function checkDraft(draft: EntryDraft): void {
  if (!entryKinds.includes(draft.kind)) throw new JournalFault('malformed', `\`${draft.kind}\` is not a kind of entry`);
  entryText(draft, 0, 0);
}

/**
 * Adds an entry, and before it a `clock` entry when the clock has stepped back since the newest one: time in the
 * journal never runs back, and the step is told once.
 */
export async function appendEntry(
  tx: Transaction,
  now: number,
  draft: EntryDraft,
  signer: CheckpointSigner,
): Promise<EntryPlace> {
  const state = await readState(tx);
  const behind = now < state.at;
  const at = Math.max(now, state.at);
  let tree = state.tree;
  if (behind && !state.behind) {
    const step: EntryDraft = { kind: 'clock', body: { step: 'back', clock: isoTime(now), kept: isoTime(at) } };
    tree = await place(tx, tree, at, step);
  }
  const index = tree.size;
  tree = await place(tx, tree, at, draft);
  await tx.put('settings', stateKey, stateRecord({ tree, at, behind }, signer));
  return { index, at: isoTime(at) };
}

/**
 * Signs the tree as it stands in this transaction and answers with its size; undefined when that was done before. A
 * checkpoint whose commit fails goes with it: nothing but committed ones is ever shown to anybody.
 */
export async function seal(tx: Transaction, signer: CheckpointSigner): Promise<number | undefined> {
  const { tree } = await readState(tx);
  if (tree.size === 0 || (await tx.get('checkpoints', placeKey(tree.size))) !== undefined) return undefined;
  await tx.insert('checkpoints', placeKey(tree.size), { note: signer.sign(tree.size, rootOf(tree)) });
  return tree.size;
}

/**
 * Throws `JournalFault` (`damaged`) unless tree, entries and last checkpoint fit together and the key is the same. After
 * a crash the last entries may not be under a checkpoint yet: then the state has to be vouched for, so that nobody who
 * lacks the key can have what they wrote in its place signed now.
 */
export async function checkIntact(store: Readable, signer: CheckpointSigner): Promise<LedgerState> {
  const record = await store.get('settings', stateKey);
  const state = stateIn(record);
  const newest = (await store.find('entries', { order: 'descending', limit: 1 }))[0];
  const { size } = state.tree;
  if (newest?.key !== (size === 0 ? undefined : placeKey(size - 1))) {
    throw new JournalFault('damaged', 'the journal’s entries do not fit its tree; verify an export of it');
  }
  if (newest === undefined) return state;
  const checkpoint = await checkpointAt(store, size);
  const signed =
    checkpoint === undefined
      ? leftUnsigned(entryIn(newest.record)) && record?.['vouched'] === stateRecord(state, signer)['vouched']
      : // Ed25519 signs the same text always the same, so one comparison proves root, origin and key.
        checkpoint === signer.sign(size, rootOf(state.tree));
  if (!signed) {
    throw new JournalFault(
      'damaged',
      'the journal’s last checkpoint does not fit its entries or this key; verify an export of it',
    );
  }
  return state;
}

/** An act waits for its intent to be durable; its checkpoint is signed with the next commit, or soon after by itself. */
export function leftUnsigned({ kind }: Pick<Entry, 'kind'>): boolean {
  return kind === 'intent';
}

export async function readState(source: Readable): Promise<LedgerState> {
  return stateIn(await source.get('settings', stateKey));
}

function stateIn(record: StoredRecord | undefined): LedgerState {
  if (record === undefined) return { tree: emptyFrontier, at: 0, behind: false };
  const { size, roots, at, behind } = record;
  if (!isCount(size) || !isCount(at) || typeof behind !== 'boolean' || !Array.isArray(roots)) throw damagedState();
  const hashes = roots.map((text: unknown) => hashFrom(text));
  if (hashes.length !== onesIn(size)) throw damagedState();
  return { tree: { size, roots: hashes }, at, behind };
}

export async function entryAt(source: Readable, index: number): Promise<Entry | undefined> {
  if (!isCount(index)) return undefined;
  const record = await source.get('entries', placeKey(index));
  return record === undefined ? undefined : entryIn(record);
}

/** The entry of a stored record. */
export function entryIn(record: StoredRecord): Entry {
  const { entry } = record;
  if (typeof entry !== 'object' || entry === null) throw new JournalFault('damaged', 'a stored entry cannot be read');
  return frozen(entry as unknown as Entry);
}

export async function checkpointAt(source: Readable, size: number): Promise<string | undefined> {
  const note = (await source.get('checkpoints', placeKey(size)))?.['note'];
  return typeof note === 'string' ? note : undefined;
}

/** Reads the hashes of full subtrees from what is stored. */
export function storedSubtrees(source: Readable): SubtreeHash {
  const hashOf: SubtreeHash = async (level, index) => {
    if (level === 0) return hashFrom((await source.get('entries', placeKey(index)))?.['leaf']);
    if (level % keptLevels === 0) return hashFrom((await source.get('settings', nodeKey(level, index)))?.['hash']);
    // Without kept roots in between, the joins of at most seven levels are made again.
    return nodeHash(await hashOf(level - 1, index * 2), await hashOf(level - 1, index * 2 + 1));
  };
  return hashOf;
}

/** Adds one entry to the tree; gives the tree that it leaves. */
async function place(tx: Transaction, before: Frontier, at: number, draft: EntryDraft): Promise<Frontier> {
  const text = entryText(draft, before.size, at);
  const leaf = leafHash(text);
  const { tree, filled } = withLeaf(before, leaf);
  await tx.insertText('entries', placeKey(before.size), `{"entry":${text},"leaf":"${leaf.toString('hex')}"}`);
  for (const { level, index, hash } of filled) {
    if (level % keptLevels === 0) await tx.insert('settings', nodeKey(level, index), { hash: hash.toString('hex') });
  }
  return tree;
}

/** Names every member, so that nothing a caller adds can stand in for the journal's own. */
function entryText(draft: EntryDraft, index: number, at: number): string {
  const { kind, principal, token, gate, digest, hold, body } = draft;
  const entry = {
    schema: 'holdpoint/entry/v1',
    index,
    at: isoTime(at),
    kind,
    principal,
    token,
    gate,
    digest,
    hold,
    body,
  };
  let text: string;
  try {
    text = canonicalJson(entry);
  } catch (cause) {
    throw new JournalFault('malformed', 'an entry has no exact JSON form', { cause });
  }
  if (text.length > longestEntry) throw new JournalFault('malformed', 'an entry is larger than 16 MiB');
  return text;
}

function stateRecord({ tree, at, behind }: LedgerState, signer: CheckpointSigner): StoredRecord {
  const state = { size: tree.size, roots: tree.roots.map((root) => root.toString('hex')), at, behind };
  return { ...state, vouched: signer.vouch(canonicalJson(state)) };
}

function nodeKey(level: number, index: number): string {
  return `journal.node.${level}.${index}`;
}

function hashFrom(value: unknown): Hash {
  if (typeof value !== 'string' || !/^[0-9a-f]{64}$/.test(value)) {
    throw new JournalFault('damaged', 'a stored hash of the journal cannot be read; verify an export of it');
  }
  return Buffer.from(value, 'hex');
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function damagedState(): JournalFault {
  return new JournalFault('damaged', 'the journal’s tree cannot be read; verify an export of it');
}
