import type { Frame } from './frames.ts';
import type { PostgresAnswer, PostgresMessage } from '../../model/postgres-message.ts';
import type { Clearance, Lease } from '../lease.ts';

/** Which server, and which life of it: what a transaction's number means nothing without. */
export interface ServerIdentity {
  /** `system_identifier` of the cluster. */
  readonly system: string;
  readonly timeline: string;
  /** Oid of the database. */
  readonly database: string;
  /** When its statistics were last thrown away, which every crash recovery does: afterwards transaction ids may be used again. */
  readonly generation: string;
  /** The role that the session acts as at sign-in. */
  readonly role: string;
  /** `server_version_num`: 180004. */
  readonly version: number;
  /** Of the backend process. */
  readonly pid: number;
}

/** Transaction status as the server's last ReadyForQuery had it: idle, in a transaction, in a failed one. */
export type Status = 'I' | 'T' | 'E';

/** The client of a session, as its gate stands for it. */
export interface SessionClient {
  /** A reply to the client's own frames, or what the server says unasked, in the server's order. Must not throw. */
  take(frame: Frame): void;
  /** Bytes of replies to a whole `round`, as they came: a view, only good in this turn or when kept whole. Must not throw. */
  flow(bytes: Buffer): void;
  /** The line to the server is gone; nothing more comes. */
  gone(): void;
}

/** How a whole round ended. */
export interface RoundEnd {
  /** The Parse in it was taken, so that the unnamed statement stands for its text now. */
  readonly parsed: boolean;
  /** The server's refusal of a right, which the client did not see, nor the ReadyForQuery behind it. */
  readonly refused?: PostgresAnswer;
}

/** How a session begins: what the client asked for in its start-up packet and may have. */
export interface SessionWishes {
  readonly settings: ReadonlyMap<string, string>;
}

/**
 * One client's line to a PostgreSQL server, lent by `upstream`, which alone knows address and credential. What runs
 * anything goes by the lease, under a clearance; the client's own frames are only lent to it (`stage`), so that its
 * answers are byte for byte the server's. What stands here needs no clearance, because it neither runs nor ends anything.
 */
export interface PostgresSession {
  readonly lease: Lease;
  readonly identity: ServerIdentity;
  /** What the server reports of its settings (ParameterStatus), kept current. */
  readonly reported: ReadonlyMap<string, string>;
  readonly status: Status;
  /** An error came: the server hears nothing until the next Sync. */
  readonly skipping: boolean;
  /**
   * The client's own frames for the message that is sent next on the lease: one Query, or any of Parse, Bind, Describe,
   * Execute in which exactly that message is said. Sending refuses frames that say anything else.
   */
  stage(message: PostgresMessage, frames: readonly Frame[]): void;
  /** Nothing is open, awaited, or said since the last Sync: a `round` may begin. */
  readonly quiet: boolean;
  /**
   * The client's own frames up to their Sync (or one Query), in which exactly this message is said and run once, under a
   * look-up's clearance for it. They go out together, and what comes back goes to `SessionClient.flow`, the ReadyForQuery
   * included. Rejects with nothing sent when the line is not quiet, or the frames say something else.
   */
  round(message: PostgresMessage, frames: readonly Frame[], clearance: Clearance): Promise<RoundEnd>;
  /** They are not sent after all. */
  unstage(): void;
  /**
   * Parse, Describe, Close: says nothing, runs nothing. Throws `TypeError` for any other frame, `SaysSomethingElse` for
   * names of ours. Resolves with whether the server took it; needs a flush or a sync behind it.
   */
  pass(frame: Frame): Promise<boolean>;
  /** Whether the server has taken the Parse of a statement of this name. */
  isPrepared(name: string): boolean;
  /** Execute again on a portal that was cleared and stopped at its row limit; resolves when the server has answered. */
  more(frame: Frame): Promise<void>;
  /** Whether a COPY FROM STDIN that was cleared waits for data. */
  readonly copying: boolean;
  /** CopyData, CopyDone, CopyFail, while a COPY that was cleared waits for them. */
  copy(frame: Frame): void;
  /** Makes the server itself fail here, so that its transaction is a failed one; the client does not see it. */
  fail(): Promise<void>;
  flush(): void;
  /** Ends the round. The ReadyForQuery is not shown: the gate says its own when the round is over for the client too. */
  sync(): Promise<Status>;
  /**
   * COMMIT of a transaction in which the server itself says that nothing was written (it has no transaction id): its
   * tag. Undefined, and nothing was done, when something was.
   */
  commitUnwritten(): Promise<string | undefined>;
  /** Asks the server to cancel what runs; resolves when it has taken the request. */
  cancel(): Promise<void>;
  /** Stops and starts reading from the server, for a client that is slow. */
  pause(): void;
  resume(): void;
  /** Rolls back what is open and ends the line. */
  close(): Promise<void>;
}

/** Opens sessions; handed to the gate by the daemon. Throws `Refused` (`UNAVAILABLE`, `DENIED`) where none can be had. */
export interface PostgresSessions {
  open(entry: string, client: SessionClient, wishes: SessionWishes): Promise<PostgresSession>;
}
