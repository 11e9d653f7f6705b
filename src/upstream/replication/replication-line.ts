import type { Socket } from 'node:net';
import { faultOf } from './server-fault.ts';
import type { SignedIn } from '../postgres/sign-in.ts';
import { SourceFailed } from '../../contract/backup.ts';
import { columns, cstring, frame, type Frame, Framer, terminateFrame } from '../../contract/postgres/frames.ts';

/** Rows of one result, values as text. */
export type Rows = readonly (readonly (string | null)[])[];

/** What a walsender sends is at most 128 KiB a message (`MAX_SEND_SIZE`); the rest are short answers. */
const bounds = Object.freeze({ message: 8 * 1024 * 1024, startup: 10_000 });

/** Bytes of messages that wait for whoever reads; beyond it the socket is left alone until half of it is taken. */
const mostWaiting = 4 * 1024 * 1024;

/**
 * One walsender connection. Messages are pulled: a reader that is slow slows the server, and never fills memory.
 * All that can go wrong is thrown as `SourceFailed`.
 */
export class ReplicationLine {
  /** Milliseconds after which a server that says nothing, while it is read, is given up. */
  patience: number;
  readonly #socket: Socket;
  readonly #framer = new Framer(bounds, false);
  readonly #watch: NodeJS.Timeout;
  #queue: Frame[] = [];
  /** The next one in the queue; what lies before it was taken. */
  #at = 0;
  #waitingBytes = 0;
  #heardAt = performance.now();
  #failure: SourceFailed | undefined;
  #wake: (() => void) | undefined;

  constructor({ socket, framer }: SignedIn, patience: number) {
    this.#socket = socket;
    this.patience = patience;
    if (framer.held > 0) this.#fail(new SourceFailed('failed', 'the server said more than it was asked'));
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', (cause: Error) =>
      this.#fail(new SourceFailed('unreachable', 'the line to the server broke', { cause })),
    );
    socket.on('close', () => this.#fail(new SourceFailed('unreachable', 'the server closed the line')));
    socket.resume();
    this.#watch = setInterval(() => this.#look(), 1000);
    this.#watch.unref();
  }

  /** Milliseconds since the server said something; none while we are the ones who are slow. */
  get silentFor(): number {
    return this.#socket.isPaused() || this.#at < this.#queue.length ? 0 : performance.now() - this.#heardAt;
  }

  say(message: Frame): void {
    if (this.#failure === undefined) this.#socket.write(message.bytes);
  }

  /** The next message but notices and reported settings, which are nobody's here. What the server refuses is thrown. */
  async next(): Promise<Frame> {
    for (;;) {
      const one = await this.#take();
      if (one.type === 'E') throw faultOf(one);
      if (!'NSA'.includes(one.type)) return one;
    }
  }

  /** A result up to its CommandComplete: its rows. */
  async result(first?: Frame): Promise<Rows> {
    const rows: (string | null)[][] = [];
    for (let one = first ?? (await this.next()); one.type !== 'C'; one = await this.next()) {
      if (one.type === 'D') rows.push(columns(one).map((value) => value?.toString('utf8') ?? null));
      else if (one.type !== 'T') throw outOfTurn(one);
      if (rows.length > 100_000) throw new SourceFailed('failed', 'the server’s answer has no end');
    }
    return rows;
  }

  /** One command, or one statement, with one result. An error leaves the line as usable as it was. */
  async rows(command: string): Promise<Rows> {
    this.command(command);
    try {
      const rows = await this.result();
      await this.ready();
      return rows;
    } catch (thrown) {
      if (this.#failure === undefined) await this.ready().catch(() => undefined);
      throw thrown;
    }
  }

  command(text: string): void {
    this.say(frame('Q', cstring(text)));
  }

  /** Reads on to the end of a command, over what is left of its answer. */
  async ready(): Promise<void> {
    for (let left = 0; left < 1000; left++) if ((await this.#take()).type === 'Z') return;
    throw new SourceFailed('failed', 'the server does not end its answer');
  }

  close(): Promise<void> {
    clearInterval(this.#watch);
    const closed = new Promise<void>((resolve) => {
      if (this.#socket.closed) return resolve();
      return void this.#socket.once('close', () => resolve());
    });
    this.#fail(new SourceFailed('unreachable', 'the line is closed'));
    return closed;
  }

  async #take(): Promise<Frame> {
    for (;;) {
      const one = this.#queue[this.#at];
      if (one !== undefined) return this.#taken(one);
      if (this.#failure !== undefined) throw this.#failure;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #taken(one: Frame): Frame {
    this.#at++;
    this.#waitingBytes -= one.bytes.length;
    if (this.#at === this.#queue.length) {
      this.#queue = [];
      this.#at = 0;
    }
    if (this.#waitingBytes < mostWaiting / 2 && this.#socket.isPaused()) {
      // The time that we took was ours, not the server's.
      this.#heardAt = performance.now();
      this.#socket.resume();
    }
    return one;
  }

  #read(chunk: Buffer): void {
    if (this.#failure !== undefined) return;
    this.#heardAt = performance.now();
    try {
      for (const one of this.#framer.push(chunk)) {
        this.#queue.push(one);
        this.#waitingBytes += one.bytes.length;
      }
    } catch (cause) {
      return this.#fail(new SourceFailed('failed', 'the server sent what is no message', { cause }));
    }
    if (this.#waitingBytes > mostWaiting) this.#socket.pause();
    this.#awake();
  }

  #look(): void {
    if (this.silentFor > this.patience)
      this.#fail(new SourceFailed('unreachable', `the server said nothing for ${Math.round(this.patience / 1000)} s`));
  }

  #fail(failure: SourceFailed): void {
    this.#failure ??= failure;
    clearInterval(this.#watch);
    // Whole messages that came before the end are still read; nothing more is awaited.
    if (!this.#socket.destroyed) {
      this.#socket.end(terminateFrame.bytes);
      this.#socket.destroySoon();
      setTimeout(() => this.#socket.destroy(), 1000).unref();
      this.#socket.resume();
    }
    this.#awake();
  }

  #awake(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}

/** A message that has no place where it came. */
export function outOfTurn(one: Frame): SourceFailed {
  return new SourceFailed('failed', `the server sent \`${one.type}\` out of turn`);
}
