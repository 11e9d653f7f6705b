import { lchownSync, lstatSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { misused } from '../complaint.ts';

/**
 * Gives a tree to another account: what the present owners own, links themselves and not what they point to. From the
 * leaves up, so that nobody who is given a folder can swap what is still below it.
 */
export function handOver(
  path: string,
  to: { readonly uid: number; readonly gid: number },
  isPresentOwner: (uid: number) => boolean,
): void {
  const found = lstatSync(path);
  if (found.isDirectory()) for (const name of readdirSync(path)) handOver(join(path, name), to, isPresentOwner);
  if (isPresentOwner(found.uid)) lchownSync(path, to.uid, to.gid);
}

/** Folders above a path that somebody else than root could put another one in place of. */
export function unsheltered(path: string): readonly string[] {
  const found: string[] = [];
  for (let at = dirname(path); ; at = dirname(at)) {
    const { uid, mode, isMissing } = statOf(at);
    const writable = (mode & 0o022) !== 0 && (mode & 0o1000) === 0;
    if (!isMissing && (uid !== 0 || writable)) found.push(at);
    if (at === dirname(at)) return found;
  }
}

function statOf(path: string): { readonly uid: number; readonly mode: number; readonly isMissing: boolean } {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return { uid: 0, mode: 0, isMissing: true };
  return { uid: found.uid, mode: found.mode, isMissing: false };
}

/** Throws `Complaint` where the data directory of the service user could be swapped for another. */
export function refuseUnsheltered(data: string): void {
  const [first] = unsheltered(data);
  if (first === undefined) return;
  throw misused(
    `\`${first}\` is not root’s alone, so another account could put something else in place of \`${data}\``,
    'keep the data in /var/lib/holdpoint, or in another place that is root’s all the way up',
  );
}
