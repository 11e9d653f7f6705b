import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import {
  access,
  chmod,
  chown,
  link,
  mkdir,
  open,
  readdir,
  rename,
  rm,
  symlink,
  truncate,
  unlink,
  utimes,
} from 'node:fs/promises';
import { join } from 'node:path';
import { askKeeperOnce } from './keeper-line.ts';
import type { BackupStore, DestructionAttempt, StoredObject } from '../../contract/backup.ts';
import { StoreFailed } from '../../contract/backup.ts';
import type { KeeperAbout } from '../../contract/keeper.ts';

/** As much of a keeper's store as the probe uses. */
interface Probed {
  readonly socket: string;
  readonly about: () => Promise<KeeperAbout>;
  readonly put: BackupStore['put'];
  readonly get: BackupStore['get'];
}

/** Says what came of it; anything but a throw means that it was let through. */
type Attempt = readonly [what: string, make: () => Promise<string>];

/** What a keeper answers that did not do it; everything that throws this way was refused. */
class Refused extends Error {}

/**
 * Puts an object and tries to be rid of it, by everything that can be said to the keeper and by everything that this OS
 * user can do to its files. Throws `StoreFailed` where the keeper does not answer.
 */
export async function probeKeeper(store: Probed, keptUntil: Date): Promise<readonly DestructionAttempt[]> {
  const about = await store.about();
  const bytes = Buffer.concat([Buffer.from('a backup that somebody may try to delete\n'), randomBytes(32)]);
  const object = await store.put(`probe/${randomBytes(12).toString('hex')}`, bytes, keptUntil);
  const attempts: DestructionAttempt[] = [];
  for (const [what, make] of [...bySocket(store.socket, object, about), ...byFile(object, about)]) {
    const outcome = await tried(make);
    const whole = await readsBack(store, object, bytes);
    attempts.push(
      Object.freeze({
        what,
        refused: outcome.refused && whole,
        said: whole ? outcome.said : `${outcome.said}; the object is gone`,
      }),
    );
  }
  const own = process.getuid?.() === about.uid;
  attempts.push(
    Object.freeze({
      what: 'be the keeper’s own user',
      refused: !own,
      said: own ? 'this process runs as the keeper’s user' : `the keeper runs as user ${about.uid}`,
    }),
  );
  return attempts;
}

async function tried(make: () => Promise<string>): Promise<{ readonly refused: boolean; readonly said: string }> {
  try {
    return { refused: false, said: (await make()).slice(0, 200) };
  } catch (error) {
    if (error instanceof StoreFailed) return { refused: true, said: 'the keeper hung up' };
    const said = error instanceof Refused ? error.message : ((error as NodeJS.ErrnoException).code ?? 'failed');
    return { refused: true, said: said.slice(0, 200) };
  }
}

async function readsBack(store: Probed, object: StoredObject, bytes: Buffer): Promise<boolean> {
  try {
    return bytes.equals(await store.get(object));
  } catch {
    return false;
  }
}

function bySocket(socket: string, object: StoredObject, about: KeeperAbout): readonly Attempt[] {
  const { key, version } = object;
  const say = (request: Readonly<Record<string, unknown>>, body?: Uint8Array) => async (): Promise<string> => {
    const { answer } = await askKeeperOnce(socket, request, body);
    if (answer.ok === 'no') throw new Refused(`${answer.code}: ${answer.message}`);
    return `the keeper did it: ${answer.ok}`;
  };
  const soon = new Date(Date.now() + 1000).toISOString();
  const junk = Buffer.from('junk');
  const sha256 = '0'.repeat(64);
  const put = { op: 'put', key, keptUntil: object.keptUntil, sha256, size: junk.length };
  const escape = (path: string) => say({ ...put, key: path }, junk);
  const verbs = ['delete', 'remove', 'rename', 'prune', 'truncate', 'append', 'expire', 'shutdown', 'configure'];
  return [
    ...verbs.map((op): Attempt => [`ask the keeper to ${op} it`, say({ op, key, version })]),
    ['shorten its keep time', say({ op: 'keep', key, version, keptUntil: soon })],
    ['put over this very version', say({ ...put, version }, junk)],
    ['put with a keep time that is past', say({ ...put, keptUntil: '2000-01-01T00:00:00.000Z' }, junk)],
    ['put bytes that are not those announced', say(put, junk)],
    ['put for ever, so that the disk stays full', say({ ...put, keptUntil: '9999-01-01T00:00:00.000Z' }, junk)],
    ['put more than any object may be', say({ ...put, size: 2 ** 45 })],
    ['climb out of the directory by `..`', escape('probe/../../keeper')],
    ['climb out by a whole path', escape(`${about.directory}/objects/${key}@${version}`)],
    ['put a file under the keeper’s own name for it', escape(`${key}@${version}`)],
    ['put into the shard folders', escape('chunks/ab+/x')],
    ['put a name with NUL', escape('probe/x\0y')],
    ['read a file outside', say({ op: 'get', key: '../../../etc/passwd', version })],
    ['list what there is', say({ op: 'list', prefix: '' })],
  ];
}

function byFile(object: StoredObject, about: KeeperAbout): readonly Attempt[] {
  const root = about.directory;
  const file = join(root, 'objects', `${object.key}@${object.version}`);
  const done = (work: () => Promise<unknown>) => async (): Promise<string> => {
    await work();
    return 'the operating system let it happen';
  };
  return [
    ['unlink its file', done(async () => unlink(file))],
    ['open its file for writing', done(async () => (await open(file, constants.O_WRONLY)).close())],
    ['read its file past the keeper', done(async () => (await open(file, constants.O_RDONLY)).close())],
    ['truncate its file', done(async () => truncate(file, 0))],
    ['rename its file', done(async () => rename(file, `${file}.gone`))],
    ['link its file elsewhere', done(async () => link(file, join(root, 'linked')))],
    ['make its file writable', done(async () => chmod(file, 0o666))],
    ['give its file to another user', done(async () => chown(file, process.getuid?.() ?? 0, process.getgid?.() ?? 0))],
    ['set the times of its file', done(async () => utimes(file, 0, 0))],
    ['put another file into its folder', done(async () => (await open(`${file}.new`, 'wx')).close())],
    ['put a link into its folder', done(async () => symlink('/dev/null', `${file}.link`))],
    ['make a folder there', done(async () => mkdir(join(root, 'objects', 'mine')))],
    ['list its folder', done(async () => readdir(join(root, 'objects')))],
    ['rename the directory', done(async () => renamedAndBack(root))],
    ['delete the directory', done(async () => removable(root))],
    ['make the directory everybody’s', done(async () => chmod(root, 0o777))],
    ['write into its incoming folder', done(async () => access(join(root, 'incoming'), constants.W_OK))],
  ];
}

async function renamedAndBack(path: string): Promise<void> {
  await rename(path, `${path}.gone`);
  await rename(`${path}.gone`, path);
}

/** Not on the directory itself: where this works, the probe alone would destroy every backup. */
async function removable(path: string): Promise<void> {
  await access(join(path, '..'), constants.W_OK);
  await access(path, constants.W_OK);
  await rm(join(path, 'incoming', 'nothing'), { force: true });
}
