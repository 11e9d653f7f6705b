import 'reflect-metadata';
import { X509Certificate, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TLSSocket, connect, createServer } from 'node:tls';
import * as x509 from '@peculiar/x509';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Authority, loadAuthority, makeAuthority } from './authority.ts';
import { nameConstraints } from './name-constraints.ts';
import { openAuthority } from './open-authority.ts';

const clock = { now: () => Date.now() };
const hosts = ['backboard.railway.com', '.railway.app'];
const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

test('C1: the authority is bound to its hosts, critically, and to no address at all', async () => {
  const authority = await makeAuthority({ hosts, clock });
  const certificate = new X509Certificate(authority.certificate);
  expect(certificate.ca).toBe(true);
  expect(certificate.verify(certificate.publicKey)).toBe(true);
  expect(certificate.publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
  expect(authority.hosts).toEqual(['backboard.railway.com', 'railway.app']);
  const extension = new x509.X509Certificate(authority.certificate).getExtension('2.5.29.30');
  expect(extension?.critical).toBe(true);
});

test.skipIf(!hasOpenssl)(
  'C1: OpenSSL reads the constraints, accepts what is inside and refuses what is outside',
  async () => {
    const authority = await makeAuthority({ hosts, clock });
    const folder = mkdtempSync(join(tmpdir(), 'hp-authority-'));
    try {
      const ca = join(folder, 'ca.pem');
      const leaf = join(folder, 'leaf.pem');
      writeFileSync(ca, authority.certificate);
      const text = spawnSync('openssl', ['x509', '-in', ca, '-noout', '-text'], { encoding: 'utf8' }).stdout;
      expect(text).toMatch(
        /X509v3 Name Constraints: critical\s+Permitted:\s+DNS:backboard\.railway\.com\s+DNS:railway\.app\s+Excluded:\s+IP:0\.0\.0\.0\/0\.0\.0\.0\s+IP:0:0:0:0:0:0:0:0\/0:0:0:0:0:0:0:0/,
      );
      expect(text).toMatch(/X509v3 Basic Constraints: critical\s+CA:TRUE, pathlen:0/);
      for (const host of ['backboard.railway.com', 'a.up.railway.app']) {
        writeFileSync(leaf, (await authority.leaf(host)).certificate);
        const checked = spawnSync(
          'openssl',
          ['verify', '-x509_strict', '-CAfile', ca, '-verify_hostname', host, leaf],
          { encoding: 'utf8' },
        );
        expect(checked.stdout + checked.stderr).toContain('OK');
      }
      // With the stolen key, for a name outside: the signature is good, the constraint is not.
      for (const name of [
        { type: 'dns', value: 'github.com' },
        { type: 'ip', value: '10.0.0.1' },
      ] as const) {
        writeFileSync(leaf, await forged(authority.serialise(), name));
        const checked = spawnSync('openssl', ['verify', '-CAfile', ca, leaf], { encoding: 'utf8' });
        expect(checked.stdout + checked.stderr).toMatch(/permitted subtree violation|excluded subtree violation/);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);

test('C1: Node refuses a forged name, too', async () => {
  const authority = await makeAuthority({ hosts, clock });
  const key = createPrivateKey(authority.serialise().key).export({ type: 'pkcs8', format: 'pem' });
  const cert = await forged(authority.serialise(), { type: 'dns', value: 'github.com' });
  const server = createServer({ key, cert }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  const failure = await new Promise<string>((resolve) => {
    const socket: TLSSocket = connect({ port, ca: authority.certificate, servername: 'github.com' }, () =>
      resolve('trusted'),
    );
    socket.on('error', (error) => resolve(error.message));
  });
  server.close();
  expect(failure).toBe('permitted subtree violation');
});

test('a leaf is for one host, made once, and renewed before it ends', async () => {
  let now = Date.now();
  const authority = await makeAuthority({ hosts, clock: { now: () => now } });
  const [one, again] = await Promise.all([
    authority.leaf('backboard.railway.com'),
    authority.leaf('backboard.railway.com'),
  ]);
  const certificate = new X509Certificate(one.certificate);
  expect(certificate.subjectAltName).toBe('DNS:backboard.railway.com');
  expect(certificate.checkPrivateKey(createPrivateKey(one.key))).toBe(true);
  expect(certificate.verify(new X509Certificate(authority.certificate).publicKey)).toBe(true);
  expect((await authority.leaf('backboard.railway.com')).certificate).toBe(again.certificate);
  now = one.renewAt;
  expect((await authority.leaf('backboard.railway.com')).certificate).not.toBe(one.certificate);
});

test.each(['github.com', 'evilrailway.app', 'railway.app.evil.test', '', '1.2.3.4'])(
  'C1 F1: no leaf for %s',
  async (host) => {
    const authority = await makeAuthority({ hosts, clock });
    await expect(authority.leaf(host)).rejects.toThrow('outside');
  },
);

test.each([[[]], [['*']], [['localhost']], [['a b.test']], [['1.2.3.4/8']]])(
  'F1: no authority for %j',
  async (names) => {
    await expect(makeAuthority({ hosts: names, clock })).rejects.toThrow();
  },
);

test('C5: kept and loaded again it is the same; a foreign key, other hosts and age are refused', async () => {
  const authority = await makeAuthority({ hosts, clock });
  const pems = authority.serialise();
  const loaded = await loadAuthority({ ...pems, hosts, clock });
  expect(loaded.certificate).toBe(authority.certificate);
  expect(
    new X509Certificate((await loaded.leaf('x.railway.app')).certificate).verify(
      new X509Certificate(authority.certificate).publicKey,
    ),
  ).toBe(true);
  const other = await makeAuthority({ hosts, clock });
  await expect(
    loadAuthority({ certificate: pems.certificate, key: other.serialise().key, hosts, clock }),
  ).rejects.toThrow('not a pair');
  await expect(loadAuthority({ ...pems, hosts: [...hosts, 'api.new.test'], clock })).rejects.toThrow('other hosts');
  await expect(loadAuthority({ ...pems, hosts, clock: { now: () => Date.now() + 720 * 86_400_000 } })).rejects.toThrow(
    'expires',
  );
});

/** Keeps what it is given, and remembers why. */
function keepIn(kept: { text?: string; why: string[] }): Parameters<typeof openAuthority>[0]['keep'] {
  return {
    read: async () => kept.text,
    write: async (text, { reason }) => {
      kept.text = text;
      kept.why.push(reason);
    },
  };
}

test('openAuthority makes once and keeps', async () => {
  const kept: { text?: string; why: string[] } = { why: [] };
  const first = await openAuthority({ hosts, clock, keep: keepIn(kept) });
  const second = await openAuthority({ hosts: [...hosts].reverse(), clock, keep: keepIn(kept) });
  expect(second.certificate).toBe(first.certificate);
  expect(kept.why).toEqual(['first']);
  expect(kept.text).toContain('BEGIN PRIVATE KEY');
  const data = Buffer.from('x');
  const key = createPrivateKey(second.serialise().key);
  expect(verify('sha256', data, createPublicKey(key), sign('sha256', data, key))).toBe(true);
});

test('openAuthority makes another for other hosts and before it expires, and the new one is kept', async () => {
  const kept: { text?: string; why: string[] } = { why: [] };
  let now = Date.now();
  const open = (names: readonly string[]): Promise<Authority> =>
    openAuthority({ hosts: names, clock: { now: () => now }, keep: keepIn(kept) });
  const first = await open(hosts);
  const wider = await open([...hosts, 'registry.npmjs.org']);
  expect(wider.covers('registry.npmjs.org')).toBe(true);
  expect(first.covers('registry.npmjs.org')).toBe(false);
  expect((await open([...hosts, 'registry.npmjs.org'])).certificate).toBe(wider.certificate);
  const narrower = await open(hosts);
  expect(narrower.covers('registry.npmjs.org')).toBe(false);
  now = narrower.expiresAt - 61 * 86_400_000;
  expect((await open(hosts)).certificate).toBe(narrower.certificate);
  now += 2 * 86_400_000;
  const renewed = await open(hosts);
  expect(renewed.expiresAt).toBeGreaterThan(narrower.expiresAt);
  expect(kept.why).toEqual(['first', 'hosts', 'hosts', 'expiry']);
});

test('C5 F1: a kept authority that is damaged is not replaced but refused', async () => {
  const kept: { text?: string; why: string[] } = { why: [] };
  await openAuthority({ hosts, clock, keep: keepIn(kept) });
  const other = await makeAuthority({ hosts, clock });
  const [certificate] = (kept.text ?? '').split('-----BEGIN PRIVATE KEY-----');
  for (const text of ['', 'nothing', certificate, `${certificate}${other.serialise().key}`]) {
    const damaged = { text: text ?? '', why: [] };
    await expect(openAuthority({ hosts, clock, keep: keepIn(damaged) })).rejects.toThrow();
    expect(damaged.why).toEqual([]);
  }
});

test('a bundle is the system’s roots and ours', async () => {
  const authority = await makeAuthority({ hosts, clock });
  const bundle = authority.bundle('-----BEGIN CERTIFICATE-----\nroot\n-----END CERTIFICATE-----');
  expect(bundle).toBe(`-----BEGIN CERTIFICATE-----\nroot\n-----END CERTIFICATE-----\n${authority.certificate}`);
  expect(authority.bundle('')).toBe(authority.certificate);
});

test('property: the constraints’ DER has the length it says, whatever the hosts', () => {
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[a-z]{1,40}\.[a-z]{2,40}$/), { minLength: 1, maxLength: 60 }), (names) => {
      const der = nameConstraints(names);
      const first = der[1] ?? 0;
      const size = first < 128 ? 0 : first & 0x7f;
      const length = size === 0 ? first : der.readUIntBE(2, size);
      expect(der.length).toBe(2 + size + length);
      for (const name of names) expect(der.includes(name)).toBe(true);
    }),
  );
});

async function forged(
  pems: { certificate: string; key: string },
  name: { type: 'dns' | 'ip'; value: string },
): Promise<string> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const der = createPrivateKey(pems.key).export({ type: 'pkcs8', format: 'der' });
  const signingKey = await crypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']);
  const spki = createPublicKey(pems.key).export({ type: 'spki', format: 'der' });
  const publicKey = await crypto.subtle.importKey('spki', spki, algorithm, true, ['verify']);
  const certificate = await x509.X509CertificateGenerator.create({
    subject: 'CN=forged',
    issuer: new x509.X509Certificate(pems.certificate).subjectName,
    notBefore: new Date(Date.now() - 1_000),
    notAfter: new Date(Date.now() + 86_400_000),
    signingAlgorithm: algorithm,
    publicKey,
    signingKey,
    extensions: [new x509.SubjectAlternativeNameExtension([name])],
  });
  return certificate.toString('pem');
}
