import type { WritingKeys } from './chunks.ts';
import { sealObject } from './format/object.ts';
import { walKey } from './names.ts';
import { putEverywhere } from './stores.ts';
import type { BackupSource, BackupStore, WalPart, WalStream } from '../../contract/backup.ts';
import { type Clock, isoTime } from '../../contract/clock.ts';
import { lsnNumber, lsnText } from '../../contract/lsn.ts';

/** A stretch of the write-ahead log that is durable in every store. */
export interface ArchivedPiece {
  readonly timeline: number;
  /** LSN text; `end` is the first byte after it. */
  readonly start: string;
  readonly end: string;
  readonly key: string;
  /** Bytes and hash as stored. */
  readonly size: number;
  readonly sha256: string;
  readonly versions: { readonly [store: string]: string };
  /** ISO 8601. */
  readonly keptUntil: string;
  /** The server's clock when its last byte was sent, and ours when it was durable: their difference is what could be lost. */
  readonly sentAt: string;
  readonly durableAt: string;
}

export interface ArchiveOptions {
  readonly source: BackupSource;
  readonly stores: readonly BackupStore[];
  readonly keys: WritingKeys;
  readonly clock: Clock;
  /** `system_identifier` of the cluster that is meant. */
  readonly system: string;
  readonly slot: string;
  /** Where to begin: the first byte that is not kept yet. */
  readonly from: { readonly timeline: number; readonly position: string };
  /** For how long each piece is locked, in milliseconds. */
  readonly keepFor: number;
  /** Milliseconds from a piece's first byte to its going out; 500 unless said. */
  readonly every?: number;
  /** Told of each piece in order, before the server is allowed to forget it. */
  readonly archived?: (piece: ArchivedPiece) => Promise<void> | void;
  readonly signal?: AbortSignal;
}

/** A piece that does not begin where the last one ended. What lies between is lost unless the stream is begun again. */
export class WalGap extends Error {
  override readonly name = 'WalGap';
}

const largestPiece = 16 * 1024 * 1024;
/** Pieces on their way at once; the stream waits for the oldest. */
const mostUnderWay = 3;

/**
 * Keeps the write-ahead log until the signal aborts (then it resolves) or something fails (then it throws what did:
 * `SourceFailed`, `StoreFailed`, `WalGap`). Follows the server to new timelines. Whoever calls begins again at the last
 * piece it was told of; the server forgets nothing that was not.
 */
export async function archiveWal(options: ArchiveOptions): Promise<void> {
  let { timeline, position } = options.from;
  const stopped = (): boolean => options.signal?.aborted === true;
  while (!stopped()) {
    const stream = await options.source.wal({ timeline, position, slot: options.slot });
    const run = new TimelineRun(options, stream, timeline, lsnNumber(position));
    await run.follow();
    if (stopped()) return;
    const next = stream.next;
    if (next === undefined) throw new WalGap(`timeline ${timeline} ended, and the server names none that follows`);
    if (lsnNumber(next.position) > run.received)
      throw new WalGap(`timeline ${next.timeline} begins at ${next.position}, and the log until there did not come`);
    await keepHistory(options, next.timeline);
    ({ timeline, position } = next);
  }
}

/** Without it a restore cannot find its way from one timeline to the next. */
async function keepHistory(options: ArchiveOptions, timeline: number): Promise<void> {
  const { source, stores, keys, clock, system } = options;
  const { bytes } = await source.history(timeline);
  const sealed = await sealObject(bytes, keys.recipients);
  const key = walKey({ kind: 'history', system, timeline, sha256: sealed.sha256 }, keys.signing);
  await putEverywhere(stores, key, sealed.bytes, new Date(clock.now() + options.keepFor));
}

/** The stream of one timeline. */
class TimelineRun {
  readonly #options: ArchiveOptions;
  readonly #stream: WalStream;
  readonly #timeline: number;
  #parts: Uint8Array[] = [];
  #size = 0;
  #start: bigint;
  #sentAt = 0;
  #timer: NodeJS.Timeout | undefined;
  /** In order: each is confirmed only after the one before. */
  #underWay: Promise<void>[] = [];
  #last: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | undefined;
  #ended = false;
  received: bigint;

  constructor(options: ArchiveOptions, stream: WalStream, timeline: number, from: bigint) {
    this.#options = options;
    this.#stream = stream;
    this.#timeline = timeline;
    this.#start = from;
    this.received = from;
  }

  async follow(): Promise<void> {
    const stop = (): void => void this.#stream.close().catch(() => undefined);
    this.#options.signal?.addEventListener('abort', stop, { once: true });
    if (this.#options.signal?.aborted === true) stop();
    try {
      for await (const part of this.#stream) {
        this.#check();
        this.#take(part);
        if (this.#size >= largestPiece) this.#send();
        while (this.#underWay.length >= mostUnderWay) await this.#underWay[0];
      }
      this.#send();
    } catch (error) {
      // Closing the stream is how it is told to stop; its complaint about that is none.
      if (this.#failure === undefined && this.#options.signal?.aborted !== true) throw error;
    } finally {
      clearTimeout(this.#timer);
      this.#ended = true;
      this.#options.signal?.removeEventListener('abort', stop);
      await this.#last;
      await this.#stream.close().catch(() => undefined);
    }
    this.#check();
  }

  #take(part: WalPart): void {
    const start = lsnNumber(part.start);
    if (part.timeline !== this.#timeline)
      throw new WalGap(`the log of timeline ${part.timeline} came where ${this.#timeline} was asked for`);
    if (start !== this.received)
      throw new WalGap(`the log goes on at ${part.start}, and should at ${lsnText(this.received)}`);
    if (part.bytes.length === 0) return;
    this.#parts.push(Uint8Array.from(part.bytes));
    this.#size += part.bytes.length;
    this.received += BigInt(part.bytes.length);
    this.#sentAt = part.sentAt;
    this.#timer ??= setTimeout(() => this.#send(), this.#options.every ?? 500);
  }

  #send(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#size === 0 || this.#ended || this.#failure !== undefined) return;
    const plain = Buffer.concat(this.#parts);
    const [start, end, sentAt, before] = [this.#start, this.received, this.#sentAt, this.#last];
    this.#parts = [];
    this.#size = 0;
    this.#start = end;
    const work = this.#keep(plain, start, end, sentAt, before)
      .catch((error: unknown) => {
        this.#failure ??= { error };
        // Wakes the reader, which may be waiting for a server that has nothing to say.
        void this.#stream.close().catch(() => undefined);
      })
      .finally(() => void (this.#underWay = this.#underWay.filter((one) => one !== work)));
    this.#underWay.push(work);
    this.#last = work;
  }

  async #keep(plain: Uint8Array, start: bigint, end: bigint, sentAt: number, before: Promise<void>): Promise<void> {
    const { stores, keys, clock, system, keepFor, archived } = this.#options;
    const timeline = this.#timeline;
    const sealed = await sealObject(plain, keys.recipients);
    const key = walKey({ kind: 'piece', system, timeline, start, end, sha256: sealed.sha256 }, keys.signing);
    const put = await putEverywhere(stores, key, sealed.bytes, new Date(clock.now() + keepFor));
    await before;
    // What came before was not kept: this piece is, but nothing behind a gap is confirmed.
    this.#check();
    await archived?.({
      timeline,
      start: lsnText(start),
      end: lsnText(end),
      key,
      size: sealed.bytes.length,
      sha256: sealed.sha256,
      ...put,
      sentAt: isoTime(sentAt),
      durableAt: isoTime(clock.now()),
    });
    this.#stream.confirm(lsnText(end));
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
