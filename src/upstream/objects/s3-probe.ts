import { hash, randomBytes } from 'node:crypto';
import type { S3Client, S3Request } from './s3-client.ts';
import type { BackupStore, DestructionAttempt, StoredObject } from '../../contract/backup.ts';
import { StoreFailed } from '../../contract/backup.ts';

/** As much of a bucket's store as the probe uses. */
interface Probed {
  readonly client: S3Client;
  readonly put: BackupStore['put'];
  readonly get: BackupStore['get'];
  readonly bucket: string;
}

interface Attempt {
  readonly what: string;
  readonly request: S3Request;
  /** A put takes nothing away: it is judged by whether the first version reads back alone. */
  readonly mayAnswer?: true;
}

/**
 * Puts a locked object and tries to delete, overwrite, hide or unlock it, and to change what the bucket promises, with
 * the credential of the store. What a bucket really let happen to itself is not put back: set-up ends there.
 */
export async function probeS3(store: Probed, keptUntil: Date): Promise<readonly DestructionAttempt[]> {
  const bytes = Buffer.concat([Buffer.from('a backup that somebody may try to delete\n'), randomBytes(32)]);
  const object = await store.put(`probe/${randomBytes(12).toString('hex')}`, bytes, keptUntil);
  const attempts: DestructionAttempt[] = [];
  for (const { what, request, mayAnswer } of attemptsOn(object, store.bucket)) {
    const { refused, said } = await tried(store.client, request);
    const whole = await readsBack(store, object, bytes);
    const stood = whole && (refused || mayAnswer === true);
    attempts.push(Object.freeze({ what, refused: stood, said: whole ? said : `${said}; the object is gone` }));
  }
  attempts.push(await unlockedPut(store));
  return attempts;
}

async function tried(client: S3Client, request: S3Request): Promise<{ refused: boolean; said: string }> {
  try {
    const { status, code, body } = await client.once(request);
    // A list of deletions answers 200 and tells of each whether it was refused.
    const refusedEach = status === 200 && body.includes('<Error>') && !body.includes('<Deleted>');
    return { refused: status >= 400 || refusedEach, said: `${status}${code === '' ? '' : ` ${code}`}` };
  } catch (error) {
    // Whoever hangs up may have done it: only reading back tells, and that is not enough to call it refused.
    if (error instanceof StoreFailed) return { refused: false, said: 'no answer' };
    throw error;
  }
}

async function readsBack(store: Probed, object: StoredObject, bytes: Buffer): Promise<boolean> {
  try {
    return bytes.equals(await store.get(object));
  } catch {
    return false;
  }
}

/** What is put without a lock must be locked by the bucket's own default. */
async function unlockedPut(store: Probed): Promise<DestructionAttempt> {
  const what = 'put without a lock, and delete that';
  const key = `probe/${randomBytes(12).toString('hex')}`;
  const put = await store.client.once({ method: 'PUT', key, headers: md5(Buffer.from('x')), body: Buffer.from('x') });
  const version = put.headers['x-amz-version-id'];
  if (put.status !== 200 || typeof version !== 'string')
    return { what, refused: true, said: `${put.status} ${put.code}` };
  const { refused, said } = await tried(store.client, { method: 'DELETE', key, query: [['versionId', version]] });
  return Object.freeze({ what, refused, said });
}

function attemptsOn(object: StoredObject, bucket: string): readonly Attempt[] {
  return [...onObject(object, bucket), ...onBucket()];
}

function onObject({ key, version }: StoredObject, bucket: string): readonly Attempt[] {
  const one = [['versionId', version]] as const;
  const bypass = { 'x-amz-bypass-governance-retention': 'true' };
  const retention = (mode: string, until: number): Uint8Array =>
    xml(
      `<Retention><Mode>${mode}</Mode><RetainUntilDate>${new Date(until).toISOString()}</RetainUntilDate></Retention>`,
    );
  const soon = Date.now() + 60_000;
  const put = (query: S3Request['query'], body: Uint8Array, headers = {}): S3Request => ({
    method: 'PUT',
    key,
    ...(query === undefined ? {} : { query }),
    headers: { ...md5(body), ...headers },
    body,
  });
  const list = xml(`<Delete><Object><Key>${key}</Key><VersionId>${version}</VersionId></Object></Delete>`);
  const marks = xml(`<Delete><Object><Key>${key}</Key></Object></Delete>`);
  const source = { 'x-amz-copy-source': `/${bucket}/${key}?versionId=${encodeURIComponent(version)}` };
  const locked = [['retention', ''], ...one] as const;
  return [
    { what: 'delete the version', request: { method: 'DELETE', key, query: one } },
    { what: 'delete the version, past governance', request: { method: 'DELETE', key, query: one, headers: bypass } },
    {
      what: 'delete the version in a list',
      request: { method: 'POST', query: [['delete', '']], headers: md5(list), body: list },
    },
    {
      what: 'delete the version in a list, past governance',
      request: { method: 'POST', query: [['delete', '']], headers: { ...md5(list), ...bypass }, body: list },
    },
    { what: 'hide it behind a delete marker', request: { method: 'DELETE', key } },
    {
      what: 'hide it behind a delete marker in a list',
      request: { method: 'POST', query: [['delete', '']], headers: md5(marks), body: marks },
    },
    { what: 'delete the version called `null`', request: { method: 'DELETE', key, query: [['versionId', 'null']] } },
    { what: 'shorten its lock', request: put(locked, retention('COMPLIANCE', soon)) },
    { what: 'shorten its lock, past governance', request: put(locked, retention('COMPLIANCE', soon), bypass) },
    { what: 'make its lock one of governance', request: put(locked, retention('GOVERNANCE', Date.now() + 4e12)) },
    {
      what: 'make its lock one of governance, past governance',
      request: put(locked, retention('GOVERNANCE', soon), bypass),
    },
    { what: 'take its lock off', request: put(locked, xml('<Retention/>'), bypass) },
    {
      what: 'lift its legal hold',
      request: put([['legal-hold', ''], ...one], xml('<LegalHold><Status>OFF</Status></LegalHold>')),
    },
    {
      what: 'change its access list',
      request: put([['acl', ''], ...one], new Uint8Array(), { 'x-amz-acl': 'public-read' }),
    },
    {
      what: 'tag it for a rule that expires it',
      request: put(
        [['tagging', ''], ...one],
        xml('<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>'),
      ),
    },
    { what: 'overwrite it', request: put(undefined, Buffer.from('junk')), mayAnswer: true },
    { what: 'overwrite exactly that version', request: put(one, Buffer.from('junk')), mayAnswer: true },
    { what: 'copy something over it', request: put(undefined, new Uint8Array(), source), mayAnswer: true },
    { what: 'put an empty object over it', request: put(undefined, new Uint8Array()), mayAnswer: true },
    {
      what: 'move it to a colder store',
      request: put(undefined, new Uint8Array(), {
        ...source,
        'x-amz-storage-class': 'GLACIER',
        'x-amz-metadata-directive': 'REPLACE',
      }),
      mayAnswer: true,
    },
  ];
}

function onBucket(): readonly Attempt[] {
  const put = (name: string, text: string, headers = {}): S3Request => {
    const body = text.startsWith('{') ? Buffer.from(text) : xml(text);
    return { method: 'PUT', query: [[name, '']], headers: { ...md5(body), ...headers }, body };
  };
  const drop = (name: string): S3Request => ({ method: 'DELETE', query: [[name, '']] });
  const expiry =
    '<Rule><ID>x</ID><Filter/><Status>Enabled</Status><NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays></NoncurrentVersionExpiration><Expiration><Days>1</Days></Expiration></Rule>';
  const denied =
    '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:GetObject","Resource":"*"}]}';
  const grace = '<Rule><DefaultRetention><Mode>GOVERNANCE</Mode><Days>1</Days></DefaultRetention></Rule>';
  return [
    { what: 'lift the lock of the bucket', request: put('object-lock', '<ObjectLockConfiguration/>') },
    {
      what: 'weaken the lock of the bucket',
      request: put(
        'object-lock',
        `<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled>${grace}</ObjectLockConfiguration>`,
      ),
    },
    {
      what: 'suspend versioning',
      request: put('versioning', '<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>'),
    },
    {
      what: 'expire everything by a rule',
      request: put('lifecycle', `<LifecycleConfiguration>${expiry}</LifecycleConfiguration>`),
    },
    { what: 'take the rules of expiry away', request: drop('lifecycle') },
    { what: 'forbid reading by a policy', request: put('policy', denied) },
    { what: 'take the bucket’s policy away', request: drop('policy') },
    {
      what: 'change the bucket’s access list',
      request: put('acl', '<AccessControlPolicy/>', { 'x-amz-acl': 'private' }),
    },
    {
      what: 'change who owns objects',
      request: put(
        'ownershipControls',
        '<OwnershipControls><Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule></OwnershipControls>',
      ),
    },
    { what: 'open the bucket to everybody', request: drop('publicAccessBlock') },
    { what: 'change the bucket’s encryption', request: put('encryption', '<ServerSideEncryptionConfiguration/>') },
    { what: 'copy the bucket’s deletions elsewhere', request: put('replication', '<ReplicationConfiguration/>') },
    { what: 'delete the bucket', request: { method: 'DELETE' } },
    {
      what: 'list what there is',
      request: {
        method: 'GET',
        query: [
          ['versions', ''],
          ['max-keys', '1'],
        ],
      },
    },
  ];
}

function xml(text: string): Uint8Array {
  const body = text.replace(/^<(\w+)/, '<$1 xmlns="http://s3.amazonaws.com/doc/2006-03-01/"');
  return Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>${body}`);
}

function md5(body: Uint8Array): { readonly [name: string]: string } {
  return { 'content-md5': hash('md5', body, 'base64') };
}
