import { hash } from 'node:crypto';
import { openS3Client, type S3Answer, type S3Client, type S3Options } from './s3-client.ts';
import { probeS3 } from './s3-probe.ts';
import { versionsIn } from './s3-listing.ts';
import { type BackupStore, ObjectMissing, StoreFailed, type StorePlace } from '../../contract/backup.ts';
import { isObjectKey, largestKept } from '../../contract/keeper.ts';

export interface S3StoreOptions extends S3Options {
  /** Key id, or whose bucket it is. */
  readonly account?: string;
  /** `aws`, …: where the address tells. */
  readonly provider?: string;
}

/** A bucket with versioning and Object Lock in COMPLIANCE mode, by a credential that can put and get. */
export function openS3Store(options: S3StoreOptions): BackupStore {
  const client = openS3Client(options);
  const { name, bucket, account, provider } = options;
  const place: StorePlace = Object.freeze({
    kind: 's3',
    host: new URL(options.endpoint).hostname,
    ...(account === undefined ? {} : { account }),
    ...(provider === undefined ? {} : { provider }),
  });

  const put: BackupStore['put'] = async (key, bytes, keptUntil) => {
    if (!isObjectKey(key)) throw new StoreFailed(`\`${key}\` is no key of an object`);
    const until = secondsUp(keptUntil);
    const answer = await client.again({ method: 'PUT', key, headers: putHeaders(bytes, until), body: bytes });
    if (answer.status !== 200) throw refused(answer, bucket);
    const version = answer.headers['x-amz-version-id'];
    if (typeof version !== 'string' || version === '' || version === 'null')
      throw new StoreFailed(`bucket \`${bucket}\` keeps no versions: turn versioning and Object Lock on`);
    const sha256 = hash('sha256', bytes, 'hex');
    return Object.freeze({ key, version, sha256, size: bytes.length, keptUntil: until.toISOString() });
  };

  const get: BackupStore['get'] = async ({ key, version }) => {
    const answer = await client.again({ method: 'GET', key, query: [['versionId', version]], most: largestKept });
    const gone = ['NoSuchKey', 'NoSuchVersion', 'InvalidArgument', 'MethodNotAllowed'].includes(answer.code);
    if (answer.status === 404 || (gone && answer.status < 500))
      throw new ObjectMissing(`\`${key}\` is not in store \`${name}\``);
    if (answer.status !== 200) throw refused(answer, bucket);
    return answer.body;
  };

  return Object.freeze({
    name,
    place,
    put,
    get,
    list: (prefix: string) => listed(client, bucket, prefix),
    probe: async (keptUntil: Date) => probeS3({ client, put, get, bucket }, keptUntil),
    close: () => client.close(),
  });
}

/** COMPLIANCE: nobody, the account's owner included, shortens or lifts it. Locked puts need a sum of the body besides. */
export function putHeaders(bytes: Uint8Array, until: Date): { readonly [name: string]: string } {
  return {
    'content-md5': hash('md5', bytes, 'base64'),
    'content-type': 'application/octet-stream',
    'x-amz-object-lock-mode': 'COMPLIANCE',
    'x-amz-object-lock-retain-until-date': until.toISOString(),
  };
}

/** Stores keep whole seconds: rounded up, or the object would go before its time. */
function secondsUp(time: Date): Date {
  return new Date(Math.ceil(time.getTime() / 1000) * 1000);
}

async function* listed(client: S3Client, bucket: string, prefix: string) {
  let marker: readonly (readonly [string, string])[] = [];
  for (;;) {
    const query = [
      ['versions', ''],
      ['prefix', prefix],
      ['max-keys', '1000'],
      ['encoding-type', 'url'],
      ...marker,
    ] as const;
    const answer = await client.again({ method: 'GET', query });
    if (answer.status !== 200) throw refused(answer, bucket);
    const { versions, next } = versionsIn(answer.body.toString());
    yield* versions;
    if (next === undefined) return;
    marker = [
      ['key-marker', next.key],
      ['version-id-marker', next.version],
    ];
  }
}

function refused(answer: S3Answer, bucket: string): StoreFailed {
  const hints: { readonly [code: string]: string } = {
    RequestTimeTooSkewed: ': this machine’s clock is wrong',
    AccessDenied: ': this credential may not',
    InvalidAccessKeyId: ': there is no such key',
    SignatureDoesNotMatch: ': the secret is another',
    NoSuchBucket: ': there is no such bucket',
    InvalidRequest: ': it has no Object Lock, perhaps',
  };
  const code = answer.code === '' ? `status ${answer.status}` : answer.code;
  return new StoreFailed(`bucket \`${bucket}\` answered \`${code}\`${hints[answer.code] ?? ''}`);
}
