import { createHmac, hash } from 'node:crypto';

/** An access key of an object store. The secret never leaves this room. */
export interface S3Credential {
  readonly keyId: string;
  readonly secret: string;
  /** Of a temporary credential. */
  readonly session?: string;
}

/** A request as it is signed. */
export interface SignedRequest {
  readonly method: string;
  /** Path as it goes over the wire, encoded: `/bucket/chunks/ab`. */
  readonly path: string;
  readonly query: readonly (readonly [name: string, value: string])[];
  /** Lower-case names, `host` included. */
  readonly headers: { readonly [name: string]: string };
  /** Hexadecimal SHA-256 of the body. */
  readonly payload: string;
}

/**
 * The headers that sign a request, by AWS Signature Version 4 for `s3` (docs.aws.amazon.com/AmazonS3, "Authenticating
 * Requests: Using the Authorization Header"). `at`: milliseconds since the epoch.
 */
export function signatureHeaders(
  request: SignedRequest,
  credential: S3Credential,
  region: string,
  at: number,
): { readonly [name: string]: string } {
  const time = new Date(at).toISOString().replaceAll(/[-:]|\.\d{3}/g, '');
  const date = time.slice(0, 8);
  const added = {
    'x-amz-date': time,
    'x-amz-content-sha256': request.payload,
    ...(credential.session === undefined ? {} : { 'x-amz-security-token': credential.session }),
  };
  const all = { ...request.headers, ...added };
  const names = Object.keys(all).sort();
  const canonical = [
    request.method,
    request.path,
    queryText(request.query),
    ...names.map((name) => `${name}:${(all as Record<string, string>)[name]?.trim() ?? ''}`),
    '',
    names.join(';'),
    request.payload,
  ].join('\n');
  const scope = `${date}/${region}/s3/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', time, scope, hash('sha256', canonical, 'hex')].join('\n');
  const key = [date, region, 's3', 'aws4_request'].reduce<Buffer>(mac, Buffer.from(`AWS4${credential.secret}`));
  const signature = mac(key, toSign).toString('hex');
  const authorization = `AWS4-HMAC-SHA256 Credential=${credential.keyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return { ...added, authorization };
}

/** The query in the order in which it is signed, and sent. */
export function queryText(query: SignedRequest['query']): string {
  return query
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
    .sort()
    .join('&');
}

/** A path, each part percent-encoded as S3 signs it. */
export function pathText(parts: readonly string[]): string {
  return `/${parts
    .flatMap((part) => part.split('/'))
    .map(encoded)
    .join('/')}`;
}

function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function mac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
