import { listedHeaders } from '../../contract/listed-headers.ts';
import type { Bearer, Peer } from '../../contract/road.ts';
import type { HttpMessage } from '../../model/http-message.ts';
import { type Refused, refuse } from '../../model/refusal.ts';
import { isListed } from './claims.ts';
import type { Connection, Exchange, Tunnel } from './connection.ts';
import { credentialFor } from './credentials.ts';
import { refuseExposure } from './exposure.ts';
import { asksToPush, isFetchBody, isFetchRequest } from './git-fetch.ts';
import type { Head } from './head.ts';
import type { Reached, Room } from './parts.ts';
import { dropReached, sayReached } from './say.ts';
import { quoted } from './wire-refusal.ts';

/** Throws `Refused` unless this host may be read now: listed, and within what clients were given a certificate for. */
export function checkListed(room: Pick<Room, 'egress' | 'covers'>, host: string): void {
  const egress = room.egress();
  if (!isListed(egress.hosts, host)) {
    const hint = 'stop here; ask the person you work for: a human lists hosts in `holdpoint.yaml` and applies that';
    throw refuse('DENIED', `${quoted(host)} is not on the list of hosts that may be reached`, hint);
  }
  if (!room.covers(host)) {
    const hint =
      'ask the person you work for to restart holdpoint, and then you, so that you trust its new certificate';
    throw refuse(
      'DENIED',
      `${quoted(host)} was listed after holdpoint started, and is reached from its next start on`,
      hint,
    );
  }
}

/** GET, HEAD, and a fetch by git; throws `Refused` for everything else, before any of its body is read. */
export function checkReads(head: Head, host: string): void {
  const { method, target } = head;
  if (asksToPush(target.path, target.query)) throw readsOnly('a push by git', host);
  if (method === 'GET' || method === 'HEAD') return;
  if (isFetchRequest(method, target.path, target.query, head.contentType?.value)) return;
  throw readsOnly(`a ${method} request`, host);
}

function readsOnly(what: string, host: string): Refused {
  return refuse(
    'DENIED',
    `${what} to ${quoted(host)} is not passed on: of listed hosts only reads pass (GET, HEAD, git fetch)`,
  );
}

/**
 * One read of a listed host: the same token as outside, no credential of any kind, on the journal before it is sent.
 * A freeze does not stop it. Throws `Refused`.
 */
export async function passRead(
  room: Room,
  connection: Connection,
  exchange: Exchange,
  head: Head,
  body: Uint8Array,
): Promise<void> {
  const { tunnel } = connection;
  if (tunnel === undefined) throw refuse('DENIED', 'hosts of the list are reached through the proxy only');
  const { host } = tunnel;
  const peer = connection.peer ?? (await connection.peerRead);
  checkListed(room, host);
  await refuseCredential(room, head, body, tunnel, peer);
  if (body.length > 0 && !isFetchBody(body)) throw readsOnly('a body that is no fetch by git', host);
  const bearer = await bearerNow(room, tunnel, peer);
  exchange.bearer = bearer;
  await room.noteListed({
    principal: bearer.principal.name,
    token: bearer.token.id,
    peer: peer.address,
    host,
    method: head.method,
    path: head.target.path,
    queryBytes: head.target.query.length,
  });
  if (exchange.silent) return;
  const reached = await ask(room, host, messageTo(host, head, body));
  if (reached.status !== 401) return sayReached(exchange, reached);
  dropReached(reached);
  throw wantsCredential(host);
}

/** The token of the proxy credential, as it stands now: one that was revoked since the tunnel was opened ends here. */
async function bearerNow(room: Room, tunnel: Tunnel, peer: Peer): Promise<Bearer> {
  const bearer = await room.road.identify(tunnel.token, peer);
  if (bearer.token.id !== tunnel.bearer.token.id || bearer.principal.id !== tunnel.bearer.principal.id)
    throw refuse('BAD_TOKEN', 'the agent token of this tunnel stands for somebody else now');
  checkGate(bearer);
  return bearer;
}

/** Throws `Refused` for a token that was not made for this gate. */
export function checkGate(bearer: Bearer): void {
  if (!bearer.token.scope.gates.includes('http'))
    throw refuse('DENIED', 'this agent token is not for the http gate, so nothing is reached by it here');
}

/** Nothing that proves who somebody is leaves for a listed host; a real credential among it is an exposure. */
async function refuseCredential(room: Room, head: Head, body: Uint8Array, tunnel: Tunnel, peer: Peer): Promise<void> {
  const found = credentialFor(head, body, tunnel.host, room);
  if (found === undefined) return;
  throw found.kind === 'refused' ? found.refused : await refuseExposure(room, found.exposure, peer, tunnel.bearer);
}

async function ask(room: Room, host: string, message: HttpMessage): Promise<Reached> {
  try {
    return await room.reach(host, message);
  } catch (cause) {
    const hint = 'check the name and try again; addresses of the local network are refused';
    const refused = refuse(
      'UNAVAILABLE',
      `${quoted(host)} did not answer; a read changes nothing, so nothing was lost`,
      hint,
    );
    throw Object.assign(refused, { cause });
  }
}

/** A credential error is where looking for another credential begins (E3): said as the end of the way. */
function wantsCredential(host: string): Refused {
  return refuse(
    'DENIED',
    `${quoted(host)} wants a credential for this, and holdpoint sends none to hosts that are only read`,
    'stop here; tell the person you work for what you wanted; do not look for a credential and do not try another way',
  );
}

function messageTo(host: string, head: Head, body: Uint8Array): HttpMessage {
  const headers: (readonly [string, string])[] = [];
  for (const name of listedHeaders) {
    const value = name === 'content-type' ? head.contentType?.value : head.headers.get(name);
    if (value !== undefined && value !== '') headers.push([name, value]);
  }
  const { path, query } = head.target;
  return { protocol: 'http', method: head.method, origin: `https://${host}`, path: path + query, headers, body };
}
