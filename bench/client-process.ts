// A load client in a process of its own, on bare sockets, so that every far side is asked with the same bytes at the same
// price: `node bench/client-process.ts '<json of Load>'`. Says `{"times":[…milliseconds]}`.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** What is to be sent, and how. */
export interface Load {
  readonly port: number;
  /** A whole HTTP request; several are sent in turn. */
  readonly requests: readonly string[];
  readonly connections: number;
  readonly seconds: number;
  /** Requests a second in all, whether or not the last ones were answered; 0 sends the next when one is answered. */
  readonly perSecond: number;
}

export interface LoadSaid {
  /** Milliseconds from when a request was due to its whole answer. */
  readonly times: readonly number[];
  /** Answers that were no 200, or said that something was refused. */
  readonly failed: number;
}

/** One connection with at most one request under way; those that are due meanwhile wait, and their waiting counts. */
class Connection {
  readonly #socket: Socket;
  readonly #answered: (asked: number, good: boolean) => void;
  #due: number[] = [];
  #received = '';
  readonly #next: () => string;

  constructor(socket: Socket, next: () => string, answered: (asked: number, good: boolean) => void) {
    this.#socket = socket;
    this.#next = next;
    this.#answered = answered;
    socket.setEncoding('latin1');
    socket.on('data', (piece: string) => this.#take(piece));
    socket.on('error', () => process.exit(3));
    socket.on('close', () => process.exit(4));
  }

  ask(due: number): void {
    this.#due.push(due);
    if (this.#due.length === 1) this.#socket.write(this.#next(), 'latin1');
  }

  get idle(): boolean {
    return this.#due.length === 0;
  }

  #take(piece: string): void {
    this.#received += piece;
    const end = this.#received.indexOf('\r\n\r\n');
    if (end === -1) return;
    const head = this.#received.slice(0, end).toLowerCase();
    const at = head.indexOf('content-length: ');
    const length = Number.parseInt(head.slice(at + 16, at + 28), 10);
    if (this.#received.length < end + 4 + length) return;
    const good = head.startsWith('http/1.1 200') && !this.#received.includes('HOLDPOINT_');
    if (!good) process.stderr.write(`${this.#received.slice(end + 4, end + 300)}\n`);
    this.#received = this.#received.slice(end + 4 + length);
    const due = this.#due.shift() ?? 0;
    if (this.#due.length > 0) this.#socket.write(this.#next(), 'latin1');
    this.#answered(due, good);
  }
}

async function run(load: Load): Promise<LoadSaid> {
  const times: number[] = [];
  let failed = 0;
  let sent = 0;
  const next = (): string => load.requests[sent++ % load.requests.length] ?? '';
  const connections: Connection[] = [];
  const closed = load.perSecond === 0;
  let end = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < load.connections; index++) {
    const socket = connect({ port: load.port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    const connection = new Connection(socket, next, (due, good) => {
      const now = performance.now();
      times.push(now - due);
      if (!good) failed += 1;
      if (closed && now < end) connection.ask(now);
    });
    connections.push(connection);
  }
  // A new connection is looked at before its first request is judged: that is not what is measured here.
  for (const connection of connections) connection.ask(performance.now());
  while (connections.some((connection) => !connection.idle)) await new Promise((resolve) => setTimeout(resolve, 2));
  times.length = 0;
  const start = performance.now();
  end = start + load.seconds * 1_000;
  if (closed) for (const connection of connections) connection.ask(performance.now());
  else await pace(connections, load.perSecond, start, end);
  while (performance.now() < end || connections.some((connection) => !connection.idle))
    await new Promise((resolve) => setTimeout(resolve, 2));
  return { times, failed };
}

/** Asks each connection in turn. A timer that comes late asks for all that was due; what it was late is not their latency. */
async function pace(connections: readonly Connection[], perSecond: number, start: number, end: number): Promise<void> {
  let asked = 0;
  for (let now = performance.now(); now < end; now = performance.now()) {
    for (; (asked * 1_000) / perSecond <= now - start; asked++)
      connections[asked % connections.length]?.ask(performance.now());
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

// Whatever goes wrong, nobody is asked for ever.
const load = JSON.parse(process.argv[2] ?? '{}') as Load;
setTimeout(() => process.exit(5), (load.seconds + 20) * 1_000).unref();
const said = await run(load);
process.stdout.write(`${JSON.stringify(said)}\n`, () => process.exit(0));
