import type { OsUser } from './os-user.ts';

/**
 * Does some work with another account's rights, and takes our own back: what is connected meanwhile is that account's
 * connection, which is what a token bound to it wants to see. Only root can; for everybody else the work is done as it is.
 */
export async function asUser<T>(user: OsUser | undefined, work: () => Promise<T>): Promise<T> {
  const { seteuid, setegid } = process;
  if (user === undefined || process.geteuid?.() !== 0 || seteuid === undefined || setegid === undefined) return work();
  const group = process.getegid?.() ?? 0;
  setegid(user.gid);
  seteuid(user.uid);
  try {
    return await work();
  } finally {
    seteuid(0);
    setegid(group);
  }
}
