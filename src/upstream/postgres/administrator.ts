import { connect } from 'node:net';
import { signIn, type SignedIn, signInOn } from './sign-in.ts';
import { placeOf, signInOf } from './place.ts';
import { columns, cstring, fields, frame, type Frame, terminateFrame } from '../../contract/postgres/frames.ts';
import { trustedAuthorities } from '../dial/dial.ts';

/** The server said no to a statement of an administrator's. */
export class StatementRefused extends Error {
  override readonly name = 'StatementRefused';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * A person's own line to a server, for what they read and said yes to. It is no lease: what goes over it is on no road,
 * so nothing but the command line's composition opens one, and its credential is kept nowhere.
 */
export interface Administrator {
  /** Address of the far end: `127.0.0.1`. */
  readonly remote: string;
  readonly encrypted: boolean;
  /** Rows of the last statement, values as text. Throws `StatementRefused`; a transaction that stood open is taken back. */
  run(text: string): Promise<readonly (readonly (string | null)[])[]>;
  close(): Promise<void>;
}

export interface AdministratorOptions {
  /** `postgres://host:5432/name?sslmode=verify-full`, without a credential. */
  readonly address: string;
  /** `user:password`, both percent-encoded. */
  readonly secret: string;
  /** PEM. */
  readonly ca?: string;
  /** Milliseconds for dialling, for signing in, and for each answer. */
  readonly timeout?: number;
}

/** Throws what dialling and signing in throw: `SignInRefused`, `AddressRefused`, `NotTheServer`, the system's error. */
export async function openAdministrator(options: AdministratorOptions): Promise<Administrator> {
  const timeout = options.timeout ?? 20_000;
  const place = placeOf(options.address);
  const settings = new Map([
    ['application_name', 'holdpoint connect'],
    ['client_encoding', 'UTF8'],
    ['search_path', 'pg_catalog'],
    ['standard_conforming_strings', 'on'],
    ['lock_timeout', '5s'],
    ['statement_timeout', String(timeout)],
  ]);
  const signedIn = await signIn(place, signInOf(options.secret), trustedAuthorities(options.ca), settings, {
    allowPrivate: true,
    timeout,
  });
  return new OpenAdministrator(signedIn, place.encrypted, timeout);
}

/** Where a server of our own listens on this machine. */
export interface OwnServer {
  /** Path of its socket. */
  readonly socket: string;
  readonly user: string;
  readonly database: string;
  /** Milliseconds for each answer; ten minutes unless said, because whole tables are read. */
  readonly timeout?: number;
}

/** A line to a server that we started ourselves (a restored copy), which asks nobody for a password. */
export async function openOwnServer(server: OwnServer): Promise<Administrator> {
  const timeout = server.timeout ?? 600_000;
  const socket = connect({ path: server.socket });
  const parameters = new Map([
    ['user', server.user],
    ['database', server.database],
    ['application_name', 'holdpoint restore'],
    ['client_encoding', 'UTF8'],
    ['search_path', 'pg_catalog'],
    ['standard_conforming_strings', 'on'],
    ['statement_timeout', '0'],
  ]);
  const signedIn = await signInOn(socket, { user: server.user, password: '' }, parameters, 10_000);
  return new OpenAdministrator(signedIn, false, timeout);
}

class OpenAdministrator implements Administrator {
  readonly remote: string;
  readonly encrypted: boolean;
  readonly #signedIn: SignedIn;
  readonly #timeout: number;
  #waiting: { take: (reply: Frame) => void; fail: (cause: Error) => void } | undefined;

  constructor(signedIn: SignedIn, encrypted: boolean, timeout: number) {
    this.#signedIn = signedIn;
    this.#timeout = timeout;
    this.encrypted = encrypted;
    const { socket, framer } = signedIn;
    this.remote = socket.remoteAddress ?? '';
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const one of framer.push(chunk)) this.#waiting?.take(one);
      } catch (thrown) {
        socket.destroy(thrown as Error);
      }
    });
    socket.on('error', (cause: Error) => this.#waiting?.fail(cause));
    socket.on('close', () => this.#waiting?.fail(new Error('the server closed the line')));
    socket.resume();
  }

  async run(text: string): Promise<readonly (readonly (string | null)[])[]> {
    const { rows, refused } = await this.#query(text);
    if (refused === undefined) return rows;
    await this.#query('ROLLBACK').catch(() => undefined);
    throw refused;
  }

  #query(
    text: string,
  ): Promise<{ readonly rows: readonly (readonly (string | null)[])[]; readonly refused?: StatementRefused }> {
    const { socket } = this.#signedIn;
    return new Promise((resolve, reject) => {
      let rows: (readonly (string | null)[])[] = [];
      let refused: StatementRefused | undefined;
      const timer = setTimeout(() => socket.destroy(new Error('the server did not answer in time')), this.#timeout);
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting = undefined;
      };
      this.#waiting = {
        take: (reply) => {
          if (reply.type === 'T') rows = [];
          else if (reply.type === 'D') rows.push(columns(reply).map((value) => value?.toString('utf8') ?? null));
          else if (reply.type === 'E') {
            const said = fields(reply);
            refused ??= new StatementRefused(said.get('C') ?? '', said.get('M') ?? 'the server said no');
          } else if (reply.type === 'Z') {
            done();
            resolve(refused === undefined ? { rows } : { rows, refused });
          }
        },
        fail: (cause) => {
          done();
          reject(cause);
        },
      };
      socket.write(frame('Q', cstring(text)).bytes);
    });
  }

  async close(): Promise<void> {
    const { socket } = this.#signedIn;
    socket.end(terminateFrame.bytes);
    socket.unref();
  }
}
