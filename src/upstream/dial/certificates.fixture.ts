// tsyringe, inside @peculiar/x509, throws on load without it.
import 'reflect-metadata';
import {
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

export interface ServerIdentity {
  readonly key: string;
  readonly cert: string;
}

/** A certificate authority for one test run, and servers' identities under it. */
export interface ThrowawayAuthority {
  readonly pem: string;
  identity(
    names: readonly (
      | { readonly type: 'dns'; readonly value: string }
      | { readonly type: 'ip'; readonly value: string }
    )[],
  ): Promise<ServerIdentity>;
}

export async function throwawayAuthority(): Promise<ThrowawayAuthority> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const root = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=throw-away authority',
    keys,
    signingAlgorithm: algorithm,
    ...validity(),
    extensions: [new BasicConstraintsExtension(true, 0, true), new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true)],
  });
  return {
    pem: root.toString('pem'),
    identity: async (names) => {
      const own = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
      const certificate: X509Certificate = await X509CertificateGenerator.create({
        subject: 'CN=throw-away server',
        issuer: root.subject,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: algorithm,
        ...validity(),
        extensions: [new SubjectAlternativeNameExtension(names.map((name) => ({ ...name })))],
      });
      const key = PemConverter.encode(await crypto.subtle.exportKey('pkcs8', own.privateKey), 'PRIVATE KEY');
      return { key, cert: certificate.toString('pem') };
    },
  };
}

function validity(): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(Date.now() - 3_600_000), notAfter: new Date(Date.now() + 3_600_000) };
}
