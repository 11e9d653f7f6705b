import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import zlib from 'node:zlib';
import { isObject, type Json, type JsonObject } from './json.ts';

/** One GraphQL request inside an HTTP request; a batch has several. */
export interface GraphQLRequest {
  readonly query: string;
  readonly variables: JsonObject;
  readonly operationName: string | null;
}

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly raw: Buffer;
  readonly bodySha256: string;
  readonly requests: readonly GraphQLRequest[];
  readonly isBatch: boolean;
}

const maxBytes = 64 * 1024 * 1024;

/** Persisted queries seen so far: SHA-256 to text. */
export type PersistedQueries = Map<string, string>;

/**
 * Reads whatever could be meant as GraphQL, with any method: JSON or a JSON batch, `application/graphql`, a form, multipart with
 * uploads, a query string, persisted queries, each compressed in any way Node can undo. The real service may accept more than its
 * documents say, so the double must not be the one who saves the day. Throws when nothing can be made of it.
 */
export async function receive(request: IncomingMessage, persisted: PersistedQueries): Promise<Received> {
  const raw = await bodyOf(request);
  const url = new URL(request.url ?? '/', 'http://double.invalid');
  const base = {
    method: request.method ?? 'GET',
    path: url.pathname,
    raw,
    bodySha256: createHash('sha256').update(raw).digest('hex'),
  };
  const fromQuery = Object.fromEntries(url.searchParams) as JsonObject;
  const body = raw.length === 0 ? null : await read(request, inflate(raw, request.headers['content-encoding']));
  if (Array.isArray(body)) {
    const requests = (body as readonly Json[]).map((one) => requestOf(isObject(one) ? one : {}, persisted));
    return { ...base, requests, isBatch: true };
  }
  const whole = { ...fromQuery, ...(isObject(body) ? body : {}) };
  return { ...base, requests: [requestOf(whole, persisted)], isBatch: false };
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) throw new Error('request too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function inflate(raw: Buffer, encoding: string | undefined): Buffer {
  const layers = (encoding ?? '').split(',').map((one) => one.trim().toLowerCase());
  return layers.reverse().reduce((data, layer) => {
    if (layer === 'gzip' || layer === 'x-gzip') return zlib.gunzipSync(data, { maxOutputLength: maxBytes });
    if (layer === 'br') return zlib.brotliDecompressSync(data, { maxOutputLength: maxBytes });
    if (layer === 'zstd') return zlib.zstdDecompressSync(data, { maxOutputLength: maxBytes });
    if (layer !== 'deflate') return data;
    try {
      return zlib.inflateSync(data, { maxOutputLength: maxBytes });
    } catch {
      return zlib.inflateRawSync(data, { maxOutputLength: maxBytes });
    }
  }, raw);
}

async function read(request: IncomingMessage, body: Buffer): Promise<Json> {
  const type = (request.headers['content-type'] ?? '').toLowerCase();
  if (type.startsWith('multipart/form-data')) return multipart(request.headers['content-type'] ?? '', body);
  const said = textOf(body, type);
  try {
    return JSON.parse(said) as Json;
  } catch {
    if (type.startsWith('application/x-www-form-urlencoded')) {
      return Object.fromEntries(new URLSearchParams(said));
    }
    return { query: said };
  }
}

function textOf(body: Buffer, type: string): string {
  const isUtf16 = /charset="?utf-?16/u.test(type) || (body[0] === 0xff && body[1] === 0xfe);
  const said = isUtf16 ? body.toString('utf16le') : body.toString('utf8');
  return said.startsWith('\uFEFF') ? said.slice(1) : said;
}

/** The GraphQL multipart request form: `operations`, `map`, and files that stand in for variables. */
async function multipart(type: string, body: Buffer): Promise<Json> {
  const form = await new Response(new Uint8Array(body), { headers: { 'content-type': type } }).formData();
  const operations = form.get('operations');
  const map = form.get('map');
  const whole = typeof operations === 'string' ? (JSON.parse(operations) as Json) : null;
  if (whole === null) {
    return Object.fromEntries([...form].flatMap(([key, value]) => (typeof value === 'string' ? [[key, value]] : [])));
  }
  const places = typeof map === 'string' ? (JSON.parse(map) as Record<string, readonly string[]>) : {};
  for (const [key, paths] of Object.entries(places)) {
    const file = form.get(key);
    if (file === null) continue;
    const content = typeof file === 'string' ? file : { filename: file.name, type: file.type, bytes: file.size };
    for (const path of paths) place(whole, path.split('.'), content);
  }
  return whole;
}

function place(into: Json, path: readonly string[], value: Json): void {
  const [key, ...rest] = path;
  if (key === undefined || typeof into !== 'object' || into === null) return;
  const target = into as Record<string, Json>;
  if (rest.length === 0) target[key] = value;
  else place(target[key] ?? null, rest, value);
}

function requestOf(body: JsonObject, persisted: PersistedQueries): GraphQLRequest {
  const variables = parsed(body['variables']);
  const operationName = body['operationName'];
  const extensions = parsed(body['extensions']);
  const persistedQuery = isObject(extensions) ? extensions['persistedQuery'] : null;
  const hash = isObject(persistedQuery) ? persistedQuery['sha256Hash'] : null;
  const given = typeof body['query'] === 'string' ? body['query'] : null;
  if (given !== null && typeof hash === 'string') persisted.set(hash, given);
  const query = given ?? (typeof hash === 'string' ? persisted.get(hash) : undefined);
  if (query === undefined) throw new Error(hash === null ? 'no query in the request' : 'PersistedQueryNotFound');
  return {
    query,
    variables: isObject(variables) ? variables : {},
    operationName: typeof operationName === 'string' && operationName !== '' ? operationName : null,
  };
}

function parsed(value: Json | undefined): Json {
  if (typeof value !== 'string') return value ?? null;
  try {
    return JSON.parse(value) as Json;
  } catch {
    return null;
  }
}
