import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openStage, type Stage } from '../incident/stage.ts';
import { holdPage } from '../../src/model/page.ts';

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
});
afterEach(() => stage.close());

const configured = async (more: string): Promise<string> => {
  const { text } = stage.daemon.api.installation.applied;
  return `${text.replaceAll(/^(?:egress|hosts):.*\n/gm, '').trimEnd()}\n${more}`;
};
const notices = async (): Promise<string> => JSON.stringify((await stage.api('GET', '/v1/status')).body['notices']);

/** The status line that a CONNECT gets. */
async function connectTo(token: string, host: string): Promise<string> {
  const { hostname, port } = new URL(stage.daemon.addresses.http);
  const credential = Buffer.from(`agent:${token}`).toString('base64');
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  socket.write(`CONNECT ${host}:443 HTTP/1.1\r\nHost: ${host}:443\r\nProxy-Authorization: Basic ${credential}\r\n\r\n`);
  const said = await new Promise<string>((resolve) => socket.once('data', (data) => resolve(data.toString())));
  socket.destroy();
  return said;
}

async function ownCertificate(): Promise<X509Certificate> {
  const bundle = await readFile(stage.daemon.places.bundle, 'utf8');
  return new X509Certificate(bundle.slice(bundle.lastIndexOf('-----BEGIN')));
}

test('F1: a listed host is reached from the next start on, and people are told who has to restart', async () => {
  const token = await stage.token('agent', { presets: ['railway:domains'], environments: ['staging'] });
  const first = await ownCertificate();
  expect(await notices()).toBe('[]');

  const text = await configured('egress: listed\nhosts: [registry.npmjs.org, .listed.example]\n');
  const applied = await stage.act('apply', { text, policies: {} });
  expect(JSON.stringify(applied['notices'])).toContain('new: listed.example, registry.npmjs.org');
  expect(await notices()).toContain('restart holdpoint, which then makes a new certificate');
  expect(await connectTo(token, 'registry.npmjs.org')).toMatch(/^HTTP\/1\.1 403 [^]*listed after holdpoint started/);
  expect(await connectTo(token, 'elsewhere.example')).toMatch(
    // On the first line already: most clients show nothing else of a refused CONNECT.
    /^HTTP\/1\.1 403 HOLDPOINT_DENIED: [ -~]*not on the list[ -~]*Stop here; ask [ -~]*\r\n/,
  );

  await stage.restart();
  const second = await ownCertificate();
  expect(second.fingerprint256).not.toBe(first.fingerprint256);
  expect(second.ca).toBe(true);
  expect(await connectTo(token, 'registry.npmjs.org')).toMatch(/^HTTP\/1\.1 200 HOLDPOINT_READS_ONLY/);
  expect(await connectTo(token, 'a.listed.example')).toMatch(/^HTTP\/1\.1 200 HOLDPOINT_READS_ONLY/);
  expect(await connectTo(token, 'elsewhere.example')).toMatch(/^HTTP\/1\.1 403 /);
  expect(await notices()).toContain('restart agents to trust the new certificate');
  const entries = await stage.daemon.road.store.find('entries', { where: { 'entry.kind': 'vault-changed' } });
  const made = entries.map((one) => JSON.stringify(one.record)).filter((one) => one.includes('"change":"authority"'));
  expect(made).toHaveLength(2);
  expect(made[1]).toContain('"reason":"hosts"');
  expect(made[1]).toContain('registry.npmjs.org');
  expect(made.join('')).not.toContain('PRIVATE KEY');

  await stage.restart();
  expect((await ownCertificate()).fingerprint256).toBe(second.fingerprint256);
});

test('H3 H6: what the agent says reaches the page, quoted; it changes neither the digest nor a fact', async () => {
  const token = await stage.token('agent', { presets: ['railway:all'], environments: ['staging', 'production'] });
  const ask = async (says?: string): Promise<string> => {
    const response = await fetch(stage.endpoint, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        ...(says === undefined ? {} : { 'holdpoint-says': encodeURIComponent(says) }),
      },
      body: JSON.stringify({ query: `mutation { volumeDelete(volumeId: "${stage.double.ids.volume}") }` }),
    });
    const { errors } = (await response.json()) as { errors: { extensions: { hold: string } }[] };
    return errors[0]?.extensions.hold ?? '';
  };
  const words = 'the user said yes \u202eevas\u202c \u001b[2J\u200b“approved by jane”';
  const code = await ask(words);
  const hold = await stage.hold(code);
  expect(hold.agentSays).toBe(words);
  // The same act without a word is the same hold.
  expect(await ask()).toBe(code);
  const again = await stage.hold(code);
  expect(again.digest).toBe(hold.digest);
  expect(again.asked).toBe(2);
  const page = JSON.stringify(holdPage(hold));
  expect(page).toContain('⟨U+202E⟩evas⟨U+202C⟩ ⟨U+001B⟩[2J⟨U+200B⟩');
  expect(stage.double.log.map((one) => JSON.stringify(one)).join('')).not.toMatch(/holdpoint-says|the user said/i);
});

test('H7 J1: a freeze does not stop reads, and each is on the journal as not covered', async () => {
  const token = await stage.token('agent', { presets: ['railway:domains'], environments: ['staging'] });
  // A name that nobody can resolve (RFC 6761): the read is let through, and finds nothing.
  await stage.act('apply', { text: await configured('egress: listed\nhosts: [nowhere.invalid]\n'), policies: {} });
  await stage.restart();
  expect((await stage.api('POST', '/v1/freeze', { why: 'test' })).status).toBe(200);
  const { hostname, port } = new URL(stage.daemon.addresses.http);
  const credential = Buffer.from(`agent:${token}`).toString('base64');
  const socket = connect(Number(port), hostname);
  const host = 'nowhere.invalid';
  socket.write(`CONNECT ${host}:443 HTTP/1.1\r\nHost: ${host}:443\r\nProxy-Authorization: Basic ${credential}\r\n\r\n`);
  await new Promise((resolve) => socket.once('data', resolve));
  const ca = await readFile(stage.daemon.places.bundle, 'utf8');
  const tls = connectTls({ socket, servername: host, ca });
  tls.write(`GET /a?secret=1 HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  let said = '';
  tls.on('data', (data: Buffer) => (said += data.toString()));
  await new Promise((resolve) => tls.once('close', resolve));
  expect(said).toContain('`nowhere.invalid` did not answer');
  const [entry] = await stage.daemon.road.store.find('entries', { where: { 'entry.kind': 'tunnelled' } });
  expect(entry?.record['entry']).toMatchObject({
    principal: 'agent',
    body: { host, covered: false, decrypted: true, requests: [{ method: 'GET', path: '/a', queryBytes: 9 }] },
  });
});
