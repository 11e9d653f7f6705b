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
 *
 * One pass of our own: this is written several times for every act, and a general library's is three times as dear. The
 * tests hold it against one.
 */
export function canonicalJson(value: Json): string {
  if (typeof value === 'string') return stringText(value);
  if (typeof value === 'object' && value !== null) return containerText(value);
  // ECMAScript writes numbers as RFC 8785 §3.2.2.3 asks; `-0` becomes `0`.
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  if (typeof value === 'boolean' || value === null) return String(value);
  throw new TypeError('value has no canonical JSON form');
}

function containerText(value: Exclude<Json, null | boolean | number | string>): string {
  if (value instanceof Uint8Array) return `"${bytesText(value)}"`;
  let text = '';
  if (Array.isArray(value)) {
    for (const item of value as readonly Json[]) text += `${text === '' ? '' : ','}${canonicalJson(item)}`;
    return `[${text}]`;
  }
  for (const key of sortedKeys(value)) {
    const member = (value as JsonObject)[key];
    if (member !== undefined) text += `${text === '' ? '' : ','}${stringText(key)}:${canonicalJson(member)}`;
  }
  return `{${text}}`;
}

/** By UTF-16 code units, RFC 8785 §3.2.3. What was read from a canonical text is in that order already. */
function sortedKeys(value: object): readonly string[] {
  const keys = Object.keys(value);
  for (let index = 1; index < keys.length; index++)
    if ((keys[index - 1] ?? '') > (keys[index] ?? '')) return keys.sort();
  return keys;
}

function stringText(value: string): string {
  if (!value.isWellFormed()) throw new TypeError('half a character has no canonical JSON form');
  return JSON.stringify(value);
}

function bytesText(value: Uint8Array): string {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64url');
}

/** The same value with every byte array replaced by its base64url text. */
export function plain(value: Json): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return bytesText(value);
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
