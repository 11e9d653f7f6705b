import { setTimeout as sleep } from 'node:timers/promises';
import { Client, DatabaseError } from 'pg';
import type { TestServer } from '../postgres/server.ts';

/**
 * Longest waits, in ms. They are set as a session starts, so that RESET ALL and DISCARD ALL come back to them; past
 * `answer` the connection itself is given up, whatever the server does.
 */
const patience = {
  looked: { statement: 1_500, lock: 1_000, answer: 15_000 },
  watching: { statement: 60_000, lock: 5_000, answer: 90_000 },
} as const;

/** How one statement went. `late`: it, or a lock that it waited for, took longer than it may, or its answer never came. */
export type Went =
  | { readonly as: 'done' }
  | { readonly as: 'failed'; readonly state: string }
  | { readonly as: 'late' | 'lost' };

/** The session that runs what is looked at, and one that watches. Neither waits for ever. */
export class Sessions {
  readonly #server: TestServer;
  readonly #database: string;
  #looked: Client | undefined;
  #watching: Client | undefined;
  /** Times that the server itself was away: what it keeps in no log of its own (unlogged tables) is gone after one. */
  restarts = 0;

  constructor(server: TestServer, database: string) {
    this.#server = server;
    this.#database = database;
  }

  /** The session that is there, or a new one. */
  async looked(): Promise<Client> {
    return (this.#looked ??= await this.#opened('looked'));
  }

  async watching(): Promise<Client> {
    if (this.#watching === undefined) {
      this.#watching = await this.#opened('watching');
      // So that every name it tells is whole.
      await this.#watching.query("SET search_path = ''");
    }
    return this.#watching;
  }

  isCurrent(client: Client): boolean {
    return this.#looked === client;
  }

  /** Ends the session, and comes back when the server too has done with it: what it drops must not fall into a later look. */
  async hangUp(): Promise<void> {
    const client = this.#looked;
    this.#looked = undefined;
    if (client === undefined) return;
    const { processID: pid } = client as unknown as { readonly processID: number | null };
    await client.end().catch(() => undefined);
    if (pid !== null) await this.#gone(pid);
  }

  /** A watch that has failed is opened anew. */
  async closeWatch(): Promise<void> {
    const client = this.#watching;
    this.#watching = undefined;
    await client?.end().catch(() => undefined);
  }

  async close(): Promise<void> {
    const client = this.#looked;
    this.#looked = undefined;
    await client?.end().catch(() => undefined);
    await this.closeWatch();
  }

  async #gone(pid: number): Promise<void> {
    const watching = await this.watching();
    // Waits by itself, up to five seconds, until the process has ended.
    const text = 'SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid = $1';
    await watching.query(text, [pid]).catch(() => this.closeWatch());
  }

  /** Waits for a server that recovers from a crash. */
  async #opened(as: keyof typeof patience): Promise<Client> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#connected(as);
      } catch (thrown) {
        if (attempt === 0) this.restarts++;
        if (attempt >= 100) throw thrown;
        await sleep(300);
      }
    }
  }

  async #connected(as: keyof typeof patience): Promise<Client> {
    const { statement, lock, answer } = patience[as];
    const { port, password } = this.#server;
    const client = new Client({
      host: '127.0.0.1',
      port,
      user: 'postgres',
      password,
      database: this.#database,
      options: `-c statement_timeout=${statement} -c lock_timeout=${lock}`,
      query_timeout: answer,
      connectionTimeoutMillis: answer,
    });
    client.on('error', () => undefined);
    try {
      await client.connect();
    } catch (thrown) {
      void client.end().catch(() => undefined);
      throw thrown;
    }
    return client;
  }
}

/** Runs it and tells how that went; after `lost`, or a `late` answer that never came, the session is of no more use. */
export async function sent(client: Client, text: string): Promise<Went> {
  try {
    await client.query(text);
    return { as: 'done' };
  } catch (thrown) {
    if (!isSaid(thrown)) return { as: 'lost' };
    return isLate(thrown) ? { as: 'late' } : { as: 'failed', state: thrown.code ?? '' };
  }
}

/** An error that the server said, and that left the session alive. */
export function isSaid(thrown: unknown): thrown is DatabaseError {
  return thrown instanceof DatabaseError && thrown.severity === 'ERROR';
}

/** `query_canceled`, which the end of a COPY that has no data is called too, and `lock_not_available`. */
export function isLate({ code, message }: DatabaseError): boolean {
  return (code === '57014' && !message.startsWith('COPY from stdin failed')) || code === '55P03';
}
