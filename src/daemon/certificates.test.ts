import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { decryptedHosts, openCertificates, type Certificates } from './certificates.ts';
import { readConfig, type Config } from './config.ts';
import type { Rooms } from './rooms.ts';
import { openRig, type Rig } from '../../test/contract/rig.ts';

const day = 86_400_000;
const open = readConfig('version: 1\nhosts: [unused.example]');
const listed = readConfig('version: 1\negress: listed\nhosts: [registry.npmjs.org, .example.com]');

let rig: Rig;
beforeEach(async () => {
  rig = await openRig({ providers: [], upstreams: [], environments: [], entries: {} });
});
afterEach(() => rig.close());

const start = (config: Config): Promise<Certificates> => {
  const { road, vault, journal, clock, data } = rig;
  const places = { bundle: join(data, 'bundle.pem') };
  return openCertificates({ road, vault, journal, clock, places, installation: { config } } as unknown as Rooms);
};
const reasons = async (): Promise<readonly unknown[]> => {
  const entries = await rig.store.find('entries', { where: { 'entry.kind': 'vault-changed' } });
  return entries
    .map((one) => (one.record['entry'] as { body: { change: string; reason?: string } }).body)
    .filter((body) => body.change === 'authority')
    .map((body) => body.reason);
};

test('C1: what is decrypted are claimed hosts, and listed ones only where egress is listed', () => {
  expect(decryptedHosts(open)).not.toContain('unused.example');
  expect(decryptedHosts(listed)).toEqual([...decryptedHosts(open), 'example.com', 'registry.npmjs.org'].sort());
});

test('C5: the authority is kept sealed, journaled without its key, and the bundle ends with it', async () => {
  const { authority, notices } = await start(open);
  const kept = JSON.stringify(await rig.store.get('settings', 'http.authority'));
  expect(kept).not.toContain('BEGIN');
  expect(kept).not.toContain(Buffer.from('PRIVATE KEY').toString('base64'));
  const bundle = await readFile(join(rig.data, 'bundle.pem'), 'utf8');
  expect(bundle.endsWith(authority.certificate)).toBe(true);
  expect((await stat(join(rig.data, 'bundle.pem'))).mode & 0o777).toBe(0o644);
  expect(notices(open)).toEqual([]);
  expect((await start(open)).authority.certificate).toBe(authority.certificate);
  expect(await reasons()).toEqual(['first']);
});

test('F1: other hosts make another at the next start, and until then it is said what waits for that', async () => {
  const first = await start(open);
  expect(first.notices(listed).join()).toMatch(
    /new: example\.com, registry\.npmjs\.org\).*until then the new ones are refused/,
  );
  const second = await start(listed);
  expect(second.authority.certificate).not.toBe(first.authority.certificate);
  expect(second.notices(listed).join()).toMatch(/^the hosts that are decrypted changed: .* restart agents/);
  expect(second.notices(open).join()).toMatch(/gone: example\.com, registry\.npmjs\.org\): restart holdpoint/);
  rig.clock.step(8 * day);
  expect((await start(listed)).notices(listed)).toEqual([]);
  expect(await reasons()).toEqual(['first', 'hosts']);
});

test('F1: one that is about to expire is said so, and made anew at the next start', async () => {
  const first = await start(open);
  rig.clock.step(first.authority.expiresAt - rig.clock.now() - 59 * day);
  expect(first.notices(open).join()).toMatch(/^the certificate expires at .*: restart holdpoint/);
  const second = await start(open);
  expect(second.authority.expiresAt).toBeGreaterThan(first.authority.expiresAt);
  expect(second.notices(open).join()).toMatch(/^the one before was about to expire: .* restart agents/);
  expect(await reasons()).toEqual(['first', 'expiry']);
});
