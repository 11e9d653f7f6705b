import type { Judged } from './claims.ts';
import type { Tunnel } from './connection.ts';
import type { Head } from './head.ts';
import { parseHostName } from './host-name.ts';
import type { Room } from './parts.ts';
import { WireRefused, quoted } from './wire-refusal.ts';

/** Where a request is meant to go. */
export interface Address {
  /** Undefined inside a tunnel to a listed host, which no provider claims. */
  readonly judged: Judged | undefined;
  /** `https://backboard.railway.com`. */
  readonly origin: string;
  /** Path and query for the provider. */
  readonly path: string;
}

/** Headers that only a browser sends. (`sec-fetch-mode` is not among them: Node's own `fetch` sends it.) */
const browserOnly = ['origin', 'sec-fetch-site', 'sec-fetch-dest', 'sec-fetch-user', 'access-control-request-method'];

/** Inside a tunnel: the host that was agreed. Else a base URL: the provider named by the path's first segment. Throws `WireRefused`. */
export function addressOf(room: Pick<Room, 'claims' | 'names'>, head: Head, tunnel: Tunnel | undefined): Address {
  return tunnel === undefined ? baseAddress(room, head) : tunnelAddress(head, tunnel);
}

/** CONNECT authority, TLS server name, certificate and `Host` must name one host (the certificate follows the first). */
function tunnelAddress(head: Head, tunnel: Tunnel): Address {
  const named = parseHostName(head.headers.get('host') ?? '');
  if (named?.host !== tunnel.host || (named.port !== 0 && named.port !== 443)) {
    throw new WireRefused(
      421,
      `the host of the request is not ${quoted(tunnel.host)}, for which the tunnel was opened`,
    );
  }
  if (tunnel.serverName() !== tunnel.host) {
    throw new WireRefused(421, `the TLS server name is not ${quoted(tunnel.host)}, for which the tunnel was opened`);
  }
  return { judged: tunnel.judged, origin: `https://${tunnel.host}`, path: head.target.path + head.target.query };
}

/** A web page must not reach this through a browser, by its own name for us (rebinding) or by ours. */
function baseAddress(room: Pick<Room, 'claims' | 'names'>, head: Head): Address {
  const named = parseHostName(head.headers.get('host') ?? '');
  if (named === undefined || !room.names.has(named.host)) {
    const hint = 'address the gate as `http://localhost:<port>/<provider>/…`, or use it as an https proxy';
    throw new WireRefused(421, `the host ${quoted(head.headers.get('host') ?? '')} is not this gate`, hint);
  }
  const browser = browserOnly.find((name) => head.headers.has(name));
  if (browser !== undefined)
    throw new WireRefused(403, `the header ${quoted(browser)} comes from a browser, and web pages are not served here`);
  const { path, query } = head.target;
  const slash = path.indexOf('/', 1);
  const name = slash === -1 ? path.slice(1) : path.slice(1, slash);
  const judged = room.claims.byName(name);
  if (judged?.origin === undefined || slash === -1) {
    throw new WireRefused(
      404,
      `${quoted(path)} leads to no provider`,
      'the path begins with the name of a provider: `/<provider>/…`',
    );
  }
  return { judged, origin: judged.origin, path: path.slice(slash) + query };
}
