import type { KeyObject } from 'node:crypto';
import { type Clock, isoTime } from '../../contract/clock.ts';
import type { JournalWriter, ReadNote } from '../../contract/journal.ts';
import type { Store, Transaction } from '../../contract/store.ts';
import type { Entry, EntryDraft, EntryKind, EntryPlace } from '../../model/entry.ts';
import { Courier } from './courier.ts';
import { JournalFault } from './fault.ts';
import { type EntryListener, Feed } from './feed.ts';
import {
  appendEntry,
  checkDraft,
  checkIntact,
  checkpointAt,
  entryAt,
  entryIn,
  placeKey,
  readState,
  storedSubtrees,
} from './ledger.ts';
import { type CheckpointSigner, checkpointSigner } from './note.ts';
import { consistencyPath, inclusionPath } from './proofs.ts';
import { Outage } from './outage.ts';
import { Sealing } from './sealing.ts';
import { exportJournal } from './export.ts';
import { ReadBatches } from './read-batches.ts';
import type { Witness } from './witness.ts';

/** How long (ms) after a failed write the next is tried. */
const retryAfter = 250;

/** Kinds by which the journal tells of its own life. A caller's would hide a crash or make one up. */
const ownKinds: readonly EntryKind[] = ['started', 'stopped', 'gap'];

export interface JournalOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** The private Ed25519 key that signs checkpoints. The same for the life of a journal. */
  readonly key: KeyObject;
  /** The journal's identity, `holdpoint/<installation id>`. */
  readonly origin: string;
  /** Told what a listener threw. */
  readonly report?: (thrown: unknown) => void;
}

export interface EntryQuery {
  readonly kind?: EntryKind;
  readonly hold?: string;
  readonly principal?: string;
  readonly digest?: string;
  /** Only entries past this index, in the order asked for. */
  readonly after?: number;
  readonly limit?: number;
  readonly order?: 'ascending' | 'descending';
}

/** The evidence: what was asked, judged, signed, done and refused, in the order in which it became durable. */
export interface Journal extends JournalWriter {
  readonly origin: string;
  /** The checkpoint key's public half, `<name>+<key id>+<base64>`; a verifier has to get it from a human, not from the journal. */
  readonly verifierKey: string;
  /** The newest durable checkpoint: a C2SP signed note. */
  latestCheckpoint(): Promise<string>;
  /** How many entries are durable. */
  size(): Promise<number>;
  entry(index: number): Promise<Entry | undefined>;
  find(query: EntryQuery): Promise<readonly Entry[]>;
  /** RFC 6962 §2.1.1: hashes in base64, nearest sibling first. `size` is the newest by default. Throws RangeError. */
  inclusionProof(index: number, size?: number): Promise<readonly string[]>;
  /** RFC 6962 §2.1.2: hashes in base64. `second` is the newest size by default. Throws RangeError. */
  consistencyProof(first: number, second?: number): Promise<readonly string[]>;
  /** Calls the listener for every entry that became durable since; answers with what ends that. */
  subscribe(listener: EntryListener): () => void;
  /** Brings new checkpoints to a witness, at most one a second, beginning with the newest. */
  addWitness(witness: Witness): Promise<void>;
  /** Lines of the whole journal, as far as it had come when this began; see `exportJournal`. */
  export(): AsyncGenerator<string>;
  /** Writes pending reads and `stopped`. Afterwards nothing is taken any more. */
  close(): Promise<void>;
}

/**
 * Opens the journal of a store and writes `started`; before it, when the last run did not end in order, a `gap` entry
 * that says which reads may be missing. Rejects with `JournalFault` (`damaged`) when what is stored does not fit
 * together, or was signed with another key.
 */
export async function openJournal(options: JournalOptions): Promise<Journal> {
  const signer = checkpointSigner(options.origin, options.key);
  const { tree } = await checkIntact(options.store, signer);
  const journal = new StoredJournal(options, signer, tree.size);
  await journal.start();
  return journal;
}

class StoredJournal implements Journal {
  readonly origin: string;
  readonly verifierKey: string;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #feed: Feed;
  readonly #reads: ReadBatches;
  readonly #sealing: Sealing;
  readonly #signer: CheckpointSigner;
  readonly #outage = new Outage();
  readonly #couriers: Courier[] = [];
  /** Appends inside one transaction, one after the other: each builds on the tree that the last one left. */
  readonly #appending = new WeakMap<Transaction, Promise<unknown>>();
  #retryTimer: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;

  constructor({ store, clock, report = () => undefined }: JournalOptions, signer: CheckpointSigner, size: number) {
    this.origin = signer.origin;
    this.verifierKey = signer.verifierKey;
    this.#store = store;
    this.#clock = clock;
    this.#feed = new Feed({ store, from: size, report, lost: (cause) => this.#failed(cause) });
    this.#reads = new ReadBatches({
      write: (drafts) => this.#write(drafts),
      failed: (cause) => this.#failed(cause),
      now: () => this.#now(),
    });
    this.#signer = signer;
    this.#sealing = new Sealing({
      store,
      signer,
      committed: () => this.#feed.committed(),
      failed: (cause) => this.#failed(cause),
    });
    store.beforeCommit((tx) => this.#sealing.beforeCommit(tx));
  }

  async start(): Promise<void> {
    const size = await this.size();
    const last = size === 0 ? undefined : await this.entry(size - 1);
    const started: EntryDraft = { kind: 'started', body: { origin: this.origin, key: this.verifierKey } };
    await this.#write(last === undefined || last.kind === 'stopped' ? [started] : [gapAfter(last), started]);
    await this.#feed.idle();
  }

  get healthy(): boolean {
    return !this.#outage.lasts && this.#closing === undefined;
  }

  async append(tx: Transaction, draft: EntryDraft): Promise<EntryPlace> {
    this.#check(draft);
    return this.#append(tx, draft);
  }

  async record(draft: EntryDraft): Promise<EntryPlace> {
    this.#check(draft);
    checkDraft(draft);
    const [entry] = await this.#write([draft]);
    if (entry === undefined) throw new JournalFault('down', 'the entry was not written');
    return entry;
  }

  noteRead(note: ReadNote): void {
    this.#checkOpen();
    if (this.#outage.lasts) throw new JournalFault('down', 'the journal cannot be written, so nothing is read');
    this.#reads.add(note);
  }

  async latestCheckpoint(): Promise<string> {
    const checkpoint = await checkpointAt(this.#store, await this.#sealing.now());
    if (checkpoint === undefined) throw new JournalFault('damaged', 'the newest checkpoint is not there');
    return checkpoint;
  }

  async *export(): AsyncGenerator<string> {
    yield* exportJournal(this.#store, await this.#sealing.now());
  }

  entry(index: number): Promise<Entry | undefined> {
    return entryAt(this.#store, index);
  }

  async find({ after, limit, order = 'ascending', ...members }: EntryQuery): Promise<readonly Entry[]> {
    const where = Object.fromEntries(
      Object.entries(members).flatMap(([name, value]) => (value === undefined ? [] : [[`entry.${name}`, value]])),
    );
    const found = await this.#store.find('entries', {
      where,
      order,
      ...(after === undefined ? {} : { after: placeKey(after) }),
      ...(limit === undefined ? {} : { limit }),
    });
    return found.map(({ record }) => entryIn(record));
  }

  async inclusionProof(index: number, size?: number): Promise<readonly string[]> {
    const path = await inclusionPath(index, await this.#sizeUpTo(size), storedSubtrees(this.#store));
    return path.map((hash) => hash.toString('base64'));
  }

  async consistencyProof(first: number, second?: number): Promise<readonly string[]> {
    const path = await consistencyPath(first, await this.#sizeUpTo(second), storedSubtrees(this.#store));
    return path.map((hash) => hash.toString('base64'));
  }

  subscribe(listener: EntryListener): () => void {
    return this.#feed.onEntry(listener);
  }

  async addWitness(witness: Witness): Promise<void> {
    this.#checkOpen();
    const courier = new Courier(witness, (name, reason) => void this.#alarm(name, reason));
    this.#couriers.push(courier);
    this.#feed.onCheckpoint((checkpoint) => courier.bring(checkpoint));
    courier.bring(await this.latestCheckpoint());
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    clearTimeout(this.#retryTimer);
    try {
      await this.#write([...(await this.#reads.rest()), { kind: 'stopped', body: {} }]);
    } finally {
      this.#sealing.close();
      await this.#feed.idle();
      await Promise.all(this.#couriers.map((courier) => courier.close()));
    }
  }

  /** Appends in a transaction of its own, and first of all tells of an outage that this write ends. */
  async #write(drafts: readonly EntryDraft[]): Promise<readonly EntryPlace[]> {
    const outage = this.#outage.tell();
    if (outage === undefined && drafts.length === 0) return [];
    try {
      const written = await this.#store.transact(async (tx) => {
        if (outage !== undefined) await this.#append(tx, outage);
        const entries: EntryPlace[] = [];
        for (const draft of drafts) entries.push(await this.#append(tx, draft));
        return entries;
      });
      if (outage !== undefined) this.#outage.told(true);
      return written;
    } catch (thrown) {
      if (outage !== undefined) this.#outage.told(false);
      this.#failed(thrown);
      throw thrown;
    }
  }

  #append(tx: Transaction, draft: EntryDraft): Promise<EntryPlace> {
    const before = this.#appending.get(tx) ?? Promise.resolve();
    const appended = before.then(() => {
      this.#sealing.appending(draft);
      return appendEntry(tx, this.#now(), draft, this.#signer);
    });
    const settled = appended.catch((thrown: unknown) => {
      // A draft that is no entry says nothing about the store; whatever else went wrong does.
      if (!(thrown instanceof JournalFault && thrown.code === 'malformed')) this.#failed(thrown);
    });
    this.#appending.set(tx, settled);
    return appended;
  }

  #failed(thrown: unknown): void {
    const now = this.#clock.now();
    this.#outage.begin(isTime(now) ? isoTime(now) : 'unknown', thrown);
    if (this.#closing !== undefined) return;
    this.#retryTimer ??= setTimeout(() => {
      this.#retryTimer = undefined;
      this.#reads.flush();
    }, retryAfter);
  }

  async #alarm(witness: string, reason: string): Promise<void> {
    if (this.#closing !== undefined) return;
    const body = { about: 'witness', witness, reason: reason.slice(0, 500).toWellFormed() };
    // A failure to write it is seen in `healthy`, like that of every other entry.
    await this.#write([{ kind: 'alarmed', body }]).catch(() => undefined);
  }

  #check(draft: EntryDraft): void {
    this.#checkOpen();
    if (ownKinds.includes(draft.kind))
      throw new JournalFault('malformed', `only the journal itself writes \`${draft.kind}\``);
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new JournalFault('closed', 'the journal is closed');
  }

  /** Whole milliseconds; throws when the clock says no time that could be written. */
  #now(): number {
    const now = Math.floor(this.#clock.now());
    if (!isTime(now)) throw new JournalFault('down', 'the clock gives no time');
    return now;
  }

  async size(): Promise<number> {
    return (await readState(this.#store)).tree.size;
  }

  /** A tree size to prove against: the newest by default, and never beyond it. */
  async #sizeUpTo(size: number | undefined): Promise<number> {
    const newest = await this.size();
    if (size !== undefined && size > newest) throw new RangeError(`the journal has ${newest} entries, not \`${size}\``);
    return size ?? newest;
  }
}

function gapAfter(last: Entry): EntryDraft {
  const missing =
    'reads let through after the last batch that was written, as a rule at most 100 ms of them; nothing else';
  return { kind: 'gap', body: { after: last.index, lastAt: last.at, missing } };
}

/** From 1970 to the last day that ISO 8601 writes with four digits of year. */
function isTime(milliseconds: number): boolean {
  return milliseconds >= 0 && milliseconds < Date.UTC(10_000, 0);
}
