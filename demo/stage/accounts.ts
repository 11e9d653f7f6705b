import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { type Place, walkableByOthers } from './place.ts';

/** An OS user that a program runs as; undefined means the one who started the demo. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** Who runs what. With an agent of its own it is T1, else T0: a seat belt, and said so. */
export interface Cast {
  readonly tier: 'T0' | 'T1';
  readonly daemon: Account | undefined;
  readonly agent: Account | undefined;
  /** In words, for the first lines. */
  readonly said: string;
}

/** As root, two users that nobody else is: numbers alone, so that no account is made on this machine. */
export function castFor(): Cast {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    const why = process.platform === 'linux' ? 'not started as root' : `no T1 on ${process.platform}`;
    return {
      tier: 'T0',
      daemon: undefined,
      agent: undefined,
      said: `tier T0 (${why}): the agent runs as your own OS user, so this is a seat belt, and the promise is not claimed`,
    };
  }
  const [daemon, agent] = freeNumbers(2).map((id) => ({ uid: id, gid: id }));
  return {
    tier: 'T1',
    daemon,
    agent,
    said: `tier T1: the agent runs as its own OS user (${agent?.uid}), holdpoint as another (${daemon?.uid})`,
  };
}

function freeNumbers(count: number): readonly number[] {
  const taken = new Set<number>();
  for (const file of ['/etc/passwd', '/etc/group']) {
    for (const line of fs.readFileSync(file, 'utf8').split('\n')) taken.add(Number(line.split(':')[2]));
  }
  for (const name of fs.readdirSync('/proc').filter((one) => /^\d+$/.test(one))) {
    const owner = fs.statSync(`/proc/${name}`, { throwIfNoEntry: false })?.uid;
    if (owner !== undefined) taken.add(owner);
  }
  const free: number[] = [];
  // A range that no distribution gives to people or services, and below what maps into containers.
  for (let id = 61_200; id < 62_000 && free.length < count; id++) if (!taken.has(id)) free.push(id);
  if (free.length < count) throw new Error('no free OS user numbers between 61200 and 61999');
  return free;
}

/** Makes a file or folder the account's own. */
export function own(target: string, account: Account | undefined): void {
  if (account !== undefined) execFileSync('chown', ['-R', `${account.uid}:${account.gid}`, target]);
}

/** Where other users find this checkout and the Node that runs it: in place if they may read them, else a copy. */
export interface House {
  readonly root: string;
  readonly node: string;
}

export function houseFor(cast: Cast, place: Place): House {
  const root = path.join(import.meta.dirname, '..', '..');
  if (cast.tier === 'T0') return { root, node: process.execPath };
  const readable = ['src/daemon/main.ts', 'policy/scope.cedar', 'node_modules/hono/package.json'].every((one) =>
    readableByOthers(path.join(root, one)),
  );
  return {
    root: readable ? root : copyHouse(root, place.folder('house', 0o755)),
    node: readableByOthers(process.execPath) ? process.execPath : copyNode(place.folder('bin', 0o755)),
  };
}

function readableByOthers(file: string): boolean {
  const real = fs.realpathSync(file);
  return (fs.statSync(real).mode & 0o004) !== 0 && walkableByOthers(path.dirname(real));
}

interface LockEntry {
  readonly link?: boolean;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly devOptional?: boolean;
}

/** What the daemon needs of the checkout: our source, the policies, and the packages that users install. */
function copyHouse(root: string, into: string): string {
  const lock = JSON.parse(fs.readFileSync(path.join(root, 'package-lock.json'), 'utf8')) as {
    readonly packages: { readonly [where: string]: LockEntry };
  };
  const packages = Object.entries(lock.packages).flatMap(([where, one]) =>
    where.startsWith('node_modules/') && !(one.link ?? one.dev ?? one.optional ?? one.devOptional ?? false)
      ? [where]
      : [],
  );
  for (const one of ['src', 'policy', 'bin', 'package.json', ...packages]) {
    const from = path.join(root, one);
    if (fs.existsSync(from)) fs.cpSync(from, path.join(into, one), { recursive: true });
  }
  execFileSync('chmod', ['-R', 'a+rX', into]);
  return into;
}

function copyNode(into: string): string {
  const node = path.join(into, 'node');
  fs.copyFileSync(process.execPath, node, fs.constants.COPYFILE_FICLONE);
  fs.chmodSync(node, 0o755);
  return node;
}
