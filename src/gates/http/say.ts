import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Answer } from '../../contract/upstream.ts';
import { httpAnswer, type HttpAnswer } from '../../model/http-message.ts';
import { type Refusal, refuse } from '../../model/refusal.ts';
import type { Asking, Exchange } from './connection.ts';
import type { HttpLimits } from './limits.ts';
import type { Reached } from './parts.ts';
import { instruction, type Spoken, problemDocument } from './tongue.ts';

const none = new Uint8Array(0);

/** Headers of an upstream's answer that reach the client; the framing is ours. */
const passed: ReadonlySet<string> = new Set(['content-type', 'retry-after']);

/** Sends a whole answer and leaves the connection open for the next request, unless `close`. */
export function say(exchange: Asking, spoken: Spoken, close = false): void {
  respond(exchange, spoken.status, spoken.headers, Buffer.from(spoken.body), close);
}

/**
 * Sends an upstream's answer, already masked by the road. Throws `Refused` (`OUTCOME_UNKNOWN`) for one that cannot be
 * shown: the act was done, so nothing may claim otherwise.
 */
export function sayAnswer(exchange: Asking, answer: Answer): void {
  const { status, headers, body } = wholeAnswer(answer);
  const kept = headers.map(([name, value]) => [name.toLowerCase(), value] as const);
  if (kept.some(([name, value]) => name === 'content-encoding' && value.toLowerCase() !== 'identity')) {
    throw unshown('came compressed, so that secrets in it could not be masked');
  }
  respond(
    exchange,
    status,
    kept.filter(([name, value]) => passed.has(name) && /^[\x20-\x7e]*$/.test(value)),
    body,
    false,
  );
}

/** Headers of a listed host's answer that reach the client: all that a read needs, no cookie, no question for a credential. */
const readable: ReadonlySet<string> = new Set([
  'accept-ranges',
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-length',
  'content-range',
  'content-type',
  'etag',
  'expires',
  'last-modified',
  'link',
  'location',
  'retry-after',
  'vary',
]);

/**
 * Passes a listed host's answer on while it comes. A line that breaks in the middle ends the connection, so that half an
 * answer never looks whole. Never throws.
 */
export async function sayReached(exchange: Exchange, reached: Reached): Promise<void> {
  const { request, response } = exchange;
  const { status, headers, body } = reached;
  if (exchange.silent) return dropReached(reached);
  const kept = headers
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .filter(([name, value]) => readable.has(name) && /^[\x20-\x7e]*$/.test(value));
  response.writeHead(status, kept.flat());
  if (request.method === 'HEAD' || status === 204 || status === 304) {
    dropReached(reached);
    response.end();
    return;
  }
  try {
    await pipeline(body, response);
  } catch {
    response.destroy();
  }
}

/** Lets go of an answer that nobody will read. */
export function dropReached(reached: Reached): void {
  // A stream that is given up may fail once more, and an error nobody listens to would end the process.
  reached.body.on('error', () => undefined).destroy();
}

/** Throws `Refused` for an answer that no client could be given. */
function wholeAnswer(answer: Answer): HttpAnswer {
  let read: HttpAnswer;
  try {
    read = httpAnswer(answer);
  } catch {
    throw unshown('is no HTTP answer');
  }
  if (!Number.isInteger(read.status) || read.status < 200 || read.status > 599) throw unshown('is no HTTP answer');
  return read;
}

function unshown(why: string): Error {
  return refuse('OUTCOME_UNKNOWN', `the request was sent; the answer ${why}, and is not shown`);
}

function respond(
  exchange: Asking,
  status: number,
  headers: readonly (readonly [string, string])[],
  body: Uint8Array,
  close: boolean,
): void {
  if (exchange.silent) return;
  const list: string[] = [];
  for (const [name, value] of headers) list.push(name, value);
  list.push('cache-control', 'no-store');
  const bodiless = status === 204 || status === 304;
  if (!bodiless) list.push('content-length', String(body.byteLength));
  if (close) list.push('connection', 'close');
  exchange.answer(status, list, bodiless ? none : body, close);
}

/**
 * Answers before the body was read, then reads on and throws away for a little while: closing at once would reset the
 * connection, and the client would never see why.
 */
export function sayAndDrain(exchange: Exchange, spoken: Spoken, limits: HttpLimits): void {
  const { request, response } = exchange;
  if (exchange.silent) return;
  const body = Buffer.from(spoken.body);
  const framing = ['cache-control', 'no-store', 'content-length', String(body.length), 'connection', 'close'];
  response.writeHead(spoken.status, [...spoken.headers.flat(), ...framing]);
  const done = (): void => {
    clearTimeout(timer);
    response.end();
  };
  const timer = setTimeout(done, limits.drainTime);
  let drained = 0;
  response.write(body);
  request.on('data', (chunk: Buffer) => {
    drained += chunk.length;
    if (drained > limits.drainBytes) done();
  });
  request.once('end', done);
  request.once('close', done);
  if (request.complete || request.readableEnded) done();
  else request.resume();
}

const longestPhrase = 600;

/** `HOLDPOINT_DENIED: … Stop here; …`, in what a reason phrase may hold (RFC 9112 §4): one line, and of it plain ASCII. */
function reasonPhrase(refusal: Refusal): string {
  return `HOLDPOINT_${instruction(refusal)}`.replaceAll(/[^\x20-\x7e]+/g, ' ').slice(0, longestPhrase);
}

/** Writes a problem document to a connection that has no response object: refused CONNECTs, requests that did not parse. */
export function sayRaw(socket: Duplex, refusal: Refusal, status: number, limits: HttpLimits): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const spoken = problemDocument(refusal, status);
  const challenge = status === 407 ? 'proxy-authenticate: Basic realm="holdpoint"\r\n' : '';
  const fields = spoken.headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const length = Buffer.byteLength(spoken.body);
  // The reason phrase is all that most clients show of a refused CONNECT: the whole instruction is there.
  const start = `HTTP/1.1 ${status} ${reasonPhrase(refusal)}\r\n`;
  socket.end(`${start}${fields}${challenge}content-length: ${length}\r\nconnection: close\r\n\r\n${spoken.body}`);
  const timer = setTimeout(() => socket.destroy(), limits.drainTime);
  socket.once('close', () => clearTimeout(timer));
  socket.once('end', () => socket.destroy());
  socket.resume();
}
