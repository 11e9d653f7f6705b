import { spawnSync } from 'node:child_process';
import { attempt, type Target, type Try } from '../target.ts';

/** As a human would type them; the last two decide, on a hold that is not there. */
const typed = [
  ['hold', 'list'],
  ['vault', 'list'],
  ['deny', 'hp_000000'],
  ['cancel', 'hp_000000'],
] as const;

/** Runs our own command line as the agent, without a token of its own. */
export const useCommandLine: Try = (target) => {
  if (run(target, ['--version']).status !== 0)
    return [attempt('use-command-line', 'unclear', 'the command line does not start for this user')];
  const past = typed.filter((args) => isPast(run(target, args)));
  if (past.length > 0)
    return [attempt('use-command-line', 'succeeded', `acted as a human: holdpoint ${past[0]?.join(' ') ?? ''}`)];
  return [attempt('use-command-line', 'refused', `${typed.length} commands: it has no token of a human’s`)];
};

/** Whether the daemon took it for a human: it answered, or spoke of the hold instead of the token. */
function isPast({ status, stdout }: { readonly status: number | null; readonly stdout: string }): boolean {
  return status === 0 || stdout.includes('hp_000000');
}

function run(target: Target, args: readonly string[]): { readonly status: number | null; readonly stdout: string } {
  const line = [target.commandLine, ...args, ...(args[0] === '--version' ? [] : ['--json', '--data', target.data])];
  const { status, stdout } = spawnSync(process.execPath, line, {
    encoding: 'utf8',
    timeout: 30_000,
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '/' },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return { status, stdout: stdout ?? '' };
}
