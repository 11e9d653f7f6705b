import { type Credential, LineBroken } from '../../contract/upstream.ts';
import type { RequestBytes } from './exchange.ts';
import type { HttpMessage } from '../../model/http-message.ts';
import { refuse } from '../../model/refusal.ts';

/** Kind of credential → the header it travels in, and how. */
const placings: { readonly [kind: string]: (secret: string) => readonly [name: string, value: string] } = {
  bearer: (secret) => ['authorization', `Bearer ${secret}`],
  'project-access-token': (secret) => ['project-access-token', secret],
};

/** Headers that only we write: the credential's, the framing, the connection's, and the encoding we can read. */
const ours: ReadonlySet<string> = new Set([
  'authorization',
  'project-access-token',
  'cookie',
  'cookie2',
  'host',
  'content-length',
  'transfer-encoding',
  'accept-encoding',
  'content-encoding',
  'expect',
  'trailer',
  'te',
  'connection',
  'keep-alive',
  'upgrade',
  'http2-settings',
  'proxy-authorization',
  'proxy-authenticate',
  'proxy-connection',
]);

const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** Where a credential goes, as header lines. Throws `Refused` for a kind that HTTP has no place for. */
export function placed(credential: Credential): string {
  const placing = Object.hasOwn(placings, credential.kind) ? placings[credential.kind] : undefined;
  if (placing === undefined) {
    throw refuse(
      'UNAVAILABLE',
      'the vault entry holds a credential of a kind that is not sent over http',
      'add it to the vault as what it is',
    );
  }
  // RFC 9110 allows more in a field value; no credential needs it, and a stray newline would be a header of its own.
  if (!/^[\x21-\x7e]+$/.test(credential.secret)) {
    throw refuse(
      'UNAVAILABLE',
      'the vault entry holds a credential with characters no header can carry',
      'add it to the vault again',
    );
  }
  const [name, value] = placing(credential.secret);
  return `accept-encoding: identity\r\n${name}: ${value}\r\n`;
}

/** Bodies are announced for these even when they are empty. */
const bodied: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);

/**
 * The request as it goes out: the message's headers, `own` lines behind them, and our framing. Throws `LineBroken` (`no`)
 * for a message that says what is not its to say, or that could be read as more than one request.
 */
export function requestBytes(message: HttpMessage, host: string, own: string): RequestBytes {
  const { method, path, headers, body } = message;
  if (!methods.has(method)) throw malformed('its method is not one we send');
  // A second slash, or no first one, would be read as another host by some.
  if (path.charCodeAt(0) !== 47 || path.charCodeAt(1) === 47) throw malformed('its path does not begin with one slash');
  if (path.includes('#')) throw malformed('its path has a fragment');
  if (!/^[\x21-\x7e]+$/.test(path)) throw malformed('its path has characters that no request line can carry');
  let lines = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\n`;
  for (const [name, value] of headers) {
    if (ours.has(name) || name !== name.toLowerCase())
      throw malformed(`its header \`${name.slice(0, 40)}\` is not the caller's to set`);
    if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name) || typeof value !== 'string' || !/^[\x20-\x7e]*$/.test(value))
      throw malformed('one of its headers has characters that none can carry');
    lines += `${name}: ${value}\r\n`;
  }
  lines += own;
  if (body.length > 0 || bodied.has(method)) lines += `content-length: ${body.length}\r\n`;
  lines += '\r\n';
  const head = Buffer.from(lines, 'latin1');
  return { method, pieces: body.length === 0 ? [head] : [head, body] };
}

function malformed(why: string): LineBroken {
  return new LineBroken('no', `the message was refused and not sent: ${why}`);
}
