import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual, X509Certificate } from 'node:crypto';

/** Server's last word did not fit: whoever answers does not know the password either. */
export class NotTheServer extends Error {
  override readonly name = 'NotTheServer';
}

/** Larger work factors than this are refused: a hostile server could keep us busy with one. */
const mostIterations = 1_000_000;

export interface ScramStart {
  readonly mechanism: 'SCRAM-SHA-256' | 'SCRAM-SHA-256-PLUS';
  readonly first: string;
}

/**
 * The client's side of SCRAM-SHA-256 (RFC 5802, RFC 7677), with channel binding (RFC 5929 `tls-server-end-point`) where
 * the server offers it and the line is encrypted. Each step throws for a server that does not follow the protocol.
 */
export class Scram {
  readonly #password: string;
  readonly #nonce: string;
  readonly #binding: Uint8Array | undefined;
  #header = 'n,,';
  #bare = '';
  #serverSignature: Buffer | undefined;

  /** `certificate`: the server's, in DER, where the line is encrypted. */
  constructor(password: string, certificate?: Uint8Array, nonce = randomBytes(18).toString('base64')) {
    this.#password = password;
    this.#nonce = nonce;
    this.#binding = certificate === undefined ? undefined : endPointOf(certificate);
  }

  start(offered: readonly string[]): ScramStart {
    const plus = this.#binding !== undefined && offered.includes('SCRAM-SHA-256-PLUS');
    if (!plus && !offered.includes('SCRAM-SHA-256')) throw new NotTheServer('the server offers no SCRAM-SHA-256');
    // `y` tells an honest server that somebody removed its offer of channel binding.
    this.#header = plus ? 'p=tls-server-end-point,,' : this.#binding === undefined ? 'n,,' : 'y,,';
    // PostgreSQL takes the name from the start-up packet.
    this.#bare = `n=,r=${this.#nonce}`;
    return { mechanism: plus ? 'SCRAM-SHA-256-PLUS' : 'SCRAM-SHA-256', first: this.#header + this.#bare };
  }

  /** The client's proof, for the server's first message. */
  prove(serverFirst: string): string {
    const { r: nonce = '', s: salt = '', i = '' } = attributes(serverFirst);
    const iterations = Number(i);
    if (!nonce.startsWith(this.#nonce) || nonce === this.#nonce) throw new NotTheServer('the server changed our nonce');
    if (salt === '' || !Number.isInteger(iterations) || iterations < 4096 || iterations > mostIterations)
      throw new NotTheServer('the server asks for an unfit key derivation');
    const bound = this.#header.startsWith('p') ? (this.#binding ?? new Uint8Array()) : new Uint8Array();
    const channel = Buffer.concat([Buffer.from(this.#header), bound]).toString('base64');
    const withoutProof = `c=${channel},r=${nonce}`;
    const said = `${this.#bare},${serverFirst},${withoutProof}`;
    const salted = pbkdf2Sync(prepared(this.#password), Buffer.from(salt, 'base64'), iterations, 32, 'sha256');
    const clientKey = hmac(salted, 'Client Key');
    const signature = hmac(createHash('sha256').update(clientKey).digest(), said);
    this.#serverSignature = hmac(hmac(salted, 'Server Key'), said);
    const proof = Buffer.from(clientKey.map((byte, at) => byte ^ (signature[at] ?? 0)));
    return `${withoutProof},p=${proof.toString('base64')}`;
  }

  /** Throws unless the server has proved that it knows the password as well. */
  finish(serverFinal: string): void {
    const proof = Buffer.from(attributes(serverFinal)['v'] ?? '', 'base64');
    const expected = this.#serverSignature;
    if (expected === undefined || proof.length !== expected.length || !timingSafeEqual(proof, expected))
      throw new NotTheServer('the server did not prove that it knows the password');
  }
}

function hmac(key: Uint8Array, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

/** PostgreSQL takes the bytes as they are where SASLprep refuses them; for ordinary passwords both are the same. */
function prepared(password: string): string {
  return password.normalize('NFKC');
}

function attributes(text: string): { readonly [name: string]: string } {
  return Object.fromEntries(text.split(',').map((part) => [part.slice(0, 1), part.slice(2)]));
}

/** The certificate's hash by its own signature's algorithm; MD5 and SHA-1 count as SHA-256. Undefined where that is unknown. */
function endPointOf(certificate: Uint8Array): Uint8Array | undefined {
  const { signatureAlgorithm = '' } = new X509Certificate(certificate) as { readonly signatureAlgorithm?: string };
  const found = /sha(256|384|512|1)|md5/i.exec(signatureAlgorithm)?.[0]?.toLowerCase();
  if (found === undefined) return undefined;
  const algorithm = found === 'sha384' || found === 'sha512' ? found : 'sha256';
  return createHash(algorithm).update(certificate).digest();
}
