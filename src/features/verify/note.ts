import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';

/** A public key with its name, read from `<name>+<key id>+<base64>` (https://c2sp.org/signed-note). */
export interface VerifierKey {
  readonly name: string;
  readonly id: Buffer;
  readonly key: KeyObject;
}

/** A tree head that its signature vouches for. */
export interface Checkpoint {
  readonly size: number;
  readonly root: Buffer;
}

const longestNote = 64 * 1024;
const mostSignatures = 64;

/** Undefined unless the text is an Ed25519 verifier key whose id fits its name and key. */
export function parseVerifierKey(text: string): VerifierKey | undefined {
  const [, name, hex, encoded] = /^([^+\s\p{Cc}]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/u.exec(text) ?? [];
  if (name === undefined || hex === undefined || encoded === undefined) return undefined;
  const bytes = exactBase64(encoded);
  if (bytes === undefined || bytes.length !== 33 || bytes[0] !== 1) return undefined;
  const id = createHash('sha256').update(name).update('\n').update(bytes).digest().subarray(0, 4);
  if (id.toString('hex') !== hex) return undefined;
  try {
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: bytes.subarray(1).toString('base64url') };
    return { name, id, key: createPublicKey({ key: jwk, format: 'jwk' }) };
  } catch {
    return undefined;
  }
}

/**
 * The text of a signed note, if the key signed it. Signatures by other keys are passed over, as the format asks; one that
 * claims to be by this key and is not spoils the whole note.
 */
export function openNote(note: string, by: VerifierKey): string | undefined {
  if (note.length > longestNote || !note.isWellFormed() || !note.endsWith('\n')) return undefined;
  // Control characters other than the newline are not allowed anywhere.
  if (/[\u0000-\u0009\u000b-\u001f]/.test(note)) return undefined;
  const end = note.lastIndexOf('\n\n');
  if (end === -1) return undefined;
  const text = note.slice(0, end + 1);
  const lines = note.slice(end + 2, -1).split('\n');
  if (lines.length > mostSignatures) return undefined;
  const checks = lines.map((line) => checkSignature(line, text, by));
  return checks.includes('bad') || !checks.includes('good') ? undefined : text;
}

/** The tree head in a C2SP tlog-checkpoint that the key signed under its own name; undefined for anything else. */
export function openCheckpoint(note: string, by: VerifierKey): Checkpoint | undefined {
  const lines = openNote(note, by)?.split('\n');
  if (lines === undefined || lines.pop() !== '' || lines.length < 3 || lines.includes('')) return undefined;
  const [origin, digits, encoded] = lines;
  if (origin !== by.name || digits === undefined || encoded === undefined) return undefined;
  if (!/^(?:0|[1-9][0-9]{0,11})$/.test(digits)) return undefined;
  const root = exactBase64(encoded);
  return root === undefined || root.length !== 32 ? undefined : { size: Number(digits), root };
}

function checkSignature(line: string, text: string, by: VerifierKey): 'good' | 'bad' | 'other' {
  const [, name, encoded] = /^— ([^+\s]+) ([A-Za-z0-9+/=]+)$/u.exec(line) ?? [];
  const bytes = encoded === undefined ? undefined : exactBase64(encoded);
  if (name === undefined || bytes === undefined || bytes.length < 5) return 'bad';
  if (name !== by.name || !bytes.subarray(0, 4).equals(by.id)) return 'other';
  return verify(null, Buffer.from(text), by.key, bytes.subarray(4)) ? 'good' : 'bad';
}

/** Bytes of standard base64; undefined for a second way of writing the same bytes. */
export function exactBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}
