import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Bearer, Outcome } from '../../contract/road.ts';
import { Refused, refusalIn, refuse } from '../../model/refusal.ts';
import { type Address, addressOf } from './address.ts';
import { checkText, decode, joinBody } from './body.ts';
import { askedAbout } from './asked-about.ts';
import type { Judged } from './claims.ts';
import type { Connection, Exchange } from './connection.ts';
import { carriesToken, misplacedToken, presentedIn } from './credentials.ts';
import { refuseExposure } from './exposure.ts';
import { type Head, readHead, tooLarge } from './head.ts';
import { checkReads, passRead } from './listed.ts';
import { messageOf } from './message.ts';
import type { Room, Share } from './parts.ts';
import { say, sayAnswer, sayAndDrain } from './say.ts';
import { saysIn } from './says.ts';
import { readTarget, readUnjudgedTarget } from './target.ts';
import { problemDocument, sayRefusal, tongueOf } from './tongue.ts';
import type { Tongue } from '../../contract/provider.ts';
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
  const exchange: Exchange = { request, response, bearer: connection.tunnel?.bearer, acted: false, abandoned: false };
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
    const tongue = address.judged === undefined ? 'problem' : tongueOf(address.judged.provider, address);
    judge(room, connection, exchange, head, address, { chunks, received, share })
      .catch(async (thrown: unknown) => {
        const asked = exchange.acted ? thrown : await askedAbout(room, connection, thrown, exchange.bearer);
        refuseLate(room, connection, exchange, asked, tongue);
      })
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
  const { request, response } = exchange;
  if (!request.complete) throw new WireRefused(400, 'the request ended before its body did');
  if (request.rawTrailers.length > 0) throw new WireRefused(400, 'headers after the body are refused');
  const joined = joinBody(head, raw.chunks, raw.received);
  // What comes out of a compressed body is not known before, so the most it may be is taken.
  if (head.encoding !== undefined && !raw.share.take(room.limits.body)) throw tooMany();
  const body = head.encoding === undefined ? joined : await decode(head.encoding, joined, room.limits);
  checkText(head, body);
  const { judged } = address;
  if (judged === undefined) return passRead(room, connection, exchange, head, body);
  const bearer = await bearerOf(room, connection, head, judged, body);
  exchange.bearer = bearer;
  const agentSays = saysIn(head.headers);
  const message = messageOf(head, address.origin, address.path, body);
  const reading = judged.provider.read(message);
  if (exchange.abandoned || response.destroyed) return;
  exchange.acted = true;
  const words = agentSays === undefined ? {} : { agentSays };
  const outcome = await room.road.mediate({
    gate: 'http',
    bearer,
    provider: judged.provider,
    message,
    reading,
    ...words,
  });
  sayOutcome(exchange, outcome, tongueOf(judged.provider, message));
}

/** Who asks, by the agent token in the place of the real credential. Throws `Refused`. */
async function bearerOf(
  room: Room,
  connection: Connection,
  head: Head,
  judged: Judged,
  body: Uint8Array,
): Promise<Bearer> {
  const { tunnel } = connection;
  const peer = connection.peer ?? (await connection.peerRead);
  const presented = presentedIn(head, judged, room.storedFor);
  if (presented.kind === 'exposure') throw await refuseExposure(room, presented.exposure, peer, tunnel?.bearer);
  if (presented.kind === 'refused') throw presented.refused;
  if (carriesToken(body)) throw misplacedToken('the body');
  const differ = (): Refused =>
    refuse('BAD_TOKEN', 'the proxy credential and the credential of the request name different agent tokens');
  if (tunnel !== undefined && presented.token !== tunnel.token) throw differ();
  const bearer = await room.road.identify(presented.token, peer);
  const same =
    tunnel === undefined ||
    (bearer.token.id === tunnel.bearer.token.id && bearer.principal.id === tunnel.bearer.principal.id);
  if (!same) throw differ();
  return bearer;
}

function sayOutcome(exchange: Exchange, outcome: Outcome, tongue: Tongue): void {
  if (outcome.kind === 'done') sayAnswer(exchange, outcome.answer);
  else say(exchange, sayRefusal(outcome.refusal, tongue));
}

/** A refusal while the body is still coming: said in HTTP's own terms, and the connection ends. */
function refuseEarly(room: Room, connection: Connection, exchange: Exchange, thrown: unknown): void {
  connection.over = true;
  note(room, connection, exchange, thrown);
  const status = thrown instanceof WireRefused ? thrown.status : undefined;
  sayAndDrain(exchange, problemDocument(refusalIn(thrown), status), room.limits);
}

/** A refusal after the whole request was read: on the wire level as above, else in the client's own tongue. */
function refuseLate(room: Room, connection: Connection, exchange: Exchange, thrown: unknown, tongue: Tongue): void {
  if (thrown instanceof WireRefused) {
    refuseEarly(room, connection, exchange, thrown);
    return;
  }
  if (!exchange.acted) note(room, connection, exchange, thrown);
  // What failed after the road was taken may have happened: never "nothing was sent".
  const lost = refuse('OUTCOME_UNKNOWN', 'the request was handed on and its outcome cannot be told');
  const refusal = exchange.acted && !(thrown instanceof Refused) ? lost.refusal : refusalIn(thrown);
  say(exchange, sayRefusal(refusal, tongue));
}

function note(room: Room, connection: Connection, exchange: Exchange, thrown: unknown): void {
  const refusal = refusalIn(thrown);
  // An exposure has an entry of its own, written before it was refused.
  if (refusal.code === 'EXPOSED_CREDENTIAL') return;
  const { tunnel, address } = connection;
  const { bearer } = exchange;
  room.noteRefusal(refusal, {
    peer: address,
    ...(tunnel === undefined ? {} : { host: tunnel.host }),
    ...(bearer === undefined ? {} : { principal: bearer.principal.name, token: bearer.token.id }),
  });
}
