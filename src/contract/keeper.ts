/**
 * How the keeper of a backup directory is spoken to, over a unix socket: a request, then its answer, one after the other.
 * Each is four bytes (big-endian) of length, that much JSON, and then as many raw bytes as its `size` says.
 */

/** Bytes of one head at most. */
export const longestKeeperHead = 4096;
/** Bytes of one object at most. */
export const largestKept = 256 * 1024 * 1024;

export type KeeperRequest =
  /** `size` bytes follow. */
  | {
      readonly op: 'put';
      readonly key: string;
      readonly keptUntil: string;
      readonly sha256: string;
      readonly size: number;
    }
  | { readonly op: 'get'; readonly key: string; readonly version: string }
  /** Only on the socket that the keeper's own user can reach. */
  | { readonly op: 'list'; readonly prefix: string }
  | { readonly op: 'about' };

export interface KeptObject {
  readonly key: string;
  readonly version: string;
  readonly size: number;
}

/** What the keeper says of itself, so that a probe can try to get past it. */
export interface KeeperAbout {
  readonly uid: number;
  readonly directory: string;
  /** Of the file system. */
  readonly device: string;
  /** Days: nothing is kept for less, nothing for more. */
  readonly floor: number;
  readonly ceiling: number;
  readonly freeBytes: number;
}

export type KeeperAnswer =
  | { readonly ok: 'put'; readonly version: string; readonly keptUntil: string }
  /** `size` bytes follow. */
  | { readonly ok: 'get'; readonly size: number }
  /** One page; another follows where there is `more`. */
  | { readonly ok: 'list'; readonly objects: readonly KeptObject[]; readonly more: boolean }
  | { readonly ok: 'about'; readonly about: KeeperAbout }
  | { readonly ok: 'no'; readonly code: KeeperRefusal; readonly message: string };

/** Why the keeper did not do it. After `invalid` it hangs up. */
export type KeeperRefusal =
  | 'not-allowed'
  | 'missing'
  | 'invalid'
  /** The disk is full, or would be fuller than its keeper lets it become. */
  | 'full'
  | 'failed';

/** A head as it goes over the wire. Throws RangeError where it is longer than any may be. */
export function keeperHead(head: KeeperRequest | KeeperAnswer, longest = longestKeeperHead): Uint8Array {
  const json = Buffer.from(JSON.stringify(head));
  if (json.length > longest) throw new RangeError('the head is longer than any may be');
  const framed = Buffer.allocUnsafe(4 + json.length);
  framed.writeUInt32BE(json.length, 0);
  json.copy(framed, 4);
  return framed;
}

const part = '[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}';
const keyPattern = new RegExp(`^(?:chunks|manifests|wal|probe)(?:/${part}){1,6}$`);

/** Whether a key may be one at all: no `..`, no empty part, nothing that a file system reads in another way. */
export function isObjectKey(key: string): boolean {
  return key.length <= 512 && keyPattern.test(key);
}

/** A version of the keeper's: the moment until which it is kept (milliseconds, 11 hexadecimal digits) and 16 random ones. */
export function keptVersion(keptUntil: number, random: string): string {
  return `${keptUntil.toString(16).padStart(11, '0')}-${random}`;
}

/** Until when a version is kept, in milliseconds since the epoch; undefined where it is none of the keeper's. */
export function keptUntilOf(version: string): number | undefined {
  const match = /^([0-9a-f]{11})-[0-9a-f]{16}$/.exec(version);
  return match === null ? undefined : Number.parseInt(match[1] ?? '', 16);
}
