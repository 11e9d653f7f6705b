import { createHash } from 'node:crypto';
import type { Provider } from '../../contract/provider.ts';
import { type Refused, refuse } from '../../model/refusal.ts';
import type { Judged } from './claims.ts';
import type { Head } from './head.ts';
import type { StoredFor } from './parts.ts';

/** A real credential found where an agent token belongs. Only its fingerprint is ever kept. */
export interface Exposure {
  readonly provider: string;
  readonly header: string;
  /** First 8 hex digits of its SHA-256. */
  readonly fingerprint: string;
}

/** By what a real credential is known: the shapes of these providers, and the secrets of our own vault. */
export interface Known {
  readonly providers: readonly Provider[];
  readonly storedFor: StoredFor;
}

/** What a request presents: an agent token, a real credential, or something that has to be refused. */
export type Presented =
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'exposure'; readonly exposure: Exposure }
  | { readonly kind: 'refused'; readonly refused: Refused };

/** Of agents, humans and CI jobs: all three take the same road. */
const prefixes = ['hpa_', 'hph_', 'hpc_'] as const;
// Not a verdict on content: only recognises our own token where it does not belong (`alpha_1` is not one).
const wholeToken = /^hp[ahc]_[0-9A-Za-z]{8,40}_[A-Za-z0-9_-]{43}/;
const tokenSpan = 96;

/**
 * Looks in the headers in which this provider's credential would travel (RFC 9110 §11.6.2 for `Authorization`). A real
 * credential anywhere among them wins over everything else, so that it is always reported.
 */
export function presentedIn(head: Head, judged: Judged, storedFor: StoredFor): Presented {
  const { provider, credentialNames } = judged;
  const tokens = new Set<string>();
  let odd: string | undefined;
  for (const name of credentialNames) {
    const value = head.headers.get(name);
    if (value === undefined) continue;
    const token = tokenIn(name, value);
    if (token !== undefined) tokens.add(token);
    else {
      const exposure = exposureIn(name, value, { providers: [provider], storedFor });
      if (exposure !== undefined) return { kind: 'exposure', exposure };
      odd = name;
    }
  }
  if (odd !== undefined) return refused(refuse('BAD_TOKEN', `the credential in \`${odd}\` is not an agent token`));
  const [token, other] = tokens;
  if (token === undefined) return refused(refuse('BAD_TOKEN', `no agent token was presented for ${provider.name}`));
  if (other !== undefined) {
    return refused(refuse('BAD_REQUEST', 'the request presents several different agent tokens', 'present exactly one'));
  }
  const where = misplaced(head, credentialNames);
  return where === undefined ? { kind: 'token', token } : refused(misplacedToken(where));
}

/**
 * What a request to a listed host may not carry: an agent token anywhere, an `Authorization` of any kind, a provider's
 * credential in a header of that provider. An `Authorization` that is no agent token counts as a real credential for
 * that host, since nobody can tell that it is not one. Undefined when there is none of it.
 */
export function credentialFor(
  head: Head,
  body: Uint8Array,
  host: string,
  known: Known,
): Exclude<Presented, { readonly kind: 'token' }> | undefined {
  const where = misplaced(head, new Set()) ?? (carriesToken(body) ? 'the body' : undefined);
  if (where !== undefined) return refused(misplacedToken(where));
  const query = Buffer.from(decodedOnce(head.target.query));
  if (carriesToken(query)) return refused(misplacedToken('the request target'));
  for (const name of new Set(['authorization', ...known.providers.flatMap((one) => one.credentialHeaders)])) {
    const value = head.headers.get(name);
    if (value === undefined || value === '') continue;
    if (proxyCredential(value) !== undefined) return refused(misplacedToken(`the header \`${name}\``));
    const secret = unwrapped(value).at(-1) ?? value;
    const exposure = exposureIn(name, value, known);
    if (exposure !== undefined) return { kind: 'exposure', exposure };
    if (name === 'authorization')
      return { kind: 'exposure', exposure: { provider: host, header: name, fingerprint: fingerprint(secret) } };
  }
  return undefined;
}

/** A query with its percent-encodings taken off; as it stands where they are not UTF-8. */
function decodedOnce(query: string): string {
  try {
    return decodeURIComponent(query);
  } catch {
    return query;
  }
}

/** A real credential in a header's value, whatever scheme it is wrapped in: by its shape, or because it is one of ours. */
export function exposureIn(header: string, value: string, known: Known): Exposure | undefined {
  for (const text of [value, ...unwrapped(value)]) {
    if (text === '' || isOurs(text)) continue;
    const owner = known.providers.find((one) => one.looksLikeCredential(text))?.name ?? known.storedFor(text);
    if (owner !== undefined) return { provider: owner, header, fingerprint: fingerprint(text) };
  }
  return undefined;
}

/** The agent token and the name beside it in a proxy credential: `Basic base64(name:token)` or `Bearer token`. */
export function proxyCredential(value: string): { readonly name: string; readonly token: string } | undefined {
  const space = value.indexOf(' ');
  const scheme = value.slice(0, space).toLowerCase();
  const rest = value.slice(space + 1);
  if (scheme === 'bearer') return isOurs(rest) ? { name: '', token: rest } : undefined;
  if (scheme !== 'basic') return undefined;
  const pair = basicPair(rest);
  return pair !== undefined && isOurs(pair[1]) ? { name: pair[0], token: pair[1] } : undefined;
}

/** Whether an agent token stands in a body, where it would travel on to the provider and into its logs. */
export function carriesToken(body: Uint8Array): boolean {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  return prefixes.some((prefix) => {
    for (let at = bytes.indexOf(prefix); at !== -1; at = bytes.indexOf(prefix, at + 1)) {
      if (wholeToken.test(bytes.toString('latin1', at, at + tokenSpan))) return true;
    }
    return false;
  });
}

/** Where an agent token stands outside the headers it belongs in. */
function misplaced(head: Head, credentialNames: ReadonlySet<string>): string | undefined {
  for (const [name, value] of head.headers) {
    if (!credentialNames.has(name) && textCarriesToken(value)) return `the header \`${name}\``;
  }
  return textCarriesToken(head.target.path) || textCarriesToken(head.target.query) ? 'the request target' : undefined;
}

function textCarriesToken(text: string): boolean {
  return prefixes.some((prefix) => {
    for (let at = text.indexOf(prefix); at !== -1; at = text.indexOf(prefix, at + 1)) {
      if (wholeToken.test(text.slice(at, at + tokenSpan))) return true;
    }
    return false;
  });
}

function isOurs(text: string): boolean {
  return prefixes.some((prefix) => text.startsWith(prefix));
}

/** The refusal of an agent token in the wrong place. */
export function misplacedToken(where: string): Refused {
  const hint = 'an agent token belongs in the header where the real credential would stand, and nowhere else';
  return refuse('BAD_REQUEST', `an agent token stands in ${where}`, hint);
}

function refused(refused: Refused): { readonly kind: 'refused'; readonly refused: Refused } {
  return { kind: 'refused', refused };
}

function tokenIn(name: string, value: string): string | undefined {
  const bare = name === 'authorization' && /^bearer /i.test(value) ? value.slice(7) : value;
  return isOurs(bare) && !/[ ,]/.test(bare) ? bare : undefined;
}

/** What may be the secret inside an `Authorization` value: after the scheme, or either half of a Basic pair. */
function unwrapped(value: string): readonly string[] {
  const space = value.indexOf(' ');
  if (space === -1) return [];
  const rest = value.slice(space + 1).trim();
  const pair = value.slice(0, space).toLowerCase() === 'basic' ? basicPair(rest) : undefined;
  return [rest, ...(pair ?? [])];
}

function basicPair(base64: string): readonly [string, string] | undefined {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return undefined;
  const text = Buffer.from(base64, 'base64').toString('latin1');
  const colon = text.indexOf(':');
  return colon === -1 ? undefined : [text.slice(0, colon), text.slice(colon + 1)];
}

function fingerprint(secret: string): string {
  return createHash('sha256').update(secret).digest('hex').slice(0, 8);
}
