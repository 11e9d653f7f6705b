import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { addressOf } from './address.ts';
import { askRoad, sayThrown, type WholeRequest } from './ask-road.ts';
import { checkText } from './body.ts';
import type { Connection } from './connection.ts';
import { presentedIn } from './credentials.ts';
import { readHead } from './head.ts';
import { KnownHead } from './known-head.ts';
import type { Room, Share } from './parts.ts';
import { PlainExchange } from './plain-exchange.ts';
import { readPlainRequest } from './plain-request.ts';
import { say } from './say.ts';
import { problemDocument, tongueOf } from './tongue.ts';
import { uncounted } from './unread-answers.ts';
import { WireRefused } from './wire-refusal.ts';

/** Where a connection goes that asks for anything that is not plain. */
export interface Elsewhere {
  /** Node's server, which reads all of it; `bytes` are what came already. */
  readonly handOver: (socket: Duplex, bytes: Buffer) => void;
  /** Answers a connection that said nothing in its time. */
  readonly tooSlow: (socket: Duplex) => void;
}

/** Node waits so much longer (ms) than it says before it closes an idle connection; so do we. */
const keepAliveMargin = 1_000;
/** Heads up to so many bytes are remembered, one a connection. */
const longestKnown = 4_096;

/** Connections that are read without Node's parser as long as they ask plainly. */
export interface PlainLane {
  take(socket: Duplex, connection: Connection): void;
  close(): void;
}

/**
 * The short way of reading: a request that came in one piece and is plain by `readPlainRequest` passes the very checks
 * that all requests pass, and is answered in one write. With the first piece that is anything else, or that a check
 * refuses, the connection goes to Node's server for good, as if nothing had been read: there alone is refused on the wire.
 */
export function openPlainLane(room: Room, elsewhere: Elsewhere): PlainLane {
  const lanes = new Set<Lane>();
  const date = dateLine();
  const look = setInterval(() => {
    const now = performance.now();
    for (const lane of lanes) lane.look(now);
  }, room.limits.checkEvery).unref();
  return {
    take: (socket, connection) => {
      const lane = new Lane(room, elsewhere, socket, connection, date, () => lanes.delete(lane));
      lanes.add(lane);
    },
    close: () => clearInterval(look),
  };
}

/** `date: …` of this second (RFC 9110, section 6.6.1). */
function dateLine(): () => string {
  let second = 0;
  let line = '';
  return () => {
    const now = Math.floor(Date.now() / 1_000);
    if (now !== second) {
      second = now;
      line = `date: ${new Date(now * 1_000).toUTCString()}\r\n`;
    }
    return line;
  };
}

class Lane {
  readonly #room: Room;
  readonly #elsewhere: Elsewhere;
  readonly #socket: Duplex;
  readonly #connection: Connection;
  readonly #date: () => string;
  readonly #left: () => void;
  readonly #listeners: readonly (readonly [event: string, listener: (given: Buffer) => void])[];
  #exchange: PlainExchange | undefined;
  #share: Share | undefined;
  #asked = false;
  #since = performance.now();
  #pipelined = false;
  #known: KnownHead | undefined;

  constructor(
    room: Room,
    elsewhere: Elsewhere,
    socket: Duplex,
    connection: Connection,
    date: () => string,
    left: () => void,
  ) {
    this.#room = room;
    this.#elsewhere = elsewhere;
    this.#socket = socket;
    this.#connection = connection;
    this.#date = date;
    this.#left = left;
    this.#listeners = [
      ['data', (bytes) => this.#take(bytes)],
      // As Node does: whoever says that nothing more comes is not answered either.
      ['end', () => socket.end()],
      ['error', () => socket.destroy()],
      ['timeout', () => socket.destroy()],
      ['close', () => this.#leave()],
    ];
    for (const [event, listener] of this.#listeners) socket.on(event, listener);
    if (isTimed(socket)) socket.setTimeout(room.limits.idle);
  }

  /** Ends the connection when it has been idle for too long. */
  look(now: number): void {
    if (this.#exchange !== undefined || this.#connection.over) return;
    const { headTime, keepAlive } = this.#room.limits;
    const idle = now - this.#since;
    if (this.#asked) {
      if (idle > keepAlive + keepAliveMargin) this.#socket.destroy();
    } else if (idle > headTime) {
      this.#letGo();
      this.#elsewhere.tooSlow(this.#socket);
    }
  }

  #take(bytes: Buffer): void {
    if (this.#connection.over) return;
    if (this.#exchange !== undefined) {
      this.#connection.over = true;
      this.#pipelined = true;
      return;
    }
    // Who asks on without reading the answers is held back by Node, as everybody was.
    const asked = this.#socket.writableNeedDrain ? undefined : this.#checked(bytes);
    if (asked === undefined) {
      this.#letGo();
      this.#elsewhere.handOver(this.#socket, bytes);
      return;
    }
    this.#ask(asked);
  }

  /** Undefined for what is not plain, and what any check refuses: Node's way will refuse it again, and say so. */
  #checked(bytes: Buffer): WholeRequest | undefined {
    try {
      const known = this.#known?.begins(bytes) === true ? this.#known : this.#checkedHead(bytes);
      if (known === undefined) return undefined;
      const body = bytes.subarray(known.bytes.length);
      checkText(known.head, body);
      const share = this.#room.memory.share();
      if (!share.take(body.length)) return undefined;
      this.#share = share;
      return { ...known.asks, head: known.head, body };
    } catch {
      return undefined;
    }
  }

  /** Throws `WireRefused` for what a check refuses. */
  #checkedHead(bytes: Buffer): KnownHead | undefined {
    const request = readPlainRequest(bytes, this.#room.limits);
    if (request === undefined) return undefined;
    const head = readHead(request, this.#room.limits);
    const address = addressOf(this.#room, head, this.#connection.tunnel);
    const { judged } = address;
    if (judged === undefined) return undefined;
    const presented = presentedIn(head, judged, this.#room.storedFor);
    const token = presented.kind === 'token' ? presented.token : undefined;
    const known = new KnownHead(bytes, request.body.length, head, { address, judged, token });
    this.#known = token === undefined || known.bytes.length > longestKnown ? undefined : known;
    return known;
  }

  #ask(asked: WholeRequest): void {
    const exchange = new PlainExchange(this.#socket, this.#connection.tunnel?.bearer, (status, headers, body, close) =>
      this.#answer(status, headers, body, close),
    );
    this.#exchange = exchange;
    this.#connection.open = exchange;
    this.#asked = true;
    askRoad(this.#room, this.#connection, exchange, asked)
      .catch((thrown: unknown) => {
        const tongue = tongueOf(asked.judged.provider, asked.address);
        return sayThrown(this.#room, this.#connection, exchange, thrown, tongue);
      })
      // Saying it failed as well: nothing is left but to hang up.
      .catch(() => this.#socket.destroy());
  }

  /** One write; before it the connection is free for the next request. */
  #answer(status: number, headers: readonly string[], body: Uint8Array, close: boolean): void {
    let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`;
    for (let at = 0; at + 1 < headers.length; at += 2) {
      const line = `${headers[at] ?? ''}: ${headers[at + 1] ?? ''}`;
      if (!/^[ -~]+$/.test(line)) throw new Error('a header of an answer has characters that none can carry');
      head += `${line}\r\n`;
    }
    head += this.#date();
    if (!close)
      head += `connection: keep-alive\r\nkeep-alive: timeout=${Math.floor(this.#room.limits.keepAlive / 1_000)}\r\n`;
    head += '\r\n';
    this.#finish();
    write(this.#room, this.#socket, head, body);
    if (close) this.#hangUp();
    else if (this.#pipelined) this.#refusePipelined();
  }

  #finish(): void {
    this.#share?.give();
    this.#share = undefined;
    if (this.#connection.open === this.#exchange) this.#connection.open = undefined;
    this.#exchange = undefined;
    this.#since = performance.now();
  }

  #refusePipelined(): void {
    this.#pipelined = false;
    const detail = 'a second request came before the first was answered';
    const refused = new WireRefused(400, detail, 'send one request at a time');
    const exchange = new PlainExchange(this.#socket, undefined, (status, headers, body) =>
      this.#answer(status, headers, body, true),
    );
    say(exchange, problemDocument(refused.refusal, refused.status), true);
  }

  /** Closing at once would reset the connection, and the client would never see why. */
  #hangUp(): void {
    this.#connection.over = true;
    this.#socket.end();
    const timer = setTimeout(() => this.#socket.destroy(), this.#room.limits.drainTime);
    this.#socket.once('close', () => clearTimeout(timer));
  }

  /** From here on the connection is somebody else's. */
  #letGo(): void {
    this.#left();
    for (const [event, listener] of this.#listeners) this.#socket.off(event, listener);
    if (isTimed(this.#socket)) this.#socket.setTimeout(0);
  }

  #leave(): void {
    this.#left();
    this.#share?.give();
    if (this.#connection.open === this.#exchange) this.#connection.open = undefined;
  }
}

function write(room: Room, socket: Duplex, head: string, body: Uint8Array): void {
  if (body.length > uncounted) {
    const { taken } = room.unread.hold(socket, body.length);
    socket.cork();
    socket.write(head, 'latin1');
    socket.write(body, taken);
    socket.uncork();
    return;
  }
  const whole = Buffer.allocUnsafe(head.length + body.length);
  whole.write(head, 'latin1');
  whole.set(body, head.length);
  socket.write(whole);
}

function isTimed(socket: Duplex): socket is Duplex & { setTimeout(milliseconds: number): unknown } {
  return 'setTimeout' in socket && typeof socket.setTimeout === 'function';
}
