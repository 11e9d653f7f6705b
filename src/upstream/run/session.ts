import type { Clearance, Lease } from '../../contract/lease.ts';
import type { Frame } from '../../contract/postgres/frames.ts';
import type { PostgresSession, RoundEnd } from '../../contract/postgres/session.ts';
import type { Line } from '../../contract/upstream.ts';
import type { Message } from '../../model/plan.ts';
import type { PostgresMessage } from '../../model/postgres-message.ts';

/** A line that a client of a gate sees the answers of. */
export interface SessionLine extends Line, Omit<PostgresSession, 'lease' | 'commitUnwritten' | 'round'> {
  round(message: PostgresMessage, frames: readonly Frame[]): Promise<RoundEnd>;
  commitUnwritten(): Promise<string | undefined>;
}

/** The lease as the session needs it, beside what the road does with it. */
export interface SessionLease extends Lease {
  /** What ran on it is settled. */
  settled(): void;
  /** Spends the clearance of one look-up, and does this with the message that it is for. */
  through<T>(message: Message, clearance: Clearance, send: (message: Message) => Promise<T>): Promise<T>;
}

/** The session as a gate is given it: everything that runs something goes by the lease. */
export function sessionOn(lease: SessionLease, line: SessionLine): PostgresSession {
  return Object.freeze({
    lease,
    get identity() {
      return line.identity;
    },
    get reported() {
      return line.reported;
    },
    get status() {
      return line.status;
    },
    get quiet() {
      return line.quiet;
    },
    get skipping() {
      return line.skipping;
    },
    get copying() {
      return line.copying;
    },
    round: (message: PostgresMessage, frames: readonly Frame[], clearance: Clearance) =>
      lease.through(message, clearance, (cleared) => line.round(cleared as PostgresMessage, frames)),
    stage: line.stage.bind(line),
    unstage: line.unstage.bind(line),
    pass: line.pass.bind(line),
    isPrepared: line.isPrepared.bind(line),
    more: line.more.bind(line),
    copy: line.copy.bind(line),
    fail: line.fail.bind(line),
    flush: line.flush.bind(line),
    sync: line.sync.bind(line),
    cancel: line.cancel.bind(line),
    pause: line.pause.bind(line),
    resume: line.resume.bind(line),
    async commitUnwritten() {
      const tag = await line.commitUnwritten();
      if (tag !== undefined) lease.settled();
      return tag;
    },
    close: () => lease.release(),
  });
}
