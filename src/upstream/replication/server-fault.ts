import { type SourceFault, SourceFailed } from '../../contract/backup.ts';
import { fields, type Frame } from '../../contract/postgres/frames.ts';
import { Refused } from '../../model/refusal.ts';
import { SignInRefused } from '../postgres/sign-in.ts';
import { NotTheServer } from '../postgres/scram.ts';
import { AddressRefused } from '../dial/resolve.ts';

/** The server's own no. Its words may be in another language; only its code is gone by. */
export function faultOf(said: Frame): SourceFailed {
  const found = fields(said);
  const sqlState = found.get('C') ?? '';
  return new SourceFailed(codeOf(sqlState), `the server said: ${bounded(found.get('M') ?? 'no')} (${sqlState})`);
}

/** While a stream of the log is asked for, two codes mean that it is not there any more. */
export function walFault(thrown: unknown): unknown {
  if (!(thrown instanceof SourceFailed) || !/\((?:58P01|55000)\)$/.test(thrown.message)) return thrown;
  return new SourceFailed('wal-gone', `the log was asked for where the server has none: ${thrown.message}`, {
    cause: thrown,
    hint: 'what was written since is missing: the slot is made anew and a new base backup is taken',
  });
}

function codeOf(sqlState: string): SourceFault {
  if (sqlState === '42501' || sqlState.startsWith('28')) return 'no-right';
  if (sqlState === '55006') return 'slot-taken';
  // Shutting down, starting up, out of connections, cut off by an operator.
  if (/^(?:57P|53|08)/.test(sqlState)) return 'unreachable';
  return 'failed';
}

/** What went wrong before the line was open, without what a far side could have put into it beyond its code. */
export function dialFault(name: string, thrown: unknown): SourceFailed {
  if (thrown instanceof SourceFailed) return thrown;
  if (thrown instanceof Refused)
    return new SourceFailed('not-supported', thrown.refusal.detail, { cause: thrown, hint: thrown.refusal.hint });
  if (thrown instanceof SignInRefused)
    return new SourceFailed(
      codeOf(thrown.code),
      `the server behind \`${name}\` refused the sign-in for backups (${thrown.code})`,
      { cause: thrown, hint: 'the role needs LOGIN and REPLICATION, and a line in pg_hba.conf as for any client' },
    );
  if (thrown instanceof AddressRefused)
    return new SourceFailed('not-supported', `\`${name}\` may not be dialled: ${thrown.message}`, { cause: thrown });
  const why = thrown instanceof NotTheServer ? thrown.message : 'it cannot be reached';
  return new SourceFailed('unreachable', `the server behind \`${name}\`: ${why}`, { cause: thrown });
}

function bounded(text: string): string {
  return text.replaceAll(/[^\x20-\x7e\u{a0}-\u{10ffff}]/gu, ' ').slice(0, 300);
}
