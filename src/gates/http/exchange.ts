import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Bearer } from '../../contract/road.ts';
import { type Refused, refusalIn, refuse } from '../../model/refusal.ts';
import { type Address, addressOf } from './address.ts';
import { askRoad, noteThrown, sayThrown } from './ask-road.ts';
import { checkText, decode, joinBody } from './body.ts';
import type { Connection, Exchange } from './connection.ts';
import { type Head, readHead, tooLarge } from './head.ts';
import { checkReads, passRead } from './listed.ts';
import type { Room, Share } from './parts.ts';
import { say, sayAndDrain } from './say.ts';
import { readTarget, readUnjudgedTarget } from './target.ts';
import { listedTongue, type ListedTongue, problemDocument, sayRefusal, tongueOf } from './tongue.ts';
import { uncounted } from './unread-answers.ts';
import { WireRefused } from './wire-refusal.ts';

/**
 * Life of a request: its head is checked while nothing of the body is believed; the body is read whole and made plain;
 * only then is the token looked at, the provider asked what it says, and the road taken. Whatever is thrown on the way is
 * a refusal.
 */
export function handleRequest(room: Room, request: IncomingMessage, response: ServerResponse): void {
  const connection = room.connections.of(request.socket);
  if (connection === undefined) {
    request.socket.destroy();
    return;
  }
  if (connection.over) {
    request.resume();
    return;
  }
  const exchange = new NodeExchange(room, request, response, connection.tunnel?.bearer);
  if (connection.open !== undefined) {
    connection.over = true;
    const pipelined = new WireRefused(
      400,
      'a second request came before the first was answered',
      'send one request at a time',
    );
    say(exchange, problemDocument(pipelined.refusal, pipelined.status), true);
    return;
  }
  connection.open = exchange;
  // Before the client can have seen the answer, so that its next request is not taken for a pipelined one.
  response.once('prefinish', () => closeExchange(connection, exchange));
  response.once('close', () => closeExchange(connection, exchange));
  try {
    const unjudged = connection.tunnel !== undefined && connection.tunnel.judged === undefined;
    const head = readHead(request, room.limits, unjudged ? readUnjudgedTarget : readTarget);
    const address = addressOf(room, head, connection.tunnel);
    if (address.judged === undefined) checkReads(head, connection.tunnel?.host ?? '');
    readBody(room, connection, exchange, head, address);
  } catch (thrown) {
    refuseEarly(room, connection, exchange, thrown);
  }
}

class NodeExchange implements Exchange {
  readonly #room: Room;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  bearer: Bearer | undefined;
  acted = false;
  abandoned = false;

  constructor(room: Room, request: IncomingMessage, response: ServerResponse, bearer: Bearer | undefined) {
    this.#room = room;
    this.request = request;
    this.response = response;
    this.bearer = bearer;
  }

  get answered(): boolean {
    return this.response.headersSent;
  }

  get silent(): boolean {
    return this.abandoned || this.response.headersSent || this.response.destroyed;
  }

  answer(status: number, headers: readonly string[], body: Uint8Array): void {
    this.response.writeHead(status, [...headers]);
    if (body.length === 0) this.response.end();
    else if (body.length > uncounted)
      this.response.end(body, this.#room.unread.hold(this.request.socket, body.length).taken);
    else this.response.end(body);
  }
}

function closeExchange(connection: Connection, exchange: Exchange): void {
  if (connection.open === exchange) connection.open = undefined;
}

/** Collects the body within the bounds; goes on only after its proper end. */
function readBody(room: Room, connection: Connection, exchange: Exchange, head: Head, address: Address): void {
  const { request, response } = exchange;
  const share = room.memory.share();
  const chunks: Buffer[] = [];
  let received = 0;
  let reading = true;
  response.once('close', () => {
    reading = false;
    share.give();
  });
  request.on('data', (chunk: Buffer) => {
    if (!reading) return;
    received += chunk.length;
    const refused =
      received > room.limits.body ? tooLarge(room.limits) : share.take(chunk.length) ? undefined : tooMany();
    if (refused === undefined) {
      chunks.push(chunk);
      return;
    }
    reading = false;
    refuseEarly(room, connection, exchange, refused);
  });
  request.once('error', () => {
    reading = false;
  });
  request.once('end', () => {
    if (!reading) return;
    reading = false;
    const { judged } = address;
    const tongue = judged === undefined ? listedTongue(head.target.path) : tongueOf(judged.provider, address);
    judge(room, connection, exchange, head, address, { chunks, received, share })
      .catch((thrown: unknown) => refuseLate(room, connection, exchange, thrown, tongue))
      // Saying it failed as well: nothing is left but to hang up.
      .catch(() => request.socket.destroy());
  });
  if (head.waits) response.writeContinue();
}

function tooMany(): Refused {
  return refuse('UNAVAILABLE', 'too many bodies are being read at once', 'wait a little and send it again');
}

/** What was received of a body, still encoded. */
interface Received {
  readonly chunks: readonly Buffer[];
  readonly received: number;
  readonly share: Share;
}

async function judge(
  room: Room,
  connection: Connection,
  exchange: Exchange,
  head: Head,
  address: Address,
  raw: Received,
): Promise<void> {
  const { request } = exchange;
  if (!request.complete) throw new WireRefused(400, 'the request ended before its body did');
  if (request.rawTrailers.length > 0) throw new WireRefused(400, 'headers after the body are refused');
  const joined = joinBody(head, raw.chunks, raw.received);
  // What comes out of a compressed body is not known before, so the most it may be is taken.
  if (head.encoding !== undefined && !raw.share.take(room.limits.body)) throw tooMany();
  const body = head.encoding === undefined ? joined : await decode(head.encoding, joined, room.limits);
  checkText(head, body);
  const { judged } = address;
  if (judged === undefined) return passRead(room, connection, exchange, head, body);
  await askRoad(room, connection, exchange, { head, address, judged, body });
}

/** A refusal while the body is still coming: said in HTTP's own terms, and the connection ends. */
function refuseEarly(room: Room, connection: Connection, exchange: Exchange, thrown: unknown): void {
  connection.over = true;
  noteThrown(room, connection, exchange, thrown);
  const status = thrown instanceof WireRefused ? thrown.status : undefined;
  const { tunnel } = connection;
  const unjudged = tunnel !== undefined && tunnel.judged === undefined;
  const tongue = unjudged ? listedTongue((exchange.request.url ?? '').split('?')[0] ?? '') : 'problem';
  sayAndDrain(exchange, sayRefusal(refusalIn(thrown), tongue, status), room.limits);
}

/** A refusal after the whole request was read: on the wire level as above, else in the client's own tongue. */
async function refuseLate(
  room: Room,
  connection: Connection,
  exchange: Exchange,
  thrown: unknown,
  tongue: ListedTongue,
): Promise<void> {
  if (thrown instanceof WireRefused) refuseEarly(room, connection, exchange, thrown);
  else await sayThrown(room, connection, exchange, thrown, tongue);
}
