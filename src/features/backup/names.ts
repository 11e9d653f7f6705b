import { createHmac, type KeyObject, sign, verify } from 'node:crypto';

/** `chunks/<HMAC-SHA256 of the plain bytes under the naming key>`: the same bytes have one name, which tells nobody what they are. */
export function chunkKey(plain: Uint8Array, naming: Uint8Array): string {
  return `chunks/${createHmac('sha256', naming).update(plain).digest('hex')}`;
}

export function manifestKey(system: string, backup: string): string {
  return `manifests/${system}/${backup}`;
}

/** `bk_`, its time in UTC, and eight random characters: sorts by age. */
export function backupId(startedAt: number, random: string): string {
  return `bk_${new Date(startedAt).toISOString().replaceAll(/[-:.]/g, '').slice(0, 15)}Z_${random}`;
}

/** What a piece of the write-ahead log says of itself by its key alone. */
export type WalName =
  | {
      readonly kind: 'piece';
      readonly system: string;
      readonly timeline: number;
      /** The first byte, and the one after the last. */
      readonly start: bigint;
      readonly end: bigint;
      /** Of the bytes as stored. */
      readonly sha256: string;
    }
  | { readonly kind: 'history'; readonly system: string; readonly timeline: number; readonly sha256: string };

/** The key of a piece, which is signed: neither a listing nor a store has to be believed about it. */
export function walKey(name: WalName, signing: KeyObject): string {
  const signature = sign(null, signedText(name), signing).toString('base64url');
  return `${folderOf(name.system, name.timeline)}${spanOf(name)}.${name.sha256}.${signature}`;
}

const walPattern =
  /^wal\/(\d{1,20})\/([0-9a-f]{8})\/(?:history|([0-9a-f]{16})-([0-9a-f]{16}))\.([0-9a-f]{64})\.([A-Za-z0-9_-]{86})$/;

/** Reads a key; undefined unless that key was signed by the holder of `publicKey`. */
export function readWalKey(key: string, publicKey: KeyObject): WalName | undefined {
  const match = walPattern.exec(key);
  if (match === null) return undefined;
  const [, system = '', timelineText = '', startText, endText, sha256 = '', signatureText = ''] = match;
  const timeline = Number.parseInt(timelineText, 16);
  const name: WalName =
    startText === undefined || endText === undefined
      ? { kind: 'history', system, timeline, sha256 }
      : { kind: 'piece', system, timeline, start: BigInt(`0x${startText}`), end: BigInt(`0x${endText}`), sha256 };
  if (name.kind === 'piece' && name.end <= name.start) return undefined;
  const signature = Buffer.from(signatureText, 'base64url');
  // The last letter has bits to spare: only one way of writing it counts.
  if (signature.toString('base64url') !== signatureText) return undefined;
  return verify(null, signedText(name), publicKey, signature) ? Object.freeze(name) : undefined;
}

/** Where the whole write-ahead log of one cluster lies. */
export function walFolder(system: string): string {
  return `wal/${system}/`;
}

function folderOf(system: string, timeline: number): string {
  return `${walFolder(system)}${timeline.toString(16).padStart(8, '0')}/`;
}

function spanOf(name: WalName): string {
  return name.kind === 'history' ? 'history' : `${lsnHex(name.start)}-${lsnHex(name.end)}`;
}

/** 16 lower-case hexadecimal digits, which sort as the positions do. */
function lsnHex(position: bigint): string {
  return position.toString(16).padStart(16, '0');
}

function signedText(name: WalName): Buffer {
  const place = folderOf(name.system, name.timeline);
  return Buffer.from(`holdpoint/wal-${name.kind}/v1\0${place}${spanOf(name)}.${name.sha256}`);
}
