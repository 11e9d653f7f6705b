import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { GraphQLSchema } from 'graphql';
import { callerOf, tokenOf } from './callers.ts';
import { body, prepare, type Prepared, run } from './execute.ts';
import { type FaultOrder, Faults } from './faults.ts';
import type { Json } from './json.ts';
import { fingerprint } from './log.ts';
import { endGrace } from './mutations/project.ts';
import { type PersistedQueries, receive, type Received } from './wire.ts';
import { Call, notAuthorized, type World } from './world.ts';

export interface TlsFiles {
  readonly key: string | Buffer;
  readonly cert: string | Buffer;
}

/** The double's HTTP side, on loopback only. One mutation at a time, so that each change belongs to one request. */
export class Server {
  readonly faults = new Faults();
  readonly #world: World;
  readonly schema: GraphQLSchema;
  readonly #server: http.Server | https.Server;
  readonly #sockets = new Set<Socket>();
  readonly #persisted: PersistedQueries = new Map();
  #turn: Promise<unknown> = Promise.resolve();
  #requests = 0;

  constructor(world: World, schema: GraphQLSchema, tls: TlsFiles | null) {
    this.#world = world;
    this.schema = schema;
    const listener = (request: IncomingMessage, response: ServerResponse) => {
      this.#serve(request, response).catch((error: unknown) => {
        if (!response.headersSent) answer(response, 400, { errors: [{ message: messageOf(error) }] });
        else response.destroy();
      });
    };
    this.#server = tls === null ? http.createServer(listener) : https.createServer({ ...tls }, listener);
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    this.#server.on('upgrade', (request: IncomingMessage, socket: Socket) => this.#upgrade(request, socket));
  }

  /** Answers the port. */
  async listen(port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, '127.0.0.1', resolve);
    });
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
    for (const socket of this.#sockets) socket.destroy();
    await closed;
    await this.#turn;
  }

  /** Lets `work` have the world to itself, after what is running. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work, work);
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const number = this.#nextRequest();
    const received = await this.#received(request, number);
    if (received instanceof Error) {
      this.#answer(response, number, 400, { errors: [{ message: received.message }] });
      return;
    }
    if (received.path === '/webhook-sink') {
      this.#arrived(request, number, received, []);
      this.#answer(response, number, 202, { received: received.raw.length });
      return;
    }
    const prepared = received.requests.map((one) => prepare(this.schema, one));
    const operations = prepared.flatMap((one) => one.operations);
    this.#arrived(request, number, received, operations);
    const fault = this.faults.take(operations);
    if (fault !== null) this.#world.log.append({ kind: 'fault', request: number, fault: fault.next });
    if (!(await this.#beforeEffect(fault, response, number))) return;
    const results = await this.#execute(request, prepared, number);
    if (!this.#afterEffect(fault, response, number)) return;
    const broken = prepared.every((one) => one.document === null || one.errors.length > 0);
    this.#answer(response, number, broken ? 400 : 200, received.isBatch ? results : (results[0] ?? null));
  }

  #nextRequest(): number {
    this.#requests += 1;
    return this.#requests;
  }

  async #received(request: IncomingMessage, number: number): Promise<Received | Error> {
    try {
      return await receive(request, this.#persisted);
    } catch (error) {
      this.#arrived(request, number, null, []);
      return new Error(messageOf(error));
    }
  }

  /** One entry as soon as the whole body is there, before anything is done about it. */
  #arrived(request: IncomingMessage, number: number, received: Received | null, operations: readonly string[]): void {
    const token = tokenOf(request.headers);
    this.#world.log.append({
      kind: 'request',
      request: number,
      method: request.method ?? '',
      path: received?.path ?? request.url ?? '',
      headers: request.rawHeaders.filter((_, at) => at % 2 === 0),
      token: token === null ? null : fingerprint(token.value),
      bodySha256: received?.bodySha256 ?? '',
      bodyBytes: received?.raw.length ?? 0,
      operations,
    });
  }

  async #execute(request: IncomingMessage, prepared: readonly Prepared[], number: number): Promise<readonly Json[]> {
    return this.alone(async () => {
      this.#world.request = number;
      try {
        const results: Json[] = [];
        await endGrace(new Call(this.#world, null, number));
        for (const one of prepared) {
          const caller = callerOf(this.#world.state, request.headers);
          results.push(body(await run(this.schema, this.#world, one, caller, number)));
        }
        return results;
      } finally {
        this.#world.request = null;
      }
    });
  }

  /** False when the fault ends the request before anything was executed. */
  async #beforeEffect(fault: FaultOrder | null, response: ServerResponse, number: number): Promise<boolean> {
    switch (fault?.next) {
      case 'http500':
        this.#answer(response, number, 500, { errors: [{ message: 'Problem processing request' }] });
        return false;
      case 'unauthorized':
        this.#answer(response, number, 200, { errors: [{ message: notAuthorized }], data: null });
        return false;
      case 'timeout':
        this.#world.log.append({ kind: 'response', request: number, status: 'unanswered' });
        return false;
      case 'dropBeforeEffect':
        return this.#drop(response, number);
      case 'slow':
        await sleep(fault.delayMs ?? 2000);
        return true;
      case 'dropAfterEffect':
      case 'timeoutAfterEffect':
      case undefined:
        return true;
    }
  }

  #afterEffect(fault: FaultOrder | null, response: ServerResponse, number: number): boolean {
    if (fault?.next === 'dropAfterEffect') return this.#drop(response, number);
    if (fault?.next !== 'timeoutAfterEffect') return true;
    this.#world.log.append({ kind: 'response', request: number, status: 'unanswered' });
    return false;
  }

  #drop(response: ServerResponse, number: number): false {
    this.#world.log.append({ kind: 'response', request: number, status: 'dropped' });
    response.socket?.destroy();
    return false;
  }

  #answer(response: ServerResponse, number: number, status: number, content: Json): void {
    this.#world.log.append({ kind: 'response', request: number, status });
    answer(response, status, content);
  }

  /** Subscriptions are not simulated; that someone tried is written down. */
  #upgrade(request: IncomingMessage, socket: Socket): void {
    const number = this.#nextRequest();
    this.#arrived(request, number, null, ['upgrade']);
    this.#world.log.append({ kind: 'response', request: number, status: 501 });
    socket.end('HTTP/1.1 501 Not Implemented\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
  }
}

function answer(response: ServerResponse, status: number, content: Json): void {
  const bytes = Buffer.from(JSON.stringify(content));
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'content-length': bytes.length });
  response.end(bytes);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
