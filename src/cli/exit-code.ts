import type { RefusalCode } from '../model/refusal.ts';
import type { HoldState } from '../model/hold.ts';

/** What the program's exit says (docs/architecture.md, settled). */
export const exitCode = {
  done: 0,
  failed: 1,
  usage: 2,
  denied: 3,
  held: 4,
  frozen: 5,
  unavailable: 6,
} as const;

export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

const ofRefusal: { readonly [code in RefusalCode]: ExitCode } = {
  HELD: exitCode.held,
  SCHEDULED: exitCode.held,
  DENIED: exitCode.denied,
  FROZEN: exitCode.frozen,
  BAD_TOKEN: exitCode.denied,
  BAD_REQUEST: exitCode.failed,
  EXPOSED_CREDENTIAL: exitCode.denied,
  OUTCOME_UNKNOWN: exitCode.failed,
  UNAVAILABLE: exitCode.unavailable,
};

/** Exit of a refusal by the code on the wire (`HOLDPOINT_HELD`); one that we do not know counts as failed. */
export function exitOfRefusal(code: string): ExitCode {
  const known: { readonly [code: string]: ExitCode | undefined } = ofRefusal;
  return known[code.replace(/^HOLDPOINT_/, '')] ?? exitCode.failed;
}

const ofState: { readonly [state in HoldState]: ExitCode } = {
  waiting: exitCode.held,
  scheduled: exitCode.held,
  running: exitCode.held,
  approved: exitCode.done,
  done: exitCode.done,
  failed: exitCode.failed,
  unknown: exitCode.failed,
  denied: exitCode.denied,
  withdrawn: exitCode.denied,
  expired: exitCode.denied,
  cancelled: exitCode.denied,
};

/** What a hold's state means to somebody who waits for it. */
export function exitOfState(state: HoldState): ExitCode {
  const known: { readonly [state: string]: ExitCode | undefined } = ofState;
  return known[state] ?? exitCode.failed;
}
