import { type Credential, LineBroken } from '../../contract/upstream.ts';
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

/** Where a credential goes, name and value in turn. Throws `Refused` for a kind that HTTP has no place for. */
export function placed(credential: Credential): readonly string[] {
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
  return Object.freeze(['accept-encoding', 'identity', ...placing(credential.secret)]);
}

/**
 * The message's headers and ours behind them, name and value in turn. Throws `LineBroken` (`no`) for a message that
 * says what is not its to say.
 */
export function requestHeaders(message: HttpMessage, own: readonly string[]): string[] {
  if (!methods.has(message.method)) throw malformed('its method is not one we send');
  // A second slash, or no first one, would be read as another host by some.
  if (message.path.charCodeAt(0) !== 47 || message.path.charCodeAt(1) === 47)
    throw malformed('its path does not begin with one slash');
  if (message.path.includes('#')) throw malformed('its path has a fragment');
  const headers: string[] = [];
  for (const [name, value] of message.headers) {
    if (ours.has(name) || name !== name.toLowerCase())
      throw malformed(`its header \`${name.slice(0, 40)}\` is not the caller's to set`);
    headers.push(name, value);
  }
  headers.push(...own);
  return headers;
}

function malformed(why: string): LineBroken {
  return new LineBroken('no', `the message was refused and not sent: ${why}`);
}
