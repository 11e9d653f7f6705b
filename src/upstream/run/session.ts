import type { Lease } from '../../contract/lease.ts';
import type { PostgresSession } from '../../contract/postgres/session.ts';
import type { Line } from '../../contract/upstream.ts';

/** A line that a client of a gate sees the answers of. */
export interface SessionLine extends Line, Omit<PostgresSession, 'lease' | 'commitUnwritten'> {
  commitUnwritten(): Promise<string | undefined>;
}

/** The session as a gate is given it: everything that runs something goes by the lease. `ended`: what ran on it is settled. */
export function sessionOn(lease: Lease, line: SessionLine, ended: () => void): PostgresSession {
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
    get skipping() {
      return line.skipping;
    },
    get copying() {
      return line.copying;
    },
    stage: line.stage.bind(line),
    unstage: line.unstage.bind(line),
    pass: line.pass.bind(line),
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
      if (tag !== undefined) ended();
      return tag;
    },
    close: () => lease.release(),
  });
}
