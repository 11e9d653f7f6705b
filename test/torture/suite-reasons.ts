import type { Difference } from './suite-compare.ts';
import type { FileResult } from './suite-run.ts';

/** Why psql may print something else through the gate; docs/postgres-differences.md has a section for each. */
export const reasons = {
  roles:
    'whoever connects is the role of the entry: SET ROLE, SET SESSION AUTHORIZATION and \\c as another user are refused',
  pinned: 'a setting that what is judged rests on stays as it is',
  bounded: 'time-outs can be shortened and not lengthened',
  inside: 'what no rollback takes back, or nobody knows, is not run inside a transaction',
  cursors: 'a cursor WITH HOLD would run its query within the COMMIT',
  twoPhase: 'two-phase commit is refused',
  prepared:
    'PREPARE takes types of PostgreSQL’s own, EXECUTE constants, and nothing else is made of a prepared statement by SQL',
  modes: 'SET TRANSACTION is taken right behind BEGIN alone',
  explained: 'EXPLAIN of what reaches code that may write is refused outside a transaction',
  reads: 'what looks like a read and writes, or is not known, is refused outside a transaction',
  ownTransaction: 'a statement by itself runs in a transaction of the gate’s',
  hints: 'an error of the parser’s has no hint and no detail',
  gateNames: 'pg_prepared_statements shows what the gate prepared',
  added: 'of a row that cannot be read back nobody can say how to take it away: it is not written',
  right: 'a right that the server says is missing is answered by a question to a human (E3)',
  login: 'a login trigger that writes ends the sign-in, since sessions are read-only by default',
  ended: 'the server itself ends there, directly as well; the gate says what is known of the outcome',
  readOnly: 'default_transaction_read_only always shows on',
  follows: 'it follows from an earlier difference in the same file',
  late: 'it came to no end in time',
  unexplained: 'nobody has said why',
} as const;

export type Reason = keyof typeof reasons;

/** By what the gate printed, in order. */
const signs: readonly (readonly [Reason, RegExp])[] = [
  ['roles', /setting `(?:role|session_authorization)`|made for another user|\\connect: .*(?:BAD_TOKEN|another user)/],
  ['pinned', /holdpoint: setting `/],
  ['bounded', /holdpoint keeps `/],
  ['cursors', /cursor WITH HOLD/],
  ['inside', /so it is not run inside a transaction/],
  ['twoPhase', /two-phase commit is not taken/],
  ['prepared', /PREPARE takes types|EXECUTE takes constants/],
  ['modes', /SET TRANSACTION must be called/],
  ['reads', /looks like a read and reaches/],
  ['ownTransaction', /cannot (?:run|be executed) (?:inside|from) a (?:transaction|function)/],
  ['gateNames', /_holdpoint_/],
  ['added', /rows that were added/],
  ['login', /refused the sign-in \(25006\)/],
];

export interface Explained {
  readonly difference: Difference;
  readonly reason: Reason;
}

/** Each difference with its reason. What bears no sign of its own, behind one that does, is taken to follow from it. */
export function explained({ differences, endedAt }: FileResult): readonly Explained[] {
  let any = false;
  return differences.map((difference) => {
    const reason = endsThere(difference, endedAt) ? 'ended' : reasonOf(difference, any);
    any ||= reason !== 'hints' && reason !== 'unexplained';
    return { difference, reason };
  });
}

/** The gate says that it lost the server at the very line where psql lost it directly. */
function endsThere({ at, direct, gate }: Difference, endedAt: number | undefined): boolean {
  if (endedAt === undefined || endedAt < at || endedAt > at + direct.length) return false;
  return /^(?:ERROR|FATAL): {2}(?:OUTCOME_UNKNOWN|UNAVAILABLE): the line (?:broke|to the server is lost)/.test(
    gate[0] ?? '',
  );
}

function reasonOf({ direct, gate, before }: Difference, any: boolean): Reason {
  const text = gate.join('\n');
  const [sign] = signs.find(([, pattern]) => pattern.test(text)) ?? [];
  if (sign === 'inside' && /\bexecute\b/i.test(before.join('\n'))) return 'prepared';
  if (sign === 'reads' && /\bexplain\b/i.test(before.join('\n'))) return 'explained';
  if (sign !== undefined) return sign;
  if (gate.length === 0 && direct.length > 0 && direct.every((line) => /^(?:HINT|DETAIL): /.test(line))) return 'hints';
  if (
    /^ERROR: {2}/.test(direct[0] ?? '') &&
    /^ERROR: {2}DENIED \w+: postgres refused this to the credential/.test(text)
  )
    return 'right';
  if (ofExecute(direct, gate)) return 'prepared';
  if (/pg_prepared_statements/i.test(before.join('\n'))) return 'gateNames';
  if (/default_transaction_read_only/.test(before.join('\n'))) return 'readOnly';
  return any ? 'follows' : 'unexplained';
}

/** Only what the server tells besides an error of an EXECUTE: its place in the text, or the parameter that the gate sent as one. */
function ofExecute(direct: readonly string[], gate: readonly string[]): boolean {
  const [near, far] = [direct, gate].map((lines) => lines.filter((line) => !/^\s*\^$/.test(line)));
  const besides = /^LINE \d+: EXECUTE|^CONTEXT: {2}unnamed portal parameter \$\d+/i;
  return (
    [...(near ?? []), ...(far ?? [])].length > 0 &&
    [...(near ?? []), ...(far ?? [])].every((line) => besides.test(line))
  );
}

/** How many differences, and in how many files, have each reason. */
export function tallied(
  results: readonly FileResult[],
): ReadonlyMap<Reason, { readonly differences: number; readonly files: number }> {
  const found = new Map<Reason, { differences: number; files: number }>();
  for (const result of results) {
    const here = explained(result).map(({ reason }) => reason);
    if (result.late) here.push('late');
    for (const reason of new Set(here)) {
      const one = found.get(reason) ?? { differences: 0, files: 0 };
      one.files++;
      one.differences += here.filter((other) => other === reason).length;
      found.set(reason, one);
    }
  }
  return found;
}
