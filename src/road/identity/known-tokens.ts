import { readKeptToken, type KeptToken } from './token-record.ts';
import type { Store, Transaction } from '../../contract/store.ts';
import { refuse } from '../../model/refusal.ts';

/** Where the store counts revocations, so that another process sees that its memory is old. */
const settingsKey = 'tokens';
/** How old (ms) the last look at that count may be. Half of the second within which a revocation acts everywhere. */
const believedMs = 500;

/** Tokens in memory. A revocation in this process acts at once, one in another within a second. */
export class KnownTokens {
  readonly #store: Store;
  readonly #monotonic: () => number;
  readonly #kept = new Map<string, KeptToken>();
  readonly #revoked = new Set<string>();
  #generation: number | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | undefined;

  constructor(store: Store, monotonic: () => number) {
    this.#store = store;
    this.#monotonic = monotonic;
  }

  /** The token under this id as the store has it, or had it within the last half second. Throws when it cannot know. */
  async get(id: string): Promise<KeptToken | undefined> {
    if (this.#monotonic() - this.#lookedAt >= believedMs) {
      this.#looking ??= this.#look().finally(() => {
        this.#looking = undefined;
      });
      await this.#looking;
    }
    const known = this.#kept.get(id);
    if (known !== undefined) return known;
    const generation = this.#generation;
    const token = readKeptToken(await unlessDown(() => this.#store.get('tokens', id)));
    // What was read while somebody revoked something is not remembered.
    if (token?.record.id === id && generation === this.#generation) this.#kept.set(id, token);
    return token?.record.id === id ? token : undefined;
  }

  /** Whether this process revoked it, committed or not. */
  isRevoked(id: string): boolean {
    return this.#revoked.has(id);
  }

  /** Forgets the token now, and tells the other processes when the transaction is durable. */
  async revoke(tx: Transaction, id: string): Promise<void> {
    this.#revoked.add(id);
    this.#kept.delete(id);
    const generation = generationIn(await tx.get('settings', settingsKey));
    await tx.put('settings', settingsKey, { generation: generation + 1 });
  }

  async #look(): Promise<void> {
    const at = this.#monotonic();
    const generation = generationIn(await unlessDown(() => this.#store.get('settings', settingsKey)));
    if (generation !== this.#generation) this.#kept.clear();
    this.#generation = generation;
    this.#lookedAt = at;
  }
}

function generationIn(stored: { readonly [member: string]: unknown } | undefined): number {
  const generation = stored?.['generation'];
  return typeof generation === 'number' ? generation : 0;
}

async function unlessDown<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    throw refuse(
      'UNAVAILABLE',
      'holdpoint could not look the token up, so nothing was done',
      'try again; if it stays so, tell the person you work for',
      { reasons: [cause instanceof Error ? cause.name : 'store'] },
    );
  }
}
