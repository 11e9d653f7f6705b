/** One connection to the server: writes messages, and knows for every reply whose it is, so that our statements never show in the client's stream. */
import { connect, type Socket } from 'node:net';
import {
  Framer,
  columns,
  fields,
  message,
  parse,
  run,
  startup,
  strings,
  int32,
  SYNC,
  FLUSH,
  type Frame,
} from './frames.ts';
import { LineBroken } from './road.ts';

/** Names the client may not use. DISCARD ALL and DEALLOCATE ALL would drop them: such statements must never be forwarded. */
export const RESERVED = '_holdpoint_';

const OWN = {
  begin: 'BEGIN READ WRITE',
  commit: 'COMMIT',
  rollback: 'ROLLBACK',
  constraints: 'SET CONSTRAINTS ALL IMMEDIATE',
  flush: 'SELECT pg_catalog.pg_stat_force_next_flush()',
  /** Tables by our own locks, counters by oid: the view pg_stat_xact_user_tables walks the whole catalogue each time. */
  measure: `SELECT pg_catalog.pg_current_xact_id_if_assigned()::text,
    (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(n.nspname || '.' || c.relname, i, u, d) ORDER BY c.oid)::text
       FROM (SELECT relation, pg_catalog.pg_stat_get_xact_tuples_inserted(relation) AS i,
               pg_catalog.pg_stat_get_xact_tuples_updated(relation) AS u, pg_catalog.pg_stat_get_xact_tuples_deleted(relation) AS d
             FROM (SELECT DISTINCT relation FROM pg_catalog.pg_locks WHERE pid = pg_catalog.pg_backend_pid()
                   AND locktype = 'relation' AND mode NOT IN ('AccessShareLock', 'RowShareLock') OFFSET 0) l OFFSET 0) t
       JOIN pg_catalog.pg_class c ON c.oid = t.relation JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
       WHERE i + u + d > 0),
    (SELECT pg_catalog.count(*) FROM pg_catalog.pg_cursors WHERE is_holdable)::text`,
  horizon: `SELECT (pg_catalog.mxid_age('1'::xid) + 1)::text`,
  identity: `SELECT (SELECT system_identifier::text FROM pg_catalog.pg_control_system()),
    pg_catalog.substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 1, 8),
    (SELECT oid::text FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()),
    (SELECT stats_reset::text FROM pg_catalog.pg_stat_bgwriter)`,
} as const;
export type OwnStatement = keyof typeof OWN;

export type Row = readonly (string | null)[];
export interface OwnResult {
  readonly rows: readonly Row[];
  /** The command tag: a COMMIT in an aborted transaction succeeds with the tag ROLLBACK. */
  readonly tag: string;
}
type Kind = 'P' | 'B' | 'D' | 'E' | 'C' | 'S' | 'Q';
const LAST: Readonly<Record<Kind, string>> = { P: '1', B: '2', D: 'Tn', E: 'CIs', C: '3', S: 'Z', Q: 'Z' };

export interface Expectation {
  readonly kind: Kind;
  readonly take: (frame: Frame) => void;
  /** The server will not answer: it failed earlier and reads on to the next Sync (`broken` false), or the line is gone. */
  readonly skipped?: (broken: boolean) => void;
}

export class ServerError extends Error {
  override readonly name = 'ServerError';
  readonly frame: Frame;
  readonly sqlstate: string;
  constructor(frame: Frame) {
    const found = fields(frame);
    super(found.get('M') ?? 'server error');
    this.frame = frame;
    this.sqlstate = found.get('C') ?? '';
  }
}

/** An earlier message of the same round failed, so the server never looked at this one. */
export class Skipped extends Error {
  override readonly name = 'Skipped';
}

export interface Identity {
  readonly system: string;
  readonly timeline: string;
  readonly database: string;
  /** When the server's statistics were last thrown away, which every crash recovery does: after one, transaction ids may be used again. */
  readonly generation: string;
  readonly pid: number;
  readonly secret: Buffer;
}

const none = (): void => undefined;

export class Line {
  /** True from an error until the next Sync: the server drops what we send. */
  skipping = false;
  status = 'I';
  broken = false;
  readonly socket: Socket;
  readonly #expected: Expectation[] = [];
  readonly #framer = new Framer(false);
  #out: Buffer[] = [];
  readonly #async: (frame: Frame) => void;
  readonly #onBroken: () => void;

  constructor(socket: Socket, onAsync: (frame: Frame) => void, onBroken: () => void) {
    this.socket = socket;
    this.#async = onAsync;
    this.#onBroken = onBroken;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const frame of this.#framer.push(chunk)) this.#receive(frame);
      } catch {
        socket.destroy();
      }
    });
    socket.on('error', none);
    socket.on('close', () => this.#break());
  }

  get idle(): boolean {
    return this.#expected.length === 0;
  }

  send(bytes: Buffer, expectation: Expectation): void {
    if (this.broken) return expectation.skipped?.(true);
    if (this.skipping && expectation.kind !== 'S') return expectation.skipped?.(false);
    if (expectation.kind === 'S') this.skipping = false;
    this.#expected.push(expectation);
    this.write(bytes);
  }

  write(bytes: Buffer): void {
    if (this.#out.length === 0) process.nextTick(() => this.#flush());
    this.#out.push(bytes);
  }

  flush(): void {
    if (!this.skipping) this.write(FLUSH);
  }

  /** Sends Sync; resolves to the transaction status (`I`, `T`, `E`). `take` sees the ReadyForQuery. */
  sync(take: (frame: Frame) => void = none): Promise<string> {
    return new Promise((resolve, reject) => {
      const seen = (frame: Frame): void => {
        take(frame);
        if (frame.type === 'Z') resolve(this.status);
      };
      this.send(SYNC, { kind: 'S', take: seen, skipped: () => reject(new LineBroken('line broken')) });
    });
  }

  /** A portal name for each: one whose Execute failed stays until the aborted transaction ends, and a second Bind to it is an error. Runs one of our prepared statements; needs a Flush or Sync behind it before it can resolve. Rejects with ServerError, Skipped or LineBroken. */
  own(statement: OwnStatement, tap: (frame: Frame) => void = none): Promise<OwnResult> {
    const answer = new Promise<OwnResult>((resolve, reject) => {
      const rows: Row[] = [];
      const take = (frame: Frame): void => {
        tap(frame);
        if (frame.type === 'D') rows.push(columns(frame));
        else if (frame.type === 'C') resolve({ rows, tag: strings(frame, 1)[0] ?? '' });
        else if (frame.type === 'E') reject(new ServerError(frame));
      };
      const skipped = (broken: boolean): void =>
        reject(broken ? new LineBroken('line broken') : new Skipped('skipped'));
      for (const step of run(RESERVED + statement, RESERVED + statement))
        this.send(step.bytes, { ...step, take, skipped });
    });
    answer.catch(none);
    return answer;
  }

  #flush(): void {
    const out = this.#out;
    this.#out = [];
    if (!this.broken) this.socket.write(out.length === 1 && out[0] !== undefined ? out[0] : Buffer.concat(out));
  }

  #receive(frame: Frame): void {
    if (frame.type === 'N' || frame.type === 'A' || frame.type === 'S') return this.#async(frame);
    const head = this.#expected[0];
    if (head === undefined) return this.#async(frame);
    if (frame.type === 'Z') this.status = String.fromCharCode(frame.bytes[5] ?? 0);
    const last = LAST[head.kind].includes(frame.type);
    if (last) this.#expected.shift();
    head.take(frame);
    if (frame.type !== 'E' || head.kind === 'Q' || head.kind === 'S') return;
    this.#expected.shift();
    while (this.#expected[0] !== undefined && this.#expected[0].kind !== 'S') this.#expected.shift()?.skipped?.(false);
    this.skipping = this.#expected.length === 0;
  }

  #break(): void {
    this.broken = true;
    for (const waiting of this.#expected.splice(0)) waiting.skipped?.(true);
    this.#onBroken();
  }
}

export interface Target {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
}

/** Settings that the judging relies on, set in the start-up packet; the client can change none of them through us. */
const PINNED = {
  client_encoding: 'UTF8',
  default_transaction_read_only: 'on',
  standard_conforming_strings: 'on',
  synchronous_commit: 'on',
  lock_timeout: '10s',
  statement_timeout: '60s',
  idle_in_transaction_session_timeout: '60s',
} as const;

/** Opens a connection, prepares our statements and reads who it is that we talk to. */
export async function openLine(
  target: Target,
  onAsync: (frame: Frame) => void,
  onBroken: () => void,
): Promise<{ line: Line; identity: Identity }> {
  const line = new Line(connect(target.port, target.host), onAsync, onBroken);
  let pid = 0;
  let secret: Buffer = Buffer.alloc(4);
  const packet = startup({ user: target.user, database: target.database, application_name: 'holdpoint', ...PINNED });
  await new Promise<void>((resolve, reject) => {
    const take = (frame: Frame): void => {
      if (frame.type === 'K') {
        pid = frame.bytes.readInt32BE(5);
        secret = Buffer.from(frame.bytes.subarray(9));
      } else if (frame.type === 'R' && frame.bytes.readInt32BE(5) !== 0)
        reject(new Error('upstream asks for a password'));
      else if (frame.type === 'E') reject(new ServerError(frame));
      else if (frame.type === 'Z') resolve();
    };
    line.send(packet, { kind: 'Q', take, skipped: () => reject(new LineBroken('line broken')) });
  });
  for (const [name, text] of Object.entries(OWN)) line.send(parse(RESERVED + name, text), { kind: 'P', take: none });
  const asked = line.own('identity');
  await line.sync();
  const [row] = (await asked).rows;
  const [system, timeline, database, generation] = row ?? [];
  if (!system || !timeline || !database || !generation) throw new Error('the server does not say who it is');
  return { line, identity: { system, timeline, database, generation, pid, secret } };
}

/** CancelRequest on a connection of its own; resolves once the server has closed it, after which the signal has been sent. */
export function cancelUpstream(target: Target, identity: Identity): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(target.port, target.host, () => {
      socket.end(message('', int32(80_877_102), int32(identity.pid), identity.secret));
    });
    socket.resume();
    socket.on('error', none);
    socket.on('close', () => resolve());
  });
}
