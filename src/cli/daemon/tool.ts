import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { Complaint } from '../complaint.ts';

/** Where the system keeps the programs that root runs. PATH is not asked: it may be anybody's. */
const places = ['/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** Path of a program of the system; undefined where it has none of that name. */
export function toolAt(name: string): string | undefined {
  return places
    .map((place) => join(place, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** What a program of the system wrote to stdout. Throws `Complaint` where it is missing or fails. */
export function runTool(name: string, args: readonly string[]): string {
  const path = toolAt(name);
  if (path === undefined)
    throw new Complaint(`this system has no \`${name}\``, 'install it, or make the accounts by hand: docs/tiers.md');
  const ran = spawnSync(path, args, { encoding: 'utf8', env: { PATH: places.join(':'), LC_ALL: 'C' } });
  if (ran.status === 0) return ran.stdout;
  const said = ran.stderr.trim().split('\n')[0] ?? '';
  throw new Complaint(
    `\`${name} ${args.join(' ')}\` failed${said === '' ? '' : `: ${said}`}`,
    'see what it says; nothing else was changed after it',
  );
}
