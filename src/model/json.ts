import canonicalize from 'canonicalize';

/** What may stand in a value that is digested, journaled or shown. Bytes are allowed and written as base64url. */
export type Json =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | readonly Json[]
  | { readonly [key: string]: Json | undefined };

export type JsonObject = { readonly [key: string]: Json | undefined };

/**
 * RFC 8785 (JCS) text of a value, bytes as base64url without padding, absent (undefined) members left out.
 * Throws on what has no canonical form: lone surrogates, NaN, infinities, functions.
 */
export function canonicalJson(value: Json): string {
  const text = canonicalize(plain(value));
  if (text === undefined) throw new TypeError('value has no canonical JSON form');
  return text;
}

/** The same value with every byte array replaced by its base64url text. */
export function plain(value: Json): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64url');
  if (Array.isArray(value)) return value.map((item: Json) => plain(item));
  const members: [string, unknown][] = [];
  for (const key of Object.keys(value)) {
    const member = (value as JsonObject)[key];
    if (member !== undefined) members.push([key, plain(member)]);
  }
  return Object.fromEntries(members);
}

/** Freezes a value and all it holds (byte arrays apart, which cannot be frozen), and returns it. */
export function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value) && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) frozen(member);
  }
  return value;
}
