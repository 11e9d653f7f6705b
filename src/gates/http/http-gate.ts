import { type Server, createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Gate } from '../../contract/gate.ts';
import { claimsOf } from './claims.ts';
import { handleConnect } from './connect.ts';
import { newConnections } from './connection.ts';
import { handleRequest } from './exchange.ts';
import { openLargeOnes } from './large-ones.ts';
import { type HttpLimits, defaultLimits } from './limits.ts';
import { listedNotes } from './listed-notes.ts';
import { refusalNotes } from './notes.ts';
import { type HttpGateParts, type Room, memoryOf } from './parts.ts';
import { peerReader } from './peer.ts';
import { openPlainLane } from './plain-lane.ts';
import { sayRaw } from './say.ts';
import { secureContexts } from './secure-contexts.ts';
import { unreadAnswers } from './unread-answers.ts';
import { WireRefused } from './wire-refusal.ts';

export type { Egress, HttpGateParts, Reach, Reached } from './parts.ts';

export interface HttpGate extends Gate {
  readonly name: 'http';
  readonly port: number;
}

/**
 * Opens the HTTP gate: base URLs (`<address>/<provider>/…`) and an intercepting proxy (CONNECT) on one port, HTTP/1.1
 * towards clients. Resolves when it listens. Throws when the address is taken or two providers claim one host.
 * `close` lets what is under way end, for a bounded time.
 */
export async function openHttpGate(parts: HttpGateParts): Promise<HttpGate> {
  const limits: HttpLimits = Object.freeze({ ...defaultLimits, ...parts.limits });
  const room = roomOf(parts, limits);
  const server = createServer({
    insecureHTTPParser: false,
    // Ours to refuse, in our own words.
    requireHostHeader: false,
    maxHeaderSize: limits.headBytes,
    headersTimeout: limits.headTime,
    requestTimeout: limits.requestTime,
    connectionsCheckingInterval: limits.checkEvery,
    keepAliveTimeout: limits.keepAlive,
    noDelay: true,
  });
  server.maxHeadersCount = limits.headers;
  server.maxConnections = limits.connections;
  server.timeout = limits.idle;
  serve(server, room, parts);
  await listening(server, parts.host, parts.port);
  const { address, port } = server.address() as AddressInfo;
  const host = address.includes(':') ? `[${address}]` : address;
  return Object.freeze({ name: 'http', address: `http://${host}:${port}`, port, close: () => closeGate(server, room) });
}

function roomOf(parts: HttpGateParts, limits: HttpLimits): Room {
  return Object.freeze({
    road: parts.road,
    providers: parts.providers,
    claims: claimsOf(parts.providers),
    names: new Set(['localhost', '127.0.0.1', '::1', ...(parts.names ?? []).map((name) => name.toLowerCase())]),
    egress: parts.egress,
    tunnel: parts.tunnel,
    reach: parts.reach,
    storedFor: parts.storedFor,
    covers: (host: string) => parts.authority.covers(host),
    limits,
    connections: newConnections(),
    memory: memoryOf(limits.buffered),
    unread: unreadAnswers(limits.unread),
    largeOnes: openLargeOnes(),
    noteRefusal: refusalNotes(parts.road, parts.clock, limits.notesPerSecond),
    noteListed: listedNotes(parts.road),
  });
}

function serve(server: Server, room: Room, parts: HttpGateParts): void {
  const contextFor = secureContexts(parts.authority);
  const readPeer = parts.peerOf ?? peerReader();
  // Node's own listener, which reads what is not plain.
  const [readByNode] = server.listeners('connection') as ((this: Server, socket: Duplex) => void)[];
  if (readByNode === undefined) throw new Error('the server reads no connections');
  server.removeAllListeners('connection');
  const lane = openPlainLane(room, {
    handOver: (socket, bytes) => {
      readByNode.call(server, socket);
      socket.emit('data', bytes);
    },
    tooSlow: (socket) =>
      refuseBytes(room, Object.assign(new Error('nothing came'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }), socket),
  });
  server.once('close', () => lane.close());
  server.on('connection', (socket: Socket) => {
    // Every byte that becomes a request comes from a connection that is known.
    const connection =
      room.connections.of(socket) ?? room.connections.add(socket, socket.remoteAddress ?? '', readPeer(socket));
    lane.take(socket, connection);
  });
  server.on('request', (request, response) => handleRequest(room, request, response));
  // Node would answer `100 Continue` before anything was checked.
  server.on('checkContinue', (request, response) => handleRequest(room, request, response));
  server.on('checkExpectation', (request, response) => handleRequest(room, request, response));
  server.on('connect', (request, socket, early) => handleConnect(room, { server, contextFor }, request, socket, early));
  server.on('clientError', (error, socket) => refuseBytes(room, error, socket));
}

/** Bytes that Node's parser refused, or that came too slowly. Nothing is written into the middle of an answer. */
function refuseBytes(room: Room, error: Error & { readonly code?: string }, socket: Duplex): void {
  const connection = room.connections.of(socket);
  const exchange = connection?.open;
  const answering = exchange !== undefined && (exchange.acted || exchange.answered);
  if (connection === undefined || connection.over || answering) {
    socket.destroy();
    return;
  }
  if (exchange !== undefined) exchange.abandoned = true;
  connection.over = true;
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400;
  const details = {
    431: 'the headers are too large or too many',
    408: 'the request came too slowly',
    400: 'this is not HTTP/1.1',
  };
  const refused = new WireRefused(status, details[status]);
  room.noteRefusal(refused.refusal, { peer: connection.address });
  sayRaw(socket, refused.refusal, status, room.limits);
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, exclusive: true }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

async function closeGate(server: Server, room: Room): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  const until = performance.now() + room.limits.closeGrace;
  while (room.connections.busy() && performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  for (const socket of room.connections.sockets) socket.destroy();
  await closed;
}
