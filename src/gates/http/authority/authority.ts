import 'reflect-metadata';
import { X509Certificate as NodeCertificate, createPrivateKey, randomBytes, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { Clock } from '../../../contract/clock.ts';
import { nameConstraints } from './name-constraints.ts';

/** Our own certificate authority, able to vouch for the configured hosts and nothing else. */
export interface Authority {
  /** PEM of the CA certificate; public. */
  readonly certificate: string;
  /** What it may vouch for: each name and everything under it. */
  readonly hosts: readonly string[];
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** Whether it may vouch for this host. */
  covers(host: string): boolean;
  /** A certificate for exactly this host and its key, made when first asked for. Throws for a host out of bounds. */
  leaf(host: string): Promise<Leaf>;
  /** PEM of certificate and key. The key is a secret: only the vault keeps it. */
  serialise(): AuthorityPem;
  /** What clients are to trust: the system's roots (PEM) and ours. `SSL_CERT_FILE` replaces roots, so ours alone would not do. */
  bundle(systemRootsPem: string): string;
}

export interface Leaf {
  /** PEM. */
  readonly certificate: string;
  /** PEM, PKCS #8. */
  readonly key: string;
  /** Milliseconds since the epoch; a new one is made well before. */
  readonly renewAt: number;
}

export interface AuthorityPem {
  readonly certificate: string;
  readonly key: string;
}

/** An authority that serves no longer: made for other hosts, or about to expire. A new one has to be made and trusted. */
export class AuthorityStale extends Error {
  readonly reason: 'hosts' | 'expiry';

  constructor(reason: AuthorityStale['reason'], message: string) {
    super(message);
    this.name = 'AuthorityStale';
    this.reason = reason;
  }
}

const day = 86_400_000;
const authorityDays = 730;
const leafDays = 30;
/** With fewer days left a new one is made at the next start; leaves of today's still live well within it. */
export const renewalDays = 60;
/** Leaves kept in memory: a permitted name covers any number of hosts under it. */
const mostKept = 256;
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/**
 * A new authority: ECDSA P-256, path length 0, critical name constraints. `hosts` are DNS names; a leading dot is
 * ignored, since a permitted name covers everything under it anyway. A new judged host means a new authority.
 */
export async function makeAuthority(given: {
  readonly hosts: readonly string[];
  readonly clock: Clock;
}): Promise<Authority> {
  const hosts = authorityHosts(given.hosts);
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const now = given.clock.now();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: `CN=Holdpoint local authority ${randomBytes(4).toString('hex')}`,
    notBefore: new Date(now - day),
    notAfter: new Date(now + authorityDays * day),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      new x509.Extension('2.5.29.30', true, new Uint8Array(nameConstraints(hosts))),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  return authorityFrom({ certificate: pem(certificate), key: pemOfKey(key) }, hosts, given.clock);
}

/**
 * An authority that was serialised before. Throws when key and certificate are not a pair, and `AuthorityStale` when it
 * expires soon or its hosts are not the ones it was made for.
 */
export async function loadAuthority(
  given: AuthorityPem & { readonly hosts: readonly string[]; readonly clock: Clock },
): Promise<Authority> {
  const hosts = authorityHosts(given.hosts);
  const parsed = new NodeCertificate(given.certificate);
  if (!parsed.checkPrivateKey(createPrivateKey(given.key))) {
    throw new Error('the certificate authority and its key are not a pair');
  }
  if (parsed.validToDate.getTime() - renewalDays * day < given.clock.now()) {
    throw new AuthorityStale('expiry', `the certificate authority expires on ${parsed.validTo}`);
  }
  const extension = new x509.X509Certificate(given.certificate).getExtension('2.5.29.30');
  const expected = nameConstraints(hosts);
  if (extension?.critical !== true || !expected.equals(Buffer.from(extension.value))) {
    throw new AuthorityStale('hosts', 'the certificate authority was made for other hosts');
  }
  return authorityFrom({ certificate: given.certificate, key: given.key }, hosts, given.clock);
}

async function authorityFrom(own: AuthorityPem, hosts: readonly string[], clock: Clock): Promise<Authority> {
  const issuer = new x509.X509Certificate(own.certificate);
  const signingKey = await webcrypto.subtle.importKey(
    'pkcs8',
    createPrivateKey(own.key).export({ type: 'pkcs8', format: 'der' }),
    algorithm,
    false,
    ['sign'],
  );
  const leaves = new Map<string, Promise<Leaf>>();

  const covers = (host: string): boolean => hosts.some((one) => host === one || host.endsWith(`.${one}`));

  async function leaf(host: string): Promise<Leaf> {
    if (!covers(host)) {
      throw new Error(`host \`${host}\` is outside what the certificate authority may vouch for`);
    }
    const kept = await leaves.get(host);
    if (kept !== undefined && clock.now() < kept.renewAt) return kept;
    const made = makeLeaf(host, issuer, signingKey, clock.now());
    if (leaves.size >= mostKept) leaves.delete(leaves.keys().next().value ?? host);
    leaves.set(host, made);
    // A failure is not remembered: the next asker tries again.
    made.catch(() => leaves.delete(host));
    return made;
  }

  return Object.freeze({
    certificate: own.certificate,
    hosts,
    expiresAt: new NodeCertificate(own.certificate).validToDate.getTime(),
    covers,
    leaf,
    serialise: () => own,
    bundle: (systemRootsPem: string) => `${systemRootsPem.trimEnd()}\n${own.certificate.trim()}\n`.trimStart(),
  });
}

async function makeLeaf(host: string, issuer: x509.X509Certificate, signingKey: CryptoKey, now: number): Promise<Leaf> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: `CN=${host.length <= 64 ? host : 'holdpoint'}`,
    issuer: issuer.subjectName,
    notBefore: new Date(now - day),
    notAfter: new Date(now + leafDays * day),
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey,
    signingKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: host }]),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  return Object.freeze({ certificate: pem(certificate), key: pemOfKey(key), renewAt: now + (leafDays - 10) * day });
}

/** Sorted, distinct, without leading dots; refuses what is no DNS name, and an empty list, which would constrain nothing. */
export function authorityHosts(given: readonly string[]): readonly string[] {
  const names = given.map((host) => host.toLowerCase().replace(/^\./, ''));
  const bad = names.find((name) => !/^(?=.{1,253}$)[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+$/.test(name));
  if (bad !== undefined) throw new Error(`\`${bad}\` is no host name that a certificate authority can be limited to`);
  if (names.length === 0) throw new Error('a certificate authority needs at least one host to be limited to');
  return Object.freeze([...new Set(names)].sort());
}

/** 127 random bits, positive. */
function serial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}

function pem(certificate: x509.X509Certificate): string {
  return `${certificate.toString('pem').trim()}\n`;
}

function pemOfKey(pkcs8: Buffer): string {
  const lines = pkcs8.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`;
}
