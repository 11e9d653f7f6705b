import { outOfTurn, type ReplicationLine } from './replication-line.ts';
import { walFault } from './server-fault.ts';
import { type Lsn, SourceFailed, type WalPart, type WalStream } from '../../contract/backup.ts';
import { lsnNumber, lsnText, segmentStart } from '../../contract/lsn.ts';
import { frame, type Frame, FrameReader } from '../../contract/postgres/frames.ts';

export interface WalFrom {
  readonly timeline: number;
  readonly position: Lsn;
  readonly slot: string;
  readonly segmentSize: number;
}

/** Milliseconds of 2000-01-01, from which PostgreSQL counts microseconds. */
const epoch = Date.UTC(2000, 0, 1);

/** Milliseconds between two status messages, and how long the server may be silent though it was asked to answer. */
const statusEvery = 5_000;
const deadAfter = 60_000;

/** An answer is asked for again and again by a server that shuts down: it is given this often. */
const answerEvery = 200;

/** A server that shuts down waits for what it sent to be durable. Longer than this we are not what it waits for. */
const longestWait = 20_000;

const xlogData = 0x77;
const keepalive = 0x6b;

/** START_REPLICATION PHYSICAL. The line is the stream's from here on. Throws `SourceFailed`. */
export async function startWal(line: ReplicationLine, from: WalFrom): Promise<WalStream> {
  line.patience = deadAfter;
  line.command(`START_REPLICATION SLOT ${from.slot} PHYSICAL ${from.position} TIMELINE ${from.timeline}`);
  let first: Frame;
  try {
    first = await line.next();
  } catch (thrown) {
    await line.close();
    throw walFault(thrown);
  }
  // A timeline that ends right there has nothing to stream: only what follows it is said.
  if (first.type !== 'W' && first.type !== 'T') throw outOfTurn(first);
  return new OpenWalStream(line, from, first);
}

class OpenWalStream implements WalStream {
  next: WalStream['next'];
  readonly #line: ReplicationLine;
  readonly #from: WalFrom;
  readonly #first: Frame;
  readonly #beat: NodeJS.Timeout;
  #begun = false;
  #received: bigint;
  #durable = 0n;
  #saidAt = 0;
  #owed: NodeJS.Timeout | undefined;
  #askedSince: number | undefined;
  #askedAt = 0;

  constructor(line: ReplicationLine, from: WalFrom, first: Frame) {
    this.#line = line;
    this.#from = from;
    this.#first = first;
    this.#received = lsnNumber(from.position);
    this.#beat = setInterval(() => this.#say(line.silentFor > deadAfter / 3), statusEvery);
    this.#beat.unref();
    if (first.type === 'W') this.#say(false);
  }

  confirm(position: Lsn): void {
    const durable = lsnNumber(position);
    if (durable > this.#received) throw new RangeError(`\`${position}\` was not read yet`);
    if (durable <= this.#durable) return;
    this.#durable = durable;
    if (this.#durable === this.#received) this.#askedSince = undefined;
    this.#answer();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<WalPart> {
    if (this.#begun) throw new TypeError('a stream of the log is read once');
    this.#begun = true;
    try {
      if (this.#first.type === 'W') yield* this.#parts();
      this.next = await this.#following(this.#first.type === 'T' ? this.#first : undefined);
    } catch (thrown) {
      throw walFault(thrown);
    } finally {
      await this.close();
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#beat);
    clearTimeout(this.#owed);
    await this.#line.close();
  }

  async *#parts(): AsyncGenerator<WalPart> {
    for (let one = await this.#line.next(); one.type !== 'c'; one = await this.#line.next()) {
      // What a walsender says last when its server shuts down, all of the log being out.
      if (one.type === 'C') throw new SourceFailed('unreachable', 'the server shut down');
      if (one.type !== 'd') throw outOfTurn(one);
      const reader = new FrameReader(one);
      const kind = reader.byte();
      const body = reader.rest();
      if (kind === xlogData && body.length >= 24) {
        const part = this.#part(body);
        if (part.bytes.length > 0) yield part;
      } else if (kind === keepalive && body.length >= 17) this.#alive(body[16] === 1);
      else throw outOfTurn(one);
    }
    // The server ends a timeline by ending its half; ours ends with it.
    this.#line.say(frame('c'));
  }

  /** start, end of the server's log, server's clock, each of 8 bytes, and the log. */
  #part(body: Buffer): WalPart {
    const start = body.readBigUInt64BE(0);
    if (start !== this.#received)
      throw new SourceFailed('failed', `the log went on at ${lsnText(start)} instead of ${lsnText(this.#received)}`);
    const bytes = body.subarray(24);
    this.#received += BigInt(bytes.length);
    const sentAt = epoch + Number(body.readBigInt64BE(16) / 1000n);
    return { timeline: this.#from.timeline, start: lsnText(start), bytes, sentAt };
  }

  #alive(asked: boolean): void {
    if (!asked) return;
    const now = performance.now();
    if (now - this.#askedAt > 5_000 || this.#durable === this.#received) this.#askedSince = undefined;
    this.#askedAt = now;
    this.#askedSince ??= now;
    // Who asks on and on is shutting down, and cannot end before we have all of it, or are gone.
    if (now - this.#askedSince > longestWait)
      throw new SourceFailed('unreachable', 'the server waits for copies that are not durable yet, and is let go');
    this.#answer();
  }

  #answer(): void {
    if (this.#owed !== undefined) return;
    const wait = this.#saidAt + answerEvery - performance.now();
    if (wait <= 0) return this.#say(false);
    this.#owed = setTimeout(() => this.#say(false), wait);
    this.#owed.unref();
  }

  /** Received, durable, applied (never), our clock, and whether an answer is wanted. */
  #say(answer: boolean): void {
    clearTimeout(this.#owed);
    this.#owed = undefined;
    this.#saidAt = performance.now();
    const body = Buffer.alloc(34);
    body[0] = 0x72;
    body.writeBigUInt64BE(this.#received, 1);
    body.writeBigUInt64BE(this.#durable, 9);
    body.writeBigInt64BE(BigInt(Date.now() - epoch) * 1000n, 25);
    body[33] = answer ? 1 : 0;
    this.#line.say(frame('d', body));
  }

  /** `next_tli, next_tli_startpos`; the new timeline's first segment holds the end of the old one as well. */
  async #following(first: Frame | undefined): Promise<WalStream['next']> {
    const one = first ?? (await this.#line.next());
    if (one.type !== 'T') throw new SourceFailed('unreachable', 'the server ended the stream without a next timeline');
    const [timeline, position] = (await this.#line.result(one))[0] ?? [];
    if (!timeline || !position) throw new SourceFailed('failed', 'the server does not say which timeline follows');
    const begin = segmentStart(lsnNumber(position), this.#from.segmentSize);
    return { timeline: Number(timeline), position: lsnText(begin) };
  }
}
