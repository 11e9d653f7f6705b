import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync, chownSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { handOver } from './hand-over.ts';
import { processesOf } from './processes.ts';
import { runTool, toolAt } from './tool.ts';
import { Complaint, misused } from '../complaint.ts';
import { lookUpUser, type OsUser } from '../exec/os-user.ts';

/** Who runs what at T1. */
export interface Accounts {
  readonly service: OsUser;
  readonly agent: OsUser;
  /** What was made just now, a line each; empty on a second time. */
  readonly made: readonly string[];
}

export interface AccountNames {
  readonly service: string;
  readonly agent: string;
}

export const defaultNames: AccountNames = { service: 'holdpoint', agent: 'holdpoint-agent' };

/** What we made, so that nothing else is ever removed. Root's own file, beside the data: the service user could lie in its own. */
const recordSchema = z.strictObject({
  schema: z.literal('holdpoint/accounts/v1'),
  users: z.array(z.strictObject({ name: z.string(), uid: z.number().int().min(1) })),
  homes: z.array(z.string()),
});
type AccountRecord = z.infer<typeof recordSchema>;

export function recordPath(data: string): string {
  return `${data}.accounts.json`;
}

/** Makes the accounts that are missing. Root alone can. Throws `Complaint`. */
export function ensureAccounts(names: AccountNames, data: string): Accounts {
  if (names.service === names.agent)
    throw misused('the daemon and the agent would be one account', 'give two names: --service-user, --agent-user');
  const made: string[] = [];
  const service = lookUpUser(names.service) ?? makeService(names.service, data, made);
  const agent = lookUpUser(names.agent) ?? makeAgent(names.agent, data, made);
  for (const one of [service, agent])
    if (one.uid === 0) throw misused(`\`${one.name}\` is root by another name`, 'name an account of its own');
  if (service.uid === agent.uid) throw misused(`\`${service.name}\` and \`${agent.name}\` are one user`, 'name two');
  return { service, agent, made };
}

function makeService(name: string, data: string, made: string[]): OsUser {
  const nobody = ['/usr/sbin/nologin', '/sbin/nologin'].find((path) => existsSync(path)) ?? '/bin/false';
  const how = ['--system', '--user-group', '--home-dir', data, '--no-create-home', '--shell', nobody];
  runTool('useradd', [...how, '--comment', 'holdpoint daemon', name]);
  const user = mustBeThere(name);
  remember(data, user);
  made.push(`system user ${name} (uid ${user.uid}, its own group, no shell): runs the daemon`);
  return user;
}

function makeAgent(name: string, data: string, made: string[]): OsUser {
  const home = `${data}-agent`;
  const shell = existsSync('/bin/bash') ? '/bin/bash' : '/bin/sh';
  const how = ['--system', '--user-group', '--home-dir', home, '--no-create-home', '--shell', shell];
  runTool('useradd', [...how, '--comment', 'agents behind holdpoint', name]);
  const user = mustBeThere(name);
  remember(data, user, home);
  made.push(`system user ${name} (uid ${user.uid}, its own group): what \`holdpoint exec\` runs agents as`);
  if (lstatSync(home, { throwIfNoEntry: false }) === undefined) mkdirSync(home, { mode: 0o700 });
  if (statSync(home).uid === 0) chownSync(home, user.uid, user.gid);
  made.push(`${home} (0700): its home`);
  return user;
}

function mustBeThere(name: string): OsUser {
  const user = lookUpUser(name);
  if (user !== undefined) return user;
  throw new Complaint(`the account \`${name}\` was made and is not in /etc/passwd`, 'make it by hand: docs/tiers.md');
}

/**
 * Takes back what `ensureAccounts` made and nothing else. Files stay, and become root's, so that a later account that is
 * given the same number does not inherit them. Returns what was done, a line each. Throws `Complaint`.
 */
export async function removeAccounts(data: string): Promise<readonly string[]> {
  const record = readRecord(data);
  const users = record.users.filter((one) => lookUpUser(one.name)?.uid === one.uid);
  for (const { name, uid } of users) {
    const running = await stillRunning(uid);
    if (running.length > 0)
      throw new Complaint(
        `\`${name}\` still runs ${running.length === 1 ? 'a process' : `${running.length} processes`}: ${running.slice(0, 5).join(', ')}`,
        'end them first',
      );
  }
  const root = { uid: 0, gid: 0 };
  const done: string[] = [];
  for (const path of [data, ...record.homes]) {
    const owner = lstatSync(path, { throwIfNoEntry: false })?.uid;
    if (owner === undefined || !users.some((one) => one.uid === owner)) continue;
    handOver(path, root, (uid) => users.some((one) => one.uid === uid));
    done.push(`${path} and what is in it now belong to root; nothing was deleted`);
  }
  for (const { name } of users) {
    runTool('userdel', [name]);
    if (toolAt('groupdel') !== undefined && hasGroup(name)) runTool('groupdel', [name]);
    done.push(`removed user and group ${name}`);
  }
  rmSync(recordPath(data), { force: true });
  return done;
}

/** What has just been stopped is there for a moment longer. */
async function stillRunning(uid: number): Promise<readonly number[]> {
  const until = Date.now() + 5_000;
  let running = processesOf(uid);
  for (; running.length > 0 && Date.now() < until; running = processesOf(uid)) await pause(100);
  return running;
}

function hasGroup(name: string): boolean {
  return readFileSync('/etc/group', 'utf8')
    .split('\n')
    .some((line) => line.startsWith(`${name}:`));
}

function readRecord(data: string): AccountRecord {
  const none: AccountRecord = { schema: 'holdpoint/accounts/v1', users: [], homes: [] };
  const path = recordPath(data);
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return none;
  if (!found.isFile() || found.uid !== 0 || (found.mode & 0o022) !== 0)
    throw new Complaint(`\`${path}\` is not root’s own file`, 'look at it, and move it away');
  const read = recordSchema.safeParse(parsed(readFileSync(path, 'utf8')));
  if (read.success) return read.data;
  throw new Complaint(`\`${path}\` is not what holdpoint wrote`, 'look at it, and move it away');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** At once, so that what was made is known even where the next step fails. */
function remember(data: string, { name, uid }: OsUser, home?: string): void {
  const { users, homes } = readRecord(data);
  const record: AccountRecord = {
    schema: 'holdpoint/accounts/v1',
    users: [...users.filter((one) => one.name !== name), { name, uid }],
    homes: [...new Set([...homes, ...(home === undefined ? [] : [home])])],
  };
  mkdirSync(dirname(data), { recursive: true, mode: 0o755 });
  writeFileSync(recordPath(data), `${JSON.stringify(record, undefined, 2)}\n`, { mode: 0o600 });
}
