import {
  argon2,
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  type KeyObject,
} from 'node:crypto';
import { Complaint } from '../complaint.ts';
import { canonicalJson } from '../../model/json.ts';

/** How a passphrase becomes a key (RFC 9106). Memory in KiB. */
interface Derivation {
  readonly name: 'argon2id';
  /** base64url, 16 bytes. */
  readonly salt: string;
  readonly memory: number;
  readonly passes: number;
  readonly parallelism: number;
}

/** A signer's key as it rests: the public half readable, the private half sealed under a passphrase. */
export interface KeyFile {
  readonly schema: 'holdpoint/signer-key/v1';
  /** The human's name. */
  readonly name: string;
  /** SubjectPublicKeyInfo, DER, base64url. */
  readonly publicKey: string;
  readonly derivation: Derivation;
  /** AES-256-GCM over the PKCS#8 DER of the private key, everything else in this file bound to it: nonce, text, tag. base64url. */
  readonly sealed: string;
}

/** RFC 9106, section 4, second recommendation. */
const recommended = { memory: 65_536, passes: 3, parallelism: 4 } as const;
const nonceBytes = 12;
const tagBytes = 16;

/** Characters. */
const shortestPassphrase = 12;

/** Throws `Complaint` for a passphrase that is too short to seal a key with. */
export function refuseShort(passphrase: string): void {
  if (Array.from(passphrase).length < shortestPassphrase)
    throw new Complaint(`a passphrase has at least ${shortestPassphrase} characters`, 'take several words');
}

/** A fresh Ed25519 key, sealed. Throws `Complaint` for a passphrase that is too short. */
export async function makeKeyFile(name: string, passphrase: string): Promise<KeyFile> {
  refuseShort(passphrase);
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const head = {
    schema: 'holdpoint/signer-key/v1',
    name,
    publicKey: publicKey.export({ type: 'spki', format: 'der' }).toString('base64url'),
    derivation: { name: 'argon2id', salt: randomBytes(16).toString('base64url'), ...recommended },
  } as const;
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', await derive(passphrase, head.derivation), nonce);
  cipher.setAAD(Buffer.from(canonicalJson(head)));
  const secret = privateKey.export({ type: 'pkcs8', format: 'der' });
  const text = Buffer.concat([cipher.update(secret), cipher.final()]);
  secret.fill(0);
  return { ...head, sealed: Buffer.concat([nonce, text, cipher.getAuthTag()]).toString('base64url') };
}

/** The private key. Throws `Complaint` for a wrong passphrase and for a file that somebody changed: they look the same. */
export async function openKeyFile(file: KeyFile, passphrase: string): Promise<KeyObject> {
  const { sealed, ...head } = file;
  const bytes = Buffer.from(sealed, 'base64url');
  const key = await derive(passphrase, head.derivation);
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes });
    decipher.setAAD(Buffer.from(canonicalJson({ ...head, derivation: { ...head.derivation } })));
    decipher.setAuthTag(bytes.subarray(-tagBytes));
    const secret = Buffer.concat([decipher.update(bytes.subarray(nonceBytes, -tagBytes)), decipher.final()]);
    const privateKey = createPrivateKey({ key: secret, format: 'der', type: 'pkcs8' });
    secret.fill(0);
    const own = createPublicKey(privateKey).export({ type: 'spki', format: 'der' }).toString('base64url');
    if (own !== file.publicKey) throw new Error('the public half belongs to another key');
    return privateKey;
  } catch (cause) {
    throw new Complaint(
      `this passphrase does not open the key of \`${file.name}\``,
      'try again; a lost passphrase cannot be had back: another signer enrols a new key for you',
      { cause },
    );
  }
}

/** Reads the text of a key file. Throws `Complaint` for anything that is not one, costs out of bounds included. */
export function parseKeyFile(text: string, path: string): KeyFile {
  const bad = (cause?: unknown): Complaint =>
    new Complaint(`\`${path}\` is no signer's key`, 'name another with --key, or make one: holdpoint signer add', {
      cause,
    });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw bad(cause);
  }
  if (!isRecord(value) || Object.keys(value).sort().join(' ') !== 'derivation name publicKey schema sealed')
    throw bad();
  const { schema, name, publicKey, derivation, sealed } = value;
  if (schema !== 'holdpoint/signer-key/v1' || typeof name !== 'string' || !isBase64url(publicKey)) throw bad();
  if (!isBase64url(sealed) || Buffer.from(sealed, 'base64url').length < nonceBytes + tagBytes + 1) throw bad();
  if (!isDerivation(derivation)) throw bad();
  return { schema, name, publicKey, derivation, sealed };
}

function isDerivation(value: unknown): value is Derivation {
  if (!isRecord(value) || value['name'] !== 'argon2id' || !isBase64url(value['salt'])) return false;
  // Whoever can write the file must not be able to make the costs small, or ask for a terabyte.
  return (
    Object.keys(value).length === 5 &&
    within(value['memory'], 65_536, 1_048_576) &&
    within(value['passes'], 1, 16) &&
    within(value['parallelism'], 1, 16)
  );
}

function within(value: unknown, least: number, most: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;
}

function isBase64url(value: unknown): value is string {
  return typeof value === 'string' && /^[\w-]{1,4096}$/.test(value);
}

function isRecord(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

async function derive(passphrase: string, derivation: Derivation): Promise<Buffer> {
  const { salt, memory, passes, parallelism } = derivation;
  return new Promise((resolve, reject) => {
    argon2(
      'argon2id',
      {
        message: Buffer.from(passphrase.normalize('NFC')),
        nonce: Buffer.from(salt, 'base64url'),
        memory,
        passes,
        parallelism,
        tagLength: 32,
      },
      (error, key) => (error === null ? resolve(key) : reject(error)),
    );
  });
}
