import { fchownSync, lchownSync, lstatSync } from 'node:fs';

/**
 * What root writes into the service user's folder becomes the service user's, so that it can still read it when it is
 * itself again: an open file, and the folder that was made for it.
 */
export function giveToOwnerOf(folder: string, file: number, made?: string): void {
  if (process.geteuid?.() !== 0) return;
  const { uid, gid } = lstatSync(folder);
  if (uid === 0) return;
  fchownSync(file, uid, gid);
  if (made !== undefined) lchownSync(made, uid, gid);
}
