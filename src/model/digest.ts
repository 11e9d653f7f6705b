import { hash } from 'node:crypto';
import { canonicalJson, type Json } from './json.ts';

/** Lower-case hex SHA-256, 64 characters. */
export type Digest = string & { readonly __digest: unique symbol };

/**
 * SHA-256 over `<domain>`, one NUL, and the RFC 8785 text of the value (docs/architecture.md, settled).
 * The domain keeps a digest of one kind of thing from ever standing for another.
 */
export function digestOf(domain: `holdpoint/${string}/v${number}`, value: Json): Digest {
  return hash('sha256', `${domain}\0${canonicalJson(value)}`, 'hex') as Digest;
}

/** Reads a digest from outside; undefined unless it is exactly 64 lower-case hex characters. */
export function parseDigest(text: string): Digest | undefined {
  return /^[0-9a-f]{64}$/.test(text) ? (text as Digest) : undefined;
}
