import type { AfterCommit, Store, Transaction } from '../../contract/store.ts';
import type { EntryDraft } from '../../model/entry.ts';
import { checkpointAt, leftUnsigned, readState, seal } from './ledger.ts';
import type { CheckpointSigner } from './note.ts';

/** An intent that no other entry follows is under a signed checkpoint after so long (ms). */
const longestUnsigned = 100;

export interface SealingOptions {
  readonly store: Store;
  readonly signer: CheckpointSigner;
  /** Told when entries, or a checkpoint over them, were committed. */
  readonly committed: () => void;
  /** Told why a checkpoint that was due by itself, or what somebody appended, could not be written. */
  readonly failed: (cause: unknown) => void;
}

/**
 * When checkpoints are signed: with the commit of their entries, except that nobody who waits to act waits for a
 * signature. A commit of intents alone is vouched for (`CheckpointSigner.vouch`) and signed with the next commit, as a
 * rule their settling, or a little later by itself; and always before a checkpoint or an export is shown to anybody.
 */
export class Sealing {
  readonly #options: SealingOptions;
  /** Since the last commit was about to happen; what was rolled back meanwhile counts too, and costs nothing but a look. */
  #appended: 'nothing' | 'intents' | 'others' = 'nothing';
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: SealingOptions) {
    this.#options = options;
  }

  /** Somebody appends to the coming commit. */
  appending(draft: EntryDraft): void {
    if (!leftUnsigned(draft)) this.#appended = 'others';
    else if (this.#appended === 'nothing') this.#appended = 'intents';
  }

  /** In the transaction that is about to be committed. */
  async beforeCommit(tx: Transaction): Promise<AfterCommit | undefined> {
    const appended = this.#appended;
    if (appended === 'nothing') return undefined;
    this.#appended = 'nothing';
    if (appended === 'others') await seal(tx, this.#options.signer);
    else if (!this.#closed) this.#timer ??= setTimeout(() => this.#due(), longestUnsigned);
    return this.#afterCommit;
  }

  readonly #afterCommit: AfterCommit = (durable) => {
    const { committed, failed } = this.#options;
    if (durable) committed();
    else failed(new Error('a transaction with journal entries was not committed'));
  };

  /** Signs what is not signed yet; resolves with the size of a durable checkpoint over all that was durable before. */
  async now(): Promise<number> {
    const { store, signer, committed } = this.#options;
    const { size } = (await readState(store)).tree;
    if ((await checkpointAt(store, size)) !== undefined) return size;
    const sealed = await store.transact(async (tx) => {
      await seal(tx, signer);
      return (await readState(tx)).tree.size;
    });
    committed();
    return sealed;
  }

  /** Nothing is signed by itself any more. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #due(): void {
    this.#timer = undefined;
    this.now().catch((cause: unknown) => this.#options.failed(cause));
  }
}
