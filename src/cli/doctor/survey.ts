import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Target } from './target.ts';
import type { Api } from '../api/api.ts';
import { Complaint } from '../complaint.ts';
import type { Signer, Status } from '../../contract/api.ts';
import { packageRoot } from '../daemon/house.ts';
import { userByUid, type OsUser } from '../exec/os-user.ts';
import type { Places, Running } from '../places.ts';

/** How many files of an installation are named to the attacker: more tell nothing new. */
const most = 2_000;

/** What there is to attack, as the owner of the data sees it. Throws `Complaint` where the daemon is not running. */
export async function survey(parts: {
  readonly places: Places;
  readonly running: Running;
  readonly api: Api;
  readonly status: Status;
  readonly attacker: OsUser;
  readonly homes: readonly string[];
  readonly searched: readonly string[];
}): Promise<Target> {
  const { places, running, api, status, attacker } = parts;
  const owner = statSync(`/proc/${running.pid}`, { throwIfNoEntry: false });
  if (owner === undefined)
    throw new Complaint('the daemon is not running, so there is nothing to attack', 'start it: holdpoint up');
  const { signers } = await api.get<{ signers: readonly Signer[] }>('/v1/signers');
  const open = join(places.data, 'open');
  const { files, folders } = below(places.data, open);
  return {
    data: places.data,
    files,
    folders,
    open: readdirSync(open).map((name) => join(open, name)),
    humanToken: places.humanToken,
    pid: running.pid,
    daemonUid: owner.uid,
    daemonGid: owner.gid,
    daemonUser: userByUid(owner.uid)?.name,
    api: running.api,
    http: running.http,
    program: programOf(running.pid),
    commandLine: join(packageRoot, 'bin', 'holdpoint.js'),
    providers: [...new Set(status.upstreams.flatMap((one) => (one.address === undefined ? [] : [one.address])))],
    hasSigner: signers.length > 0,
    searched: [...new Set([attacker.home, ...parts.homes, ...parts.searched])].filter((path) => existsSync(path)),
  };
}

/** Everything of the installation but what is open to agents. Links are named and not followed. */
function below(data: string, open: string): { readonly files: readonly string[]; readonly folders: readonly string[] } {
  const files: string[] = [];
  const folders = [data];
  for (let next = 0; next < folders.length && files.length < most; next++) {
    const at = folders[next] ?? data;
    for (const name of readdirSync(at)) {
      const path = join(at, name);
      if (path === open) continue;
      (lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true ? folders : files).push(path);
    }
  }
  return { files, folders };
}

/** By the process itself; where that may not be looked at, by what we would start ourselves. */
export function programOf(pid: number): Target['program'] {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    const main = words.find((word) => /daemon[/\\]main\.[jt]s$/.test(word));
    const node = readlinkSync(`/proc/${pid}/exe`);
    if (main !== undefined) return { root: dirname(dirname(dirname(main))), node };
  } catch {
    // At T1 only root may look.
  }
  return { root: packageRoot, node: process.execPath };
}
