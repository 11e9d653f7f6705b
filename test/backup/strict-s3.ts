import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A version of an object, as the server truly holds it. */
export interface HeldVersion {
  readonly key: string;
  readonly version: string;
  bytes: Buffer;
  readonly marker: boolean;
  mode: 'COMPLIANCE' | 'GOVERNANCE' | undefined;
  until: number;
  legalHold: boolean;
}

/** What a credential may do, in the words of IAM. */
export type S3Right =
  | 's3:PutObject'
  | 's3:PutObjectRetention'
  | 's3:GetObject'
  | 's3:GetObjectVersion'
  | 's3:ListBucketVersions'
  | 's3:DeleteObject'
  | 's3:DeleteObjectVersion'
  | 's3:BypassGovernanceRetention'
  | 's3:PutObjectLegalHold'
  | 's3:Admin';

export const putGetOnly: readonly S3Right[] = [
  's3:PutObject',
  's3:PutObjectRetention',
  's3:GetObject',
  's3:GetObjectVersion',
];
export const restoreOnly: readonly S3Right[] = ['s3:GetObject', 's3:GetObjectVersion', 's3:ListBucketVersions'];
export const everything: readonly S3Right[] = [
  ...putGetOnly,
  ...restoreOnly,
  's3:DeleteObject',
  's3:DeleteObjectVersion',
  's3:BypassGovernanceRetention',
  's3:PutObjectLegalHold',
  's3:Admin',
];

export interface StrictS3Options {
  readonly credentials: { readonly [keyId: string]: { readonly secret: string; readonly rights: readonly S3Right[] } };
  /** Lock that every put gets which asks for none; none where it is left out. */
  readonly defaultLock?: { readonly mode: 'COMPLIANCE' | 'GOVERNANCE'; readonly days: number };
  /** Objects can be locked at all. True unless said. */
  readonly objectLock?: boolean;
  readonly now?: () => number;
  /** Versions on one page of a listing; few, so that tests see several. */
  readonly page?: number;
  /** What happens to the nth request instead of an answer, for tests of bad weather. */
  readonly weather?: (
    request: number,
    method: string,
  ) => 'slow-down' | 'broken' | 'cut' | 'hang' | 'swallow' | undefined;
}

/** An S3 server with what real ones promise about locks, and no more leniency than AWS. One bucket: `vault`. */
export interface StrictS3 {
  readonly endpoint: string;
  readonly bucket: string;
  /** The truth. By key, oldest version first. */
  readonly held: Map<string, HeldVersion[]>;
  /** Method, target and status of every request. */
  readonly log: string[];
  close(): Promise<void>;
}

interface Asked {
  readonly method: string;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  readonly rights: ReadonlySet<S3Right>;
}

class S3Error extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string) {
    super(code);
    this.status = status;
    this.code = code;
  }
}

interface Told {
  readonly status: number;
  readonly headers?: { readonly [name: string]: string };
  readonly body?: Buffer | string;
}

const bucket = 'vault';

export async function openStrictS3(options: StrictS3Options): Promise<StrictS3> {
  const held = new Map<string, HeldVersion[]>();
  const log: string[] = [];
  const server = createServer((request, response) => void serve(request, response));
  const now = options.now ?? Date.now;
  let requests = 0;

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const weather = options.weather?.(requests++, request.method ?? '');
    try {
      const body = await readAll(request);
      if (weather === 'hang') return;
      if (weather === 'cut') return void request.socket.destroy();
      if (weather === 'slow-down') throw new S3Error(503, 'SlowDown');
      if (weather === 'broken') throw new S3Error(500, 'InternalError');
      const told = answer(signedIn(request, body, options, now()));
      log.push(`${request.method} ${request.url} ${told.status}`);
      // Done, and nobody hears of it.
      if (weather === 'swallow') return void request.socket.destroy();
      const bytes = Buffer.from(told.body ?? '');
      response.writeHead(told.status, { 'content-length': bytes.length, ...told.headers }).end(bytes);
    } catch (error) {
      const known = error instanceof S3Error ? error : new S3Error(500, 'InternalError');
      log.push(`${request.method} ${request.url} ${known.status} ${known.code}`);
      const xml = `<?xml version="1.0"?><Error><Code>${known.code}</Code></Error>`;
      response
        .writeHead(known.status, { 'content-type': 'application/xml', 'content-length': Buffer.byteLength(xml) })
        .end(xml);
    }
  }

  function answer(asked: Asked): Told {
    const { method, key, query } = asked;
    if (key === '') return bucketAnswer(asked);
    if (['acl', 'tagging', 'torrent', 'restore'].some((name) => query.has(name)))
      throw new S3Error(403, 'AccessDenied');
    if (query.has('retention')) return retention(asked);
    if (query.has('legal-hold')) return legalHold(asked);
    if (method === 'PUT') return put(asked);
    if (method === 'GET') return get(asked);
    if (method === 'DELETE') return remove(asked, key, query.get('versionId') ?? undefined);
    throw new S3Error(405, 'MethodNotAllowed');
  }

  function put({ key, query, headers, body, rights }: Asked): Told {
    need(rights, 's3:PutObject');
    if (query.has('versionId')) throw new S3Error(400, 'InvalidArgument');
    const source = headers['x-amz-copy-source'];
    const bytes = typeof source === 'string' ? copied(source, rights) : body;
    const mode = headers['x-amz-object-lock-mode'];
    const until = headers['x-amz-object-lock-retain-until-date'];
    const lock = { mode: options.defaultLock?.mode, until: now() + (options.defaultLock?.days ?? 0) * 86_400_000 };
    if (mode !== undefined || until !== undefined) {
      need(rights, 's3:PutObjectRetention');
      if (options.objectLock === false) throw new S3Error(400, 'InvalidRequest');
      if (headers['content-md5'] === undefined) throw new S3Error(400, 'InvalidRequest');
      if (mode !== 'COMPLIANCE' && mode !== 'GOVERNANCE') throw new S3Error(400, 'InvalidArgument');
      const parsed = Date.parse(String(until));
      if (!(parsed > now())) throw new S3Error(400, 'InvalidArgument');
      Object.assign(lock, { mode, until: parsed });
    }
    const version = randomBytes(16).toString('hex');
    const one = {
      key,
      version,
      bytes,
      marker: false,
      legalHold: false,
      mode: lock.mode,
      until: lock.mode === undefined ? 0 : lock.until,
    };
    held.set(key, [...(held.get(key) ?? []), one]);
    return { status: 200, headers: { 'x-amz-version-id': version, etag: `"${md5(bytes).toString('hex')}"` } };
  }

  function copied(source: string, rights: ReadonlySet<S3Right>): Buffer {
    need(rights, 's3:GetObject');
    const [path = '', search = ''] = source.split('?');
    const one = found(
      decodeURIComponent(path).replace(/^\/?vault\//, ''),
      new URLSearchParams(search).get('versionId') ?? undefined,
    );
    return one.bytes;
  }

  function get({ key, query, rights }: Asked): Told {
    const version = query.get('versionId') ?? undefined;
    need(rights, version === undefined ? 's3:GetObject' : 's3:GetObjectVersion');
    const one = found(key, version);
    return { status: 200, headers: { 'x-amz-version-id': one.version }, body: one.bytes };
  }

  function found(key: string, version: string | undefined): HeldVersion {
    const versions = held.get(key);
    if (versions === undefined || versions.length === 0)
      throw new S3Error(404, version === undefined ? 'NoSuchKey' : 'NoSuchVersion');
    const one = version === undefined ? versions.at(-1) : versions.find((each) => each.version === version);
    if (one === undefined) throw new S3Error(404, 'NoSuchVersion');
    if (one.marker)
      throw new S3Error(version === undefined ? 404 : 405, version === undefined ? 'NoSuchKey' : 'MethodNotAllowed');
    return one;
  }

  function remove({ headers, rights }: Asked, key: string, version: string | undefined): Told {
    if (version === undefined) {
      need(rights, 's3:DeleteObject');
      const marker = {
        key,
        version: randomBytes(16).toString('hex'),
        bytes: Buffer.alloc(0),
        marker: true,
        mode: undefined,
        until: 0,
        legalHold: false,
      };
      held.set(key, [...(held.get(key) ?? []), marker]);
      return { status: 204, headers: { 'x-amz-delete-marker': 'true' } };
    }
    need(rights, 's3:DeleteObjectVersion');
    const one = held.get(key)?.find((each) => each.version === version);
    if (one === undefined) return { status: 204 };
    const bypass =
      headers['x-amz-bypass-governance-retention'] === 'true' && rights.has('s3:BypassGovernanceRetention');
    if (isLocked(one, bypass)) throw new S3Error(403, 'AccessDenied');
    held.set(
      key,
      (held.get(key) ?? []).filter((each) => each !== one),
    );
    return { status: 204 };
  }

  function isLocked(one: HeldVersion, bypass: boolean): boolean {
    if (one.legalHold) return true;
    return one.mode !== undefined && one.until > now() && !(one.mode === 'GOVERNANCE' && bypass);
  }

  function retention({ method, key, query, headers, body, rights }: Asked): Told {
    if (method !== 'PUT') throw new S3Error(403, 'AccessDenied');
    need(rights, 's3:PutObjectRetention');
    const one = found(key, query.get('versionId') ?? undefined);
    const mode = member(body, 'Mode');
    const until = Date.parse(member(body, 'RetainUntilDate'));
    const bypass =
      headers['x-amz-bypass-governance-retention'] === 'true' && rights.has('s3:BypassGovernanceRetention');
    const weaker = mode !== one.mode || !(until >= one.until);
    if (isLocked(one, bypass) && weaker) throw new S3Error(403, 'AccessDenied');
    if ((mode !== 'COMPLIANCE' && mode !== 'GOVERNANCE') || Number.isNaN(until)) throw new S3Error(400, 'MalformedXML');
    one.mode = mode;
    one.until = until;
    return { status: 200 };
  }

  function legalHold({ key, query, body, rights }: Asked): Told {
    need(rights, 's3:PutObjectLegalHold');
    found(key, query.get('versionId') ?? undefined).legalHold = member(body, 'Status') === 'ON';
    return { status: 200 };
  }

  function bucketAnswer(asked: Asked): Told {
    const { method, query, body, rights } = asked;
    if (method === 'GET' && query.has('versions')) return listing(asked);
    if (method === 'POST' && query.has('delete')) {
      const done = [...body.toString().matchAll(/<Object>(.*?)<\/Object>/gs)].map(([, inner = '']) => {
        const key = member(Buffer.from(inner), 'Key');
        try {
          remove(asked, key, member(Buffer.from(inner), 'VersionId') || undefined);
          return `<Deleted><Key>${key}</Key></Deleted>`;
        } catch (error) {
          return `<Error><Key>${key}</Key><Code>${(error as S3Error).code}</Code></Error>`;
        }
      });
      return { status: 200, body: `<?xml version="1.0"?><DeleteResult>${done.join('')}</DeleteResult>` };
    }
    need(rights, 's3:Admin');
    // Versioning of a bucket with Object Lock cannot be suspended, nor the lock taken off, by anybody.
    if (query.has('versioning') || query.has('object-lock')) throw new S3Error(409, 'InvalidBucketState');
    if (method === 'DELETE' && held.size > 0) throw new S3Error(409, 'BucketNotEmpty');
    return { status: 200 };
  }

  function listing({ query, rights }: Asked): Told {
    need(rights, 's3:ListBucketVersions');
    const prefix = query.get('prefix') ?? '';
    const most = Math.min(Number(query.get('max-keys') ?? '1000'), options.page ?? 7);
    const after = `${query.get('key-marker') ?? ''}\0${query.get('version-id-marker') ?? ''}`;
    const all = [...held.values()]
      .flat()
      .filter(({ key }) => key.startsWith(prefix))
      .map((one) => ({ one, name: `${one.key}\0${one.version}` }))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .filter(({ name }) => after === '\0' || name > after);
    const page = all.slice(0, most);
    const last = page.at(-1)?.one;
    const rows = page.map(({ one }) => {
      const tag = one.marker ? 'DeleteMarker' : 'Version';
      const size = one.marker ? '' : `<Size>${one.bytes.length}</Size>`;
      return `<${tag}><Key>${encodeURIComponent(one.key)}</Key><VersionId>${one.version}</VersionId>${size}</${tag}>`;
    });
    const more = all.length > page.length && last !== undefined;
    const next = more
      ? `<NextKeyMarker>${encodeURIComponent(last.key)}</NextKeyMarker><NextVersionIdMarker>${last.version}</NextVersionIdMarker>`
      : '';
    const head = `<?xml version="1.0"?><ListVersionsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IsTruncated>${more}</IsTruncated>`;
    return { status: 200, body: `${head}${next}${rows.join('')}</ListVersionsResult>` };
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bucket,
    held,
    log,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Signature, clock and body, judged anew from the bytes that came: nothing is shared with the client under test. */
function signedIn(request: IncomingMessage, body: Buffer, options: StrictS3Options, now: number): Asked {
  const { method = '', url = '', headers } = request;
  const match =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
      headers.authorization ?? '',
    );
  if (match === null) throw new S3Error(403, 'AccessDenied');
  const [, keyId = '', date = '', region = '', names = '', signature = ''] = match;
  const credential = options.credentials[keyId];
  if (credential === undefined) throw new S3Error(403, 'InvalidAccessKeyId');
  const time = String(headers['x-amz-date']);
  const at = Date.parse(time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (!(Math.abs(at - now) < 15 * 60_000)) throw new S3Error(403, 'RequestTimeTooSkewed');
  const [path = '', search = ''] = url.split('?');
  const amazon = Object.keys(headers).filter(
    (name) => name.startsWith('x-amz-') || name === 'host' || name === 'content-md5',
  );
  if (amazon.some((name) => !names.split(';').includes(name))) throw new S3Error(403, 'AccessDenied');
  const lines = names.split(';').map((name) => `${name}:${String(headers[name])}`);
  const canonical = [
    method,
    path,
    search.split('&').sort().join('&'),
    ...lines,
    '',
    names,
    String(headers['x-amz-content-sha256']),
  ].join('\n');
  const scope = `${date}/${region}/s3/aws4_request`;
  const text = `AWS4-HMAC-SHA256\n${time}\n${scope}\n${createHash('sha256').update(canonical).digest('hex')}`;
  let key: Buffer = Buffer.from(`AWS4${credential.secret}`);
  for (const part of [date, region, 's3', 'aws4_request']) key = createHmac('sha256', key).update(part).digest();
  if (!timingSafeEqual(createHmac('sha256', key).update(text).digest(), Buffer.from(signature, 'hex')))
    throw new S3Error(403, 'SignatureDoesNotMatch');
  if (createHash('sha256').update(body).digest('hex') !== headers['x-amz-content-sha256'])
    throw new S3Error(400, 'XAmzContentSHA256Mismatch');
  const sum = headers['content-md5'];
  if (sum !== undefined && sum !== md5(body).toString('base64')) throw new S3Error(400, 'BadDigest');
  const [, name = '', ...rest] = decodeURIComponent(path).split('/');
  if (name !== bucket) throw new S3Error(404, 'NoSuchBucket');
  return {
    method,
    key: rest.join('/'),
    query: new URLSearchParams(search),
    headers,
    body,
    rights: new Set(credential.rights),
  };
}

function need(rights: ReadonlySet<S3Right>, right: S3Right): void {
  if (!rights.has(right)) throw new S3Error(403, 'AccessDenied');
}

function member(xml: Buffer, name: string): string {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml.toString())?.[1] ?? '';
}

function md5(bytes: Buffer): Buffer {
  return createHash('md5').update(bytes).digest();
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}
