import { decodeUtf8, readStrictJson, type StrictJson } from './json.ts';
import type { HttpMessage } from '../../model/http-message.ts';
import { refuse } from '../../model/refusal.ts';

/** Bounds of one GraphQL request over HTTP. */
export const graphqlLimits = {
  /** Bytes of the whole body. */
  bodyBytes: 1024 * 1024,
  /** Bytes of one document: comments and block strings cost no tokens. */
  documentBytes: 64 * 1024,
  tokens: 2000,
  fragments: 50,
  /** Fields under one key in one selection. */
  repeats: 30,
  /** Selections within selections. */
  depth: 64,
  /** Elements of a batch. */
  batch: 20,
  /** Selected fields of one operation, fragments unfolded. */
  fields: 5000,
  /** Root fields of one operation. */
  rootFields: 100,
} as const;

/** One request as a client wrote it, before its document is read. */
export interface Envelope {
  readonly query: string;
  readonly variables: { readonly [name: string]: StrictJson };
  readonly operationName: string | undefined;
}

export interface Envelopes {
  readonly requests: readonly Envelope[];
  /** Sent as an array, so the answer is one. */
  readonly batch: boolean;
  /** Sent by GET: queries only. */
  readonly get: boolean;
}

const readerHint = 'send `{"query": …, "variables": …, "operationName": …}` as application/json by POST';

/** GraphQL over HTTP, strictly: POST of JSON, or GET with `query`, `variables`, `operationName`. Throws `BAD_REQUEST`. */
export function readEnvelopes(message: HttpMessage): Envelopes {
  if (message.body.byteLength > graphqlLimits.bodyBytes) {
    throw refuse('BAD_REQUEST', `the body is larger than ${graphqlLimits.bodyBytes} bytes`, readerHint);
  }
  if (message.method === 'GET') return readQueryString(message);
  if (message.method !== 'POST')
    throw refuse('BAD_REQUEST', `method \`${message.method}\` is not read here`, readerHint);
  if (message.path.includes('?')) throw refuse('BAD_REQUEST', 'a POST carries a query string', readerHint);
  requireJson(message);
  return readBody(decodeUtf8(message.body));
}

function readBody(text: string): Envelopes {
  const body = readStrictJson(text);
  if (!Array.isArray(body)) return { requests: [readEnvelope(body)], batch: false, get: false };
  if (body.length === 0 || body.length > graphqlLimits.batch) {
    throw refuse('BAD_REQUEST', `a batch holds 1 to ${graphqlLimits.batch} requests`, 'send fewer at once');
  }
  return { requests: body.map(readEnvelope), batch: true, get: false };
}

function requireJson(message: HttpMessage): void {
  const types = message.headers.filter(([name]) => name === 'content-type').map(([, value]) => value);
  const [type = ''] = types;
  if (types.length !== 1 || !/^application\/json(?:\s*;\s*charset="?utf-8"?)?$/i.test(type.trim())) {
    throw refuse('BAD_REQUEST', 'the content type is not exactly application/json', readerHint);
  }
  const encoded = message.headers.some(([name, value]) => name === 'content-encoding' && value !== 'identity');
  if (encoded) throw refuse('BAD_REQUEST', 'the body is still encoded', readerHint);
}

function readEnvelope(value: StrictJson): Envelope {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw refuse('BAD_REQUEST', 'a request is not an object', readerHint);
  }
  for (const [name, member] of Object.entries(value)) refuseMember(name, member);
  const { query, variables = null, operationName = null } = value as { [name: string]: StrictJson | undefined };
  if (typeof query !== 'string') throw refuse('BAD_REQUEST', 'there is no document in `query`', readerHint);
  if (typeof variables !== 'object' || Array.isArray(variables)) {
    throw refuse('BAD_REQUEST', '`variables` is not an object', readerHint);
  }
  if (operationName !== null && (typeof operationName !== 'string' || operationName === '')) {
    throw refuse('BAD_REQUEST', '`operationName` is not a name', readerHint);
  }
  return { query, variables: variables ?? {}, operationName: operationName ?? undefined };
}

/** Members that change what is run, or that we don't know, are refused: what is not read is never forwarded. */
function refuseMember(name: string, member: StrictJson): void {
  if (name === 'query' || name === 'variables' || name === 'operationName') return;
  if (name === 'extensions') {
    const empty = member === null || (typeof member === 'object' && Object.keys(member).length === 0);
    if (empty) return;
  }
  throw refuse(
    'BAD_REQUEST',
    `body member \`${name.slice(0, 40)}\` is not read here (persisted documents, uploads and extensions carry what cannot be judged)`,
    readerHint,
  );
}

function readQueryString(message: HttpMessage): Envelopes {
  if (message.body.byteLength > 0) throw refuse('BAD_REQUEST', 'a GET carries a body', readerHint);
  const found = new Map<string, string>();
  for (const [name, value] of pairs(message.path.slice(message.path.indexOf('?') + 1))) {
    if (!['query', 'variables', 'operationName'].includes(name)) {
      throw refuse('BAD_REQUEST', `query parameter \`${name.slice(0, 40)}\` is not read here`, readerHint);
    }
    if (found.has(name)) throw refuse('BAD_REQUEST', `query parameter \`${name}\` stands twice`, readerHint);
    if (value.includes('\0')) throw refuse('BAD_REQUEST', 'a query parameter holds NUL', readerHint);
    found.set(name, value);
  }
  const variables = found.get('variables');
  const envelope = readEnvelope({
    query: found.get('query') ?? null,
    variables: variables === undefined || variables === '' ? null : readStrictJson(variables),
    operationName: found.get('operationName') || null,
  });
  return { requests: [envelope], batch: false, get: true };
}

/** `application/x-www-form-urlencoded` pairs; malformed percent encoding is refused instead of passed through. */
function pairs(query: string): readonly (readonly [string, string])[] {
  const decode = (text: string): string => {
    try {
      return decodeURIComponent(text.replaceAll('+', ' '));
    } catch (cause) {
      throw refuse('BAD_REQUEST', 'the query string is not properly encoded', readerHint, { reasons: [String(cause)] });
    }
  };
  return query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const at = pair.indexOf('=');
      return at < 0
        ? ([decode(pair), ''] as const)
        : ([decode(pair.slice(0, at)), decode(pair.slice(at + 1))] as const);
    });
}
