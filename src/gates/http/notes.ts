import type { Clock } from '../../contract/clock.ts';
import type { Road } from '../../contract/road.ts';
import type { Refusal } from '../../model/refusal.ts';

/** Who and where, as far as it is known when a gate refuses by itself. */
export interface Seen {
  /** Address of the peer. */
  readonly peer?: string;
  readonly principal?: string;
  readonly token?: string;
  readonly host?: string;
}

/**
 * Journals refusals that never went down the road. Limited to so many a second, since anybody who can connect can cause
 * them and each is a durable write; what is left out is counted into the next one. Nothing waits for it: whether or not
 * it is written, the request stays refused.
 */
export function refusalNotes(road: Road, clock: Clock, perSecond: number): (refusal: Refusal, seen: Seen) => void {
  let second = 0;
  let written = 0;
  let left = 0;
  return (refusal, seen) => {
    const now = Math.floor(clock.now() / 1_000);
    if (now !== second) {
      second = now;
      written = 0;
    }
    if (written >= perSecond) {
      left += 1;
      return;
    }
    written += 1;
    const notWritten = left;
    left = 0;
    const who = {
      ...(seen.principal === undefined ? {} : { principal: seen.principal }),
      ...(seen.token === undefined ? {} : { token: seen.token }),
    };
    const body = {
      code: refusal.code,
      detail: refusal.detail,
      peer: seen.peer,
      host: seen.host,
      notWritten: notWritten === 0 ? undefined : notWritten,
    };
    road.note({ kind: 'refused', gate: 'http', ...who, body }).catch(() => {
      left += notWritten + 1;
    });
  };
}
