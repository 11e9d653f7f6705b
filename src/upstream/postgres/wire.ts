import type { Socket } from 'node:net';
import {
  columns,
  cstring,
  fields,
  flushFrame,
  frame,
  type Frame,
  type Framer,
  int16,
  int32,
  syncFrame,
  uint32,
} from '../../contract/postgres/frames.ts';
import { Flow, type FlowEars } from './flow.ts';
import type { Status } from '../../contract/postgres/session.ts';
import { LineBroken } from '../../contract/upstream.ts';

/** Names that no client may use: our own statements and portals live under them. */
export const reserved = '_holdpoint_';

type Kind = 'P' | 'B' | 'D' | 'E' | 'C' | 'S' | 'Q';

/** The replies that end each kind of message: PostgreSQL documentation, "Message Flow". */
const last: Readonly<Record<Kind, string>> = { P: '1', B: '2', D: 'Tn', E: 'CIs', C: '3', S: 'Z', Q: 'Z' };

/** Whose a reply is: every message that is sent waits in a queue until the server has answered it. */
interface Expectation {
  readonly kind: Kind;
  /** Ours; what the server says meanwhile is not for the client. */
  readonly own: boolean;
  /** Ours, and its notices are for the client all the same. */
  readonly heard?: boolean;
  readonly take: (reply: Frame) => void;
  /** Called instead of `take` when the server will not answer: it skips to the next Sync, or the line is gone. */
  readonly skipped: (broken: boolean) => void;
}

/** How values are given: the oids of their types as the client gave them, and their formats. */
export interface Shape {
  readonly types: readonly number[];
  readonly formats: readonly number[];
}

/** Values as text, their types left to the server; the statement is kept prepared. */
const textual: Shape = Object.freeze({ types: [], formats: [] });

/** What one of our own statements came to. */
export interface OwnResult {
  readonly tag: string;
  readonly rows: readonly (readonly (string | null)[])[];
}

/** The server's own error, as it sent it. */
export class ServerSaidNo extends Error {
  override readonly name = 'ServerSaidNo';
  readonly frame: Frame;
  readonly code: string;
  readonly detail: string | undefined;

  constructor(said: Frame) {
    const found = fields(said);
    super(found.get('M') ?? 'the server failed');
    this.frame = said;
    this.code = found.get('C') ?? '';
    this.detail = found.get('D');
  }
}

/** How a round that went out whole came to its end. */
export interface RoundEnd {
  readonly failed: boolean;
  /** The Parse in it was taken. */
  readonly parsed: boolean;
}

interface Round {
  readonly flow: Flow;
  readonly ended: (end: RoundEnd) => void;
  readonly broken: (cause: Error) => void;
}

export interface WireClient {
  take(reply: Frame): void;
  /** Bytes of replies to a whole round; absent where nobody says such. */
  flow?(bytes: Buffer): void;
  gone(): void;
}

/** Answers of ours larger than this are a defect of the question. */
const mostOwnBytes = 64 * 1024 * 1024;

/** One connection to the server on which every reply has an owner, so that our own statements never show in the client's stream. */
export class Wire {
  /** From an error until the next Sync the server hears nothing. */
  skipping = false;
  status: Status = 'I';
  broken = false;
  readonly #socket: Socket;
  readonly #framer: Framer;
  readonly #client: WireClient;
  readonly #expected: Expectation[] = [];
  readonly #prepared = new Map<string, string>();
  #out: Uint8Array[] = [];
  #portals = 0;
  #statements = 0;
  #round: Round | undefined;

  constructor(socket: Socket, framer: Framer, client: WireClient) {
    this.#socket = socket;
    this.#framer = framer;
    this.#client = client;
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => this.#break());
    socket.resume();
  }

  /** Sends one of the client's messages; it sees every reply but the ReadyForQuery. Resolves with the reply that ended it; rejects with `ServerSaidNo` or `LineBroken`. */
  forward(message: Frame, tap: (reply: Frame) => void = () => undefined): Promise<Frame> {
    return new Promise((resolve, reject) => {
      const kind = message.type as Kind;
      let failed: ServerSaidNo | undefined;
      const take = (reply: Frame): void => {
        if (reply.type === 'E') failed = new ServerSaidNo({ type: 'E', bytes: Buffer.from(reply.bytes) });
        tap(reply);
        if (reply.type !== 'Z') this.#client.take(reply);
        if (failed !== undefined && (reply.type === 'Z' || kind !== 'Q')) reject(failed);
        else if (last[kind].includes(reply.type)) resolve(reply);
      };
      this.#send(message.bytes, { kind, own: false, take, skipped: (broken) => reject(skippedError(broken)) });
    });
  }

  /** Nothing is awaited from the server, and nothing of ours waits to go out. */
  get quiet(): boolean {
    return !this.broken && !this.skipping && this.status === 'I' && this.#round === undefined && this.#settled;
  }

  get #settled(): boolean {
    return this.#expected.length === 0 && this.#out.length === 0 && this.#framer.held === 0;
  }

  /** Sends a client's whole round, its Sync (or its Query) included, while the line is quiet. What comes back goes to `ears`. */
  round(messages: readonly Frame[], ears: FlowEars): Promise<RoundEnd> {
    return new Promise((resolve, reject) => {
      if (!this.quiet) {
        reject(new LineBroken('no', 'the line to the server is not quiet'));
        return;
      }
      this.#round = { flow: new Flow(ears), ended: resolve, broken: reject };
      const [only] = messages;
      this.#socket.write(
        messages.length === 1 && only !== undefined ? only.bytes : Buffer.concat(messages.map((one) => one.bytes)),
      );
    });
  }

  /** What has no reply of its own: CopyData and its end. */
  write(bytes: Uint8Array): void {
    if (this.broken) return;
    if (this.#out.length === 0) process.nextTick(() => this.#flushOut());
    this.#out.push(bytes);
  }

  flush(): void {
    if (!this.skipping) this.write(flushFrame.bytes);
  }

  /** Whatever an implicit transaction still has to say when it ends is the client's; the ReadyForQuery is not shown. */
  sync(): Promise<Status> {
    return new Promise((resolve, reject) => {
      const take = (reply: Frame): void => {
        if (reply.type === 'Z') resolve(this.status);
        else this.#client.take(reply);
      };
      this.#send(syncFrame.bytes, { kind: 'S', own: true, take, skipped: () => reject(skippedError(true)) });
    });
  }

  /**
   * Runs a statement of ours with text values. What it says stays here, unless its notices and its error are to be `heard` by the
   * client. Needs a Flush or Sync behind it.
   */
  own(
    text: string,
    values: readonly (Uint8Array | null)[] = [],
    shape: Shape = textual,
    heard = false,
  ): Promise<OwnResult> {
    // What the types are not left to is prepared for this once.
    const kept = shape === textual;
    const name = kept ? this.#prepared.get(text) : undefined;
    const statement = name ?? `${reserved}${kept ? this.#statements++ : `once${this.#portals}`}`;
    const portal = `${reserved}p${this.#portals++}`;
    const answer = new Promise<OwnResult>((resolve, reject) => {
      const rows: (string | null)[][] = [];
      let size = 0;
      const take = (reply: Frame): void => {
        size += kept ? reply.bytes.length : 0;
        if (size > mostOwnBytes) this.#socket.destroy();
        if (heard && reply.type === 'E') this.#client.take(reply);
        if (reply.type === 'D') {
          if (kept) rows.push(columns(reply).map((one) => one && one.toString('utf8')));
        }
        if (reply.type === 'C') resolve({ tag: reply.bytes.toString('utf8', 5, reply.bytes.length - 1), rows });
        else if (reply.type === 'E') reject(new ServerSaidNo({ type: 'E', bytes: Buffer.from(reply.bytes) }));
        else if (reply.type === '1' && kept) this.#prepared.set(text, statement);
        else if (!'1D23sITn'.includes(reply.type)) this.#socket.destroy();
      };
      const skipped = (broken: boolean): void => reject(skippedError(broken));
      const types = [int16(shape.types.length), ...shape.types.map(uint32)];
      const parse = name === undefined ? [frame('P', cstring(statement), cstring(text), ...types)] : [];
      const close = kept ? [] : [frame('C', Buffer.from('S'), cstring(statement))];
      for (const one of [...parse, ...runOf(statement, portal, values, shape.formats), ...close])
        this.#send(one.bytes, { kind: one.type as Kind, own: true, heard, take, skipped });
    });
    answer.catch(() => undefined);
    return answer;
  }

  /** A message that the server must refuse, so that its failed state is true. */
  fail(): void {
    const invalid = frame('P', cstring(`${reserved}refused`), cstring('holdpoint refuses this'), int16(0));
    const nothing = (): void => undefined;
    this.#send(invalid.bytes, { kind: 'P', own: true, take: nothing, skipped: nothing });
  }

  /** Everything of ours that was prepared is gone: the client ran DISCARD ALL or its like. */
  forget(): void {
    this.#prepared.clear();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(farewell: Uint8Array): void {
    if (!this.broken) this.#socket.end(farewell);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #send(bytes: Uint8Array, expectation: Expectation): void {
    if (this.broken) return expectation.skipped(true);
    // Two things under way at once would be given each other's replies.
    if (this.#round !== undefined) throw new LineBroken('no', 'a round is under way on the line to the server');
    if (this.skipping && expectation.kind !== 'S') return expectation.skipped(false);
    if (expectation.kind === 'S') this.skipping = false;
    this.#expected.push(expectation);
    this.write(bytes);
  }

  #flushOut(): void {
    const out = this.#out;
    this.#out = [];
    if (this.broken) return;
    if (out.length === 1 && out[0] !== undefined) this.#socket.write(out[0]);
    else this.#socket.write(Buffer.concat(out));
  }

  #read(chunk: Buffer): void {
    try {
      const rest = this.#round === undefined ? chunk : this.#flow(this.#round, chunk);
      if (rest === undefined) return;
      for (const reply of this.#framer.push(rest)) this.#receive(reply);
    } catch (cause) {
      this.#socket.destroy(cause as Error);
    }
  }

  /** What stands behind the end of the round. */
  #flow(round: Round, chunk: Buffer): Buffer | undefined {
    const rest = round.flow.push(chunk);
    const { ready, failed, parsed } = round.flow;
    if (ready === undefined) return undefined;
    this.#round = undefined;
    this.status = statusOf(ready);
    round.ended({ failed, parsed });
    return rest;
  }

  #receive(reply: Frame): void {
    const head = this.#expected[0];
    if (reply.type === 'N' && head?.own === true && head.heard !== true) return;
    if (reply.type === 'N' || reply.type === 'A' || reply.type === 'S' || head === undefined) {
      this.#client.take(reply);
      return;
    }
    if (reply.type === 'Z') this.status = statusOf(reply);
    const ended = last[head.kind].includes(reply.type);
    const failed = reply.type === 'E' && head.kind !== 'Q' && head.kind !== 'S';
    if (ended || failed) this.#expected.shift();
    // What the server said comes first: of one statement of ours the rest is skipped under the same promise.
    head.take(reply);
    if (failed) this.#skipToSync();
  }

  /** Behind an error the server reads on to the next Sync: what we sent in between has no answer. */
  #skipToSync(): void {
    this.skipping = true;
    while (this.#expected[0] !== undefined && this.#expected[0].kind !== 'S') this.#expected.shift()?.skipped(false);
    if (this.#expected[0] !== undefined) this.skipping = false;
  }

  #break(): void {
    if (this.broken) return;
    this.broken = true;
    this.#round?.broken(skippedError(true));
    this.#round = undefined;
    for (const waiting of this.#expected.splice(0)) waiting.skipped(true);
    this.#client.gone();
  }
}

function skippedError(broken: boolean): Error {
  return broken ? new LineBroken('unknown', 'the line to the server broke') : new Skipped('an error came before it');
}

/** The server never looked at it: something before it failed. */
export class Skipped extends Error {
  override readonly name = 'Skipped';
}

function statusOf(ready: Frame): Status {
  const said = String.fromCharCode(ready.bytes[5] ?? 0);
  return said === 'I' || said === 'T' ? said : 'E';
}

/** A portal of its own each time: one whose Execute failed keeps its name until the failed transaction ends. */
function runOf(
  statement: string,
  portal: string,
  values: readonly (Uint8Array | null)[],
  formats: readonly number[],
): readonly Frame[] {
  const bound = values.flatMap((value) => (value === null ? [int32(-1)] : [int32(value.length), value]));
  return [
    frame(
      'B',
      cstring(portal),
      cstring(statement),
      int16(formats.length),
      ...formats.map(int16),
      int16(values.length),
      ...bound,
      int16(0),
    ),
    frame('E', cstring(portal), int32(0)),
    frame('C', Buffer.from('P'), cstring(portal)),
  ];
}
