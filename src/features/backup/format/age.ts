import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';
import { decodeBech32, encodeBech32 } from './bech32.ts';

/**
 * The age file format, version 1, with X25519 recipients (age-encryption.org/v1): what we seal, `age -d` opens. Written
 * on node:crypto because a whole database goes through it.
 */

const intro = 'age-encryption.org/v1\n';
const wrapInfo = 'age-encryption.org/v1/X25519';
const cipher = 'chacha20-poly1305';
const pieceSize = 65_536;
const tagSize = 16;
/** A header is some hundred bytes a recipient; more than this is none of ours. */
const longestHeader = 65_536;

/** The bytes are not what was sealed, or not for this identity. Nothing of them may be used. */
export class SealBroken extends Error {
  override readonly name = 'SealBroken';
}

export interface AgeKeys {
  /** `AGE-SECRET-KEY-1…`: opens. Never kept where backups are made. */
  readonly identity: string;
  /** `age1…`: seals. */
  readonly recipient: string;
}

/** A new pair of keys. */
export function newIdentity(): AgeKeys {
  const { privateKey } = generateKeyPairSync('x25519');
  const secret = Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url');
  const identity = encodeBech32('age-secret-key-', secret).toUpperCase();
  return Object.freeze({ identity, recipient: recipientOf(identity) });
}

/** The public half of an identity. Throws TypeError for text that is none. */
export function recipientOf(identity: string): string {
  return encodeBech32('age', publicBytes(identityKey(identity)));
}

/** Whether a text is an X25519 recipient. */
export function isRecipient(text: string): boolean {
  return text === text.toLowerCase() && decodeBech32('age', text)?.length === 32;
}

/** The identities in a file as `age-keygen` writes it: one a line, `#` begins a remark. Throws TypeError for other lines. */
export function identitiesIn(text: string): readonly string[] {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const found = lines.filter((line) => line !== '' && !line.startsWith('#'));
  for (const line of found) identityKey(line);
  return found;
}

/** Seals for every recipient: each of them can open alone. Throws TypeError for a recipient that is none. */
export function seal(plain: Uint8Array, recipients: readonly string[]): Uint8Array {
  if (recipients.length === 0) throw new TypeError('something is sealed for somebody');
  const fileKey = randomBytes(16);
  const head = headerFor(fileKey, recipients);
  const nonce = randomBytes(16);
  const key = derive(fileKey, nonce, 'payload');
  const pieces = Math.max(1, Math.ceil(plain.length / pieceSize));
  const out = Buffer.allocUnsafe(head.length + nonce.length + plain.length + pieces * tagSize);
  head.copy(out, 0);
  nonce.copy(out, head.length);
  let at = head.length + nonce.length;
  for (let index = 0; index < pieces; index++) {
    const part = plain.subarray(index * pieceSize, (index + 1) * pieceSize);
    const sealer = createCipheriv(cipher, key, pieceNonce(index, index === pieces - 1), { authTagLength: tagSize });
    at += sealer.update(part).copy(out, at);
    sealer.final();
    at += sealer.getAuthTag().copy(out, at);
  }
  return out;
}

/** The plain bytes. Throws `SealBroken` where one byte is not as it was sealed, or none of the recipients is this identity. */
export function open(sealed: Uint8Array, identity: string): Uint8Array {
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
  const { fileKey, end } = readHeader(bytes, identityKey(identity));
  const body = bytes.subarray(end + 16);
  if (bytes.length < end + 16 + tagSize) throw new SealBroken('the sealed bytes end too early');
  const key = derive(fileKey, bytes.subarray(end, end + 16), 'payload');
  const pieces = Math.ceil(body.length / (pieceSize + tagSize));
  const out = Buffer.allocUnsafe(body.length - pieces * tagSize);
  let at = 0;
  for (let index = 0; index < pieces; index++) {
    const piece = body.subarray(index * (pieceSize + tagSize), (index + 1) * (pieceSize + tagSize));
    const last = index === pieces - 1;
    // An empty last piece stands only for an empty whole.
    if (piece.length < tagSize || (last && piece.length === tagSize && index > 0))
      throw new SealBroken('the sealed bytes end too early');
    at += openPiece(key, pieceNonce(index, last), piece).copy(out, at);
  }
  return out;
}

function openPiece(key: Buffer, nonce: Buffer, piece: Buffer): Buffer {
  const opener = createDecipheriv(cipher, key, nonce, { authTagLength: tagSize });
  opener.setAuthTag(piece.subarray(piece.length - tagSize));
  const plain = opener.update(piece.subarray(0, piece.length - tagSize));
  try {
    opener.final();
  } catch (error) {
    throw new SealBroken('the sealed bytes are not those that were sealed', { cause: error });
  }
  return plain;
}

function headerFor(fileKey: Buffer, recipients: readonly string[]): Buffer {
  const stanzas = recipients.map((recipient) => {
    const point = decodeBech32('age', recipient);
    if (!isRecipient(recipient) || point === undefined) throw new TypeError(`\`${recipient}\` is no age recipient`);
    const { privateKey, publicKey } = generateKeyPairSync('x25519');
    const share = publicBytes(publicKey);
    const wrapping = wrappingKey(privateKey, point, share, point);
    const sealer = createCipheriv(cipher, wrapping, Buffer.alloc(12), { authTagLength: tagSize });
    const body = Buffer.concat([sealer.update(fileKey), sealer.final(), sealer.getAuthTag()]);
    return `-> X25519 ${base64(share)}\n${base64(body)}\n`;
  });
  const text = `${intro}${stanzas.join('')}---`;
  return Buffer.from(`${text} ${base64(headerMac(fileKey, text))}\n`, 'latin1');
}

function readHeader(bytes: Buffer, identity: KeyObject): { readonly fileKey: Buffer; readonly end: number } {
  const start = bytes.subarray(0, longestHeader).toString('latin1');
  const mark = start.indexOf('\n--- ');
  const close = start.indexOf('\n', mark + 1);
  if (!start.startsWith(intro) || mark < 0 || close < 0) throw new SealBroken('this is no age file');
  const text = start.slice(0, mark + 4);
  const mac = fromBase64(start.slice(mark + 5, close));
  for (const { share, body } of stanzasIn(text.slice(intro.length, -3))) {
    const fileKey = unwrap(identity, share, body);
    if (fileKey === undefined) continue;
    const expected = headerMac(fileKey, text);
    if (mac?.length !== expected.length || !timingSafeEqual(mac, expected))
      throw new SealBroken('the header is not the one that was sealed');
    return { fileKey, end: close + 1 };
  }
  throw new SealBroken('this is not sealed for this identity');
}

/** The X25519 stanzas; others are passed over, as age itself does. */
function stanzasIn(text: string): readonly { readonly share: Buffer; readonly body: Buffer }[] {
  const found: { share: Buffer; body: Buffer }[] = [];
  for (const match of text.matchAll(/-> X25519 ([A-Za-z0-9+/]{43})\n([A-Za-z0-9+/]{43})\n/g)) {
    const share = fromBase64(match[1] ?? '');
    const body = fromBase64(match[2] ?? '');
    if (share?.length === 32 && body?.length === 32) found.push({ share, body });
  }
  return found;
}

function unwrap(identity: KeyObject, share: Buffer, body: Buffer): Buffer | undefined {
  try {
    const wrapping = wrappingKey(identity, share, share, publicBytes(identity));
    const opener = createDecipheriv(cipher, wrapping, Buffer.alloc(12), { authTagLength: tagSize });
    opener.setAuthTag(body.subarray(16));
    return Buffer.concat([opener.update(body.subarray(0, 16)), opener.final()]);
  } catch {
    // Meant for another recipient, or a point that gives no secret: either way not ours.
    return undefined;
  }
}

function wrappingKey(mine: KeyObject, theirs: Uint8Array, share: Uint8Array, recipient: Uint8Array): Buffer {
  const publicKey = createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'X25519', x: base64url(theirs) } });
  // Throws for a point of low order, whose secret would be known to everybody.
  const secret = diffieHellman({ privateKey: mine, publicKey });
  return derive(secret, Buffer.concat([share, recipient]), wrapInfo);
}

function headerMac(fileKey: Buffer, text: string): Buffer {
  return createHmac('sha256', derive(fileKey, Buffer.alloc(0), 'header'))
    .update(text, 'latin1')
    .digest();
}

function derive(key: Buffer, salt: Buffer, info: string): Buffer {
  return Buffer.from(hkdfSync('sha256', key, salt, info, 32));
}

/** Eleven bytes of counter, and one that says whether it is the last. */
function pieceNonce(index: number, last: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(index, 5, 6);
  nonce[11] = last ? 1 : 0;
  return nonce;
}

function identityKey(identity: string): KeyObject {
  const secret = decodeBech32('age-secret-key-', identity);
  if (secret?.length !== 32) throw new TypeError('this is no age identity: it begins with `AGE-SECRET-KEY-1`');
  // RFC 8410: the fixed head of a private key of this kind in PKCS #8.
  const der = Buffer.concat([Buffer.from('302e020100300506032b656e04220420', 'hex'), secret]);
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
}

function publicBytes(key: KeyObject): Buffer {
  const half = key.type === 'private' ? createPublicKey(key) : key;
  return Buffer.from(half.export({ format: 'jwk' }).x ?? '', 'base64url');
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replaceAll('=', '');
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}

/** Only the one way of writing the bytes. */
function fromBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return base64(bytes) === text ? bytes : undefined;
}
