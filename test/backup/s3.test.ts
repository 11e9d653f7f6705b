import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { StoreFailed } from '../../src/contract/backup.ts';
import { openS3Store, type S3StoreOptions } from '../../src/upstream/objects/s3-store.ts';
import { signatureHeaders } from '../../src/upstream/objects/sigv4.ts';
import { versionsIn } from '../../src/upstream/objects/s3-listing.ts';
import { storeContract } from './store-contract.ts';
import { everything, openStrictS3, putGetOnly, restoreOnly, type StrictS3, type StrictS3Options } from './strict-s3.ts';

const endings: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

const secrets = {
  GATE: { secret: 'gate-secret', rights: putGetOnly },
  RESTORE: { secret: 'restore-secret', rights: restoreOnly },
  ROOT: { secret: 'root-secret', rights: everything },
};

function storeAt(server: StrictS3, keyId: keyof typeof secrets, more: Partial<S3StoreOptions> = {}) {
  const { endpoint, bucket } = server;
  const credential = { keyId, secret: secrets[keyId].secret };
  const base = { name: 's3', endpoint, bucket, region: 'eu-central-1', allowPrivate: true, pause: 5 };
  return openS3Store({ ...base, credential: () => credential, ...more });
}

async function strict(options: Partial<StrictS3Options> = {}): Promise<StrictS3> {
  const server = await openStrictS3({ credentials: secrets, defaultLock: { mode: 'COMPLIANCE', days: 1 }, ...options });
  endings.push(() => server.close());
  return server;
}

storeContract('an object store with locks', async () => {
  const server = await openStrictS3({ credentials: secrets, defaultLock: { mode: 'COMPLIANCE', days: 1 } });
  const [gate, restore] = [storeAt(server, 'GATE'), storeAt(server, 'RESTORE')];
  const end = async (): Promise<void> => {
    await Promise.all([gate.close(), restore.close()]);
    await server.close();
  };
  return { gate, restore, end };
});

/** The same against a real one: HOLDPOINT_S3_ENDPOINT, _BUCKET, _REGION, _GATE and _RESTORE (`key id:secret`). */
const real = (name: string): string => process.env[`HOLDPOINT_S3_${name}`] ?? '';
if (real('ENDPOINT') !== '')
  storeContract('a real object store', async () => {
    const open = (which: 'GATE' | 'RESTORE') => {
      const [keyId = '', secret = ''] = real(which).split(/:(.*)/s);
      const place = { endpoint: real('ENDPOINT'), bucket: real('BUCKET'), region: real('REGION') || 'us-east-1' };
      return openS3Store({ name: 's3', ...place, credential: () => ({ keyId, secret }), allowPrivate: true });
    };
    const [gate, restore] = [open('GATE'), open('RESTORE')];
    return { gate, restore, end: async () => void (await Promise.all([gate.close(), restore.close()])) };
  });

const soon = (seconds = 120): Date => new Date(Date.now() + seconds * 1000);

describe('the object store’s client', () => {
  // AWS's own example: "Authenticating Requests: Using the Authorization Header", GET Object.
  it('B1: signs as AWS’s own example does', () => {
    const headers = signatureHeaders(
      {
        method: 'GET',
        path: '/test.txt',
        query: [],
        headers: { host: 'examplebucket.s3.amazonaws.com', range: 'bytes=0-9' },
        payload: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      },
      { keyId: 'AKIAIOSFODNN7EXAMPLE', secret: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' },
      'us-east-1',
      Date.UTC(2013, 4, 24),
    );
    expect(headers['authorization']).toContain(
      'Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    );
  });

  it('B1 F3: goes on through throttling, errors, cut lines and lost answers', async () => {
    const bad = ['slow-down', 'broken', 'cut', 'swallow'] as const;
    const server = await strict({ weather: (request) => (request % 5 === 4 ? undefined : bad[request % 5]) });
    const store = storeAt(server, 'GATE');
    endings.push(() => store.close());
    const bytes = randomBytes(300_000);
    const object = await store.put('chunks/ab', bytes, soon());
    expect(Buffer.from(await store.get(object)).equals(bytes)).toBe(true);
    // A put whose answer was lost was said again: more versions, none of them wrong.
    expect(server.held.get('chunks/ab')?.every((one) => one.bytes.equals(bytes))).toBe(true);
  });

  it('B1 F3: gives up in the end, and says nothing is known', async () => {
    for (const weather of ['slow-down', 'cut', 'hang'] as const) {
      const server = await strict({ weather: () => weather });
      const store = storeAt(server, 'GATE', { tries: 2, patience: 300 });
      endings.push(() => store.close());
      await expect(store.put('chunks/ab', Buffer.from('x'), soon())).rejects.toThrow(StoreFailed);
      await expect(store.get({ key: 'chunks/ab', version: 'x' })).rejects.toThrow(StoreFailed);
      expect(server.held.size).toBe(0);
    }
  });

  it('B1 F3: tells a wrong secret, clock, bucket and key from each other, and tries none of them twice', async () => {
    const server = await strict();
    const wrong: [Partial<S3StoreOptions>, string][] = [
      [{ credential: () => ({ keyId: 'GATE', secret: 'other' }) }, 'the secret is another'],
      [{ credential: () => ({ keyId: 'NOBODY', secret: 'x' }) }, 'there is no such key'],
      [{ now: () => Date.now() - 3_600_000 }, 'clock is wrong'],
      [{ bucket: 'other' }, 'no such bucket'],
    ];
    for (const [more, text] of wrong) {
      const store = storeAt(server, 'GATE', more);
      endings.push(() => store.close());
      await expect(store.put('chunks/ab', Buffer.from('x'), soon())).rejects.toThrow(text);
    }
    expect(server.log).toHaveLength(wrong.length);
    expect(JSON.stringify(server.log)).not.toContain('gate-secret');
  });

  it('B1: a bucket without locks takes nothing of ours', async () => {
    const server = await strict({ objectLock: false });
    const store = storeAt(server, 'GATE');
    endings.push(() => store.close());
    await expect(store.put('chunks/ab', Buffer.from('x'), soon())).rejects.toThrow('no Object Lock');
  });

  it('B1 F3: believes no listing that is cut or not one', () => {
    const whole = '<ListVersionsResult><IsTruncated>false</IsTruncated></ListVersionsResult>';
    expect(versionsIn(whole)).toEqual({ versions: [], next: undefined });
    for (const text of ['', '<html>', whole.slice(0, -5), whole.replace('false', 'true')])
      expect(() => versionsIn(text), text).toThrow(StoreFailed);
    const one = '<Version><Key>a%2Bb%26</Key><VersionId>&amp;1</VersionId><Size>3</Size></Version>';
    expect(versionsIn(whole.replace('</Lis', `${one}</Lis`)).versions).toEqual([
      { key: 'a+b&', version: '&1', size: 3 },
    ]);
  });
});
