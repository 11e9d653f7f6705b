import { spawnSync } from 'node:child_process';
import { toolAt } from './tool.ts';
import type { OsUser } from '../exec/os-user.ts';

/** How a program is started as another account: what to spawn, and what could not be had on this system. */
export interface Launch {
  readonly program: string;
  readonly args: readonly string[];
  /** For `spawn`, where no program of the system changes the account. */
  readonly as: { readonly uid?: number; readonly gid?: number };
  readonly missing: readonly string[];
}

/**
 * A program as the daemon's user: no groups besides its own, no capabilities, no way to gain any (`no_new_privs`), no
 * core dumps. Without an account it is started as it stands.
 */
export function launchService(account: OsUser | undefined, program: string, args: readonly string[]): Launch {
  if (account === undefined) return { program, args, as: {}, missing: [] };
  const limit = toolAt('prlimit');
  const limited = limit === undefined ? [program, ...args] : [limit, '--core=0:0', '--', program, ...args];
  const missing = limit === undefined ? ['no `prlimit` here: the daemon could write a core dump'] : [];
  return changed(account, ['--clear-groups', '--no-new-privs'], limited, missing);
}

/** A program as an agent's user, with every group that the system gives it: those are what it could attack with. */
export function launchAgent(account: OsUser, program: string, args: readonly string[]): Launch {
  return changed(account, ['--init-groups'], [program, ...args], []);
}

function changed(account: OsUser, how: readonly string[], line: readonly string[], missing: readonly string[]): Launch {
  const setpriv = toolAt('setpriv');
  if (setpriv !== undefined && isWhole(setpriv)) {
    const drop = [`--reuid=${account.uid}`, `--regid=${account.gid}`, '--inh-caps=-all', ...how];
    return { program: setpriv, args: [...drop, '--', ...line], as: {}, missing };
  }
  const [program = '', ...args] = line;
  const less = 'no `setpriv` of util-linux here: started without no_new_privs, and with the first group alone';
  return { program, args, as: { uid: account.uid, gid: account.gid }, missing: [...missing, less] };
}

/** Small systems have one of that name that knows none of this. */
function isWhole(setpriv: string): boolean {
  return spawnSync(setpriv, ['--version'], { encoding: 'utf8' }).stdout.includes('util-linux');
}
