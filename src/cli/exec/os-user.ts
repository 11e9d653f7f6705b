import { readFileSync } from 'node:fs';
import { misused } from '../complaint.ts';

/** An account of this machine. */
export interface OsUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  readonly shell: string;
}

/** The account of that name in the text of `/etc/passwd` (passwd(5)); undefined when there is none or its line is bad. */
export function userIn(passwd: string, name: string): OsUser | undefined {
  for (const line of passwd.split('\n')) {
    const [found, , uid, gid, , home, shell] = line.split(':');
    if (found !== name || uid === undefined || gid === undefined || home === undefined) continue;
    if (!/^\d{1,10}$/.test(uid) || !/^\d{1,10}$/.test(gid)) return undefined;
    return {
      name,
      uid: Number(uid),
      gid: Number(gid),
      home,
      shell: shell === undefined || shell === '' ? '/bin/sh' : shell,
    };
  }
  return undefined;
}

/** The account of that name on this machine; undefined where there is none. */
export function lookUpUser(name: string): OsUser | undefined {
  try {
    return userIn(readFileSync('/etc/passwd', 'utf8'), name);
  } catch {
    return undefined;
  }
}

/** The account of that number on this machine; undefined where there is none. */
export function userByUid(uid: number): OsUser | undefined {
  try {
    const passwd = readFileSync('/etc/passwd', 'utf8');
    const line = passwd.split('\n').find((one) => Number(one.split(':')[2] ?? '-1') === uid);
    return line === undefined ? undefined : userIn(passwd, line.split(':')[0] ?? '');
  } catch {
    return undefined;
  }
}

/** Throws `Complaint` for an account that is not there. */
export function findUser(name: string): OsUser {
  let passwd: string;
  try {
    passwd = readFileSync('/etc/passwd', 'utf8');
  } catch {
    throw misused('this system has no /etc/passwd to look users up in', 'run the agent without --user');
  }
  const user = userIn(passwd, name);
  if (user === undefined) throw misused(`there is no OS user \`${name}\``, `make one: useradd --create-home ${name}`);
  return user;
}
