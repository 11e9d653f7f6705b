import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { TLSSocket, type SecureContext } from 'node:tls';
import type { Bearer, Peer } from '../../contract/road.ts';
import { refusalIn, refuse } from '../../model/refusal.ts';
import { askedAbout } from './asked-about.ts';
import type { Judged } from './claims.ts';
import { exposureIn, proxyCredential } from './credentials.ts';
import { refuseExposure } from './exposure.ts';
import { readHeaders } from './head.ts';
import { parseHostName } from './host-name.ts';
import { checkGate, checkListed } from './listed.ts';
import type { Seen } from './notes.ts';
import type { Room } from './parts.ts';
import { sayRaw } from './say.ts';
import { problemDocument } from './tongue.ts';
import { tunnelUnseen } from './unseen.ts';
import { WireRefused, quoted } from './wire-refusal.ts';

/** What CONNECT asks for. */
interface Wanted {
  readonly host: string;
  readonly port: number;
  readonly credential: string | undefined;
}

/** What the handler of CONNECT needs besides the room. */
export interface Interception {
  readonly server: Server;
  readonly contextFor: (host: string) => Promise<SecureContext>;
}

/**
 * CONNECT (RFC 9110 §9.3.6): a host that a provider claims is intercepted, its requests judged like all others. Of the
 * rest, with `egress: open` any host is tunnelled unseen; otherwise listed ones are intercepted so that only reads pass,
 * and all others are denied. Nothing is opened before the proxy credential is known.
 */
export function handleConnect(
  room: Room,
  interception: Interception,
  request: IncomingMessage,
  socket: Duplex,
  early: Buffer,
): void {
  // Node takes its own listeners off a socket that asked for CONNECT; an error nobody listens to would end the process.
  socket.on('error', () => socket.destroy());
  const seen: Attempt = { peer: room.connections.of(socket)?.address ?? '' };
  connect(room, interception, request, socket, early, seen)
    .catch((thrown: unknown) => refuseConnect(room, request, socket, seen, thrown))
    // Saying it failed as well: nothing is left but to hang up.
    .catch(() => socket.destroy());
}

async function refuseConnect(
  room: Room,
  request: IncomingMessage,
  socket: Duplex,
  seen: Seen,
  refused: unknown,
): Promise<void> {
  // A client that waits to be asked for its credential is no incident.
  const presents = request.headers['proxy-authorization'] !== undefined;
  const connection = room.connections.of(socket);
  const thrown =
    presents && connection !== undefined ? await askedAbout(room, connection, refused, undefined) : refused;
  const refusal = refusalIn(thrown);
  const usual = refusal.code === 'BAD_TOKEN' ? 407 : problemDocument(refusal).status;
  const status = thrown instanceof WireRefused ? thrown.status : usual;
  // An exposure has an entry of its own.
  const waits = status === 407 && !presents;
  if (!waits && refusal.code !== 'EXPOSED_CREDENTIAL') room.noteRefusal(refusal, seen);
  sayRaw(socket, refusal, status, room.limits);
}

/** What is known of a CONNECT so far, for the journal should it be refused. */
interface Attempt extends Seen {
  principal?: string;
  token?: string;
  host?: string;
}

async function connect(
  room: Room,
  interception: Interception,
  request: IncomingMessage,
  socket: Duplex,
  early: Buffer,
  seen: Attempt,
): Promise<void> {
  const connection = room.connections.of(socket);
  if (connection === undefined || connection.over || connection.open !== undefined || connection.tunnel !== undefined) {
    throw new WireRefused(400, 'CONNECT stands where another request belongs');
  }
  connection.over = true;
  const wanted = readConnect(request, early, room);
  seen.host = wanted.host;
  if (!room.connections.takeTunnel(socket, room.limits.tunnels)) {
    throw refuse('UNAVAILABLE', 'too many tunnels are open', 'close some and try again');
  }
  const peer = connection.peer ?? (await connection.peerRead);
  const { token, bearer } = await proxyBearer(room, wanted, peer);
  seen.principal = bearer.principal.name;
  seen.token = bearer.token.id;
  const judged = room.claims.byHost(wanted.host);
  if (judged === undefined) {
    checkGate(bearer);
    if (room.egress().mode === 'open') return tunnelUnseen(room, { ...wanted, token, bearer }, socket, peer);
    checkListed(room, wanted.host);
  }
  if (wanted.port !== 443)
    throw refuse('DENIED', `${quoted(wanted.host)} is reached on port 443 only, not ${wanted.port}`);
  const context = await interception.contextFor(wanted.host);
  intercept(room, interception.server, socket, context, { host: wanted.host, judged, token, bearer }, peer);
}

/** Reads CONNECT strictly. HTTP/1.0 is taken here, since Python's standard library sends it, and nothing follows it but TLS. */
function readConnect(request: IncomingMessage, early: Buffer, room: Room): Wanted {
  if (request.httpVersion !== '1.1' && request.httpVersion !== '1.0')
    throw new WireRefused(400, 'only HTTP/1.1 is spoken here');
  const headers = readHeaders(request.rawHeaders, 'proxy-authorization');
  if (headers.has('transfer-encoding') || headers.has('content-length') || headers.has('expect'))
    throw new WireRefused(400, 'CONNECT has no body');
  if (early.length > 0) throw new WireRefused(400, 'bytes came before CONNECT was answered');
  const text = request.url ?? '';
  if (text.length > room.limits.target) throw new WireRefused(414, 'the request target is too long');
  const named = parseHostName(text);
  if (named === undefined || named.port === 0)
    throw new WireRefused(400, `CONNECT asks for ${quoted(text)}, which is not a host and a port`);
  const host = headers.get('host');
  const said = host === undefined ? named : parseHostName(host);
  if (said?.host !== named.host || (said.port !== 0 && said.port !== named.port)) {
    throw new WireRefused(400, 'CONNECT and its `host` header name different hosts');
  }
  return { host: named.host, port: named.port, credential: headers.get('proxy-authorization') };
}

/** Who asks for the tunnel. A real credential given to the proxy is an exposure like any other. Throws `Refused`. */
async function proxyBearer(
  room: Room,
  wanted: Wanted,
  peer: Peer,
): Promise<{ readonly token: string; readonly bearer: Bearer }> {
  const { credential } = wanted;
  const hint = 'set HTTPS_PROXY to http://<agent>:<agent token>@localhost:<port>, as `holdpoint exec` does';
  if (credential === undefined) throw refuse('BAD_TOKEN', 'no agent token was presented to the proxy', hint);
  const read = proxyCredential(credential);
  if (read === undefined) {
    const exposure = exposureIn('proxy-authorization', credential, room);
    if (exposure !== undefined) throw await refuseExposure(room, exposure, peer);
    throw refuse('BAD_TOKEN', 'the proxy credential is not an agent token', hint);
  }
  const bearer = await room.road.identify(read.token, peer);
  if (read.name !== '' && read.name !== bearer.principal.name) {
    throw refuse('BAD_TOKEN', 'the name beside the agent token is not the one it was made for', hint);
  }
  return { token: read.token, bearer };
}

interface Agreed {
  readonly host: string;
  readonly judged: Judged | undefined;
  readonly token: string;
  readonly bearer: Bearer;
}

/** Puts our own TLS between: what comes out of it is read by the same server, with the same checks and limits. */
function intercept(
  room: Room,
  server: Server,
  socket: Duplex,
  context: SecureContext,
  agreed: Agreed,
  peer: Peer,
): void {
  if (socket.destroyed) return;
  socket.write(`HTTP/1.1 200 HOLDPOINT_${agreed.judged === undefined ? 'READS_ONLY' : 'JUDGED'}\r\n\r\n`);
  const inner = new TLSSocket(socket, {
    isServer: true,
    secureContext: context,
    ALPNProtocols: ['http/1.1'],
    SNICallback: (name, done) => {
      if (name.toLowerCase() === agreed.host) done(null, context);
      else done(new Error('the server name is not the host of the tunnel'));
    },
  });
  inner.on('error', () => socket.destroy());
  inner.once('close', () => socket.destroy());
  socket.once('close', () => inner.destroy());
  const serverName = (): string | false | null => {
    const name = (inner as { readonly servername?: string | false | null }).servername;
    return typeof name === 'string' ? name.toLowerCase() : false;
  };
  room.connections.add(inner, peer.address, Promise.resolve(peer), { ...agreed, serverName });
  server.emit('connection', inner);
}
