import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { AgentUser } from '../contract/api.ts';
import { Complaint } from './complaint.ts';
import { exitCode } from './exit-code.ts';
import { lookUpUser } from './exec/os-user.ts';

/** Where one installation keeps its files, as far as the command line looks into them. */
export interface Places {
  readonly data: string;
  readonly humanToken: string;
  readonly signers: string;
  /** Agent tokens that somebody asked to be kept for `exec`. */
  readonly agents: string;
  readonly running: string;
  /** What the daemon's process said on its way up. */
  readonly startLog: string;
  /** What a daemon that a service manager started said when its doors were open, the one-time code with it. */
  readonly started: string;
  readonly diagnostics: string;
}

/** What the running daemon wrote about itself. */
export interface Running {
  readonly pid: number;
  readonly api: string;
  readonly http: string;
  /** `postgres://127.0.0.1:7432` */
  readonly postgres?: string;
  readonly tier: string;
  readonly bundle: string;
  /** Environment variables in which the providers' clients look for a token. */
  readonly tokenVariables: readonly string[];
  /** The OS user that agents run as, where `up` made one. */
  readonly agent?: AgentUser;
}

type Environment = { readonly [name: string]: string | undefined };

export function placesIn(data: string): Places {
  return {
    data,
    humanToken: join(data, 'human.token'),
    signers: join(data, 'signers'),
    agents: join(data, 'agents'),
    running: join(data, 'open', 'running.json'),
    startLog: join(data, 'start.log'),
    started: join(data, 'started.json'),
    diagnostics: join(data, 'diagnostics.log'),
  };
}

/** Of the service account, and of one person alone. */
export function dataDirectories(env: Environment): { readonly service: string; readonly own: string } {
  const state = env['XDG_STATE_HOME'];
  const home = env['HOME'] ?? homedir();
  const base = state !== undefined && state.startsWith('/') ? state : join(home, '.local', 'state');
  return { service: '/var/lib/holdpoint', own: join(base, 'holdpoint') };
}

/** The directory that was named, else the one in which a daemon was started, else where `up` would make one. */
export function findPlaces(named: string | undefined, env: Environment, isRoot: boolean): Places {
  const given = named ?? env['HOLDPOINT_DATA'];
  if (given !== undefined && given !== '') return placesIn(resolve(given));
  const { service, own } = dataDirectories(env);
  const inOrder = isRoot ? [service, own] : [own, service];
  const found = inOrder.find((data) => existsSync(placesIn(data).running));
  return placesIn(found ?? inOrder[0] ?? own);
}

/** What the daemon of these places wrote; undefined when it is not there or not whole. */
export function readRunning(places: Places): Running | undefined {
  try {
    const read = JSON.parse(readFileSync(places.running, 'utf8')) as Partial<Running>;
    const { pid, api, http, postgres, tier, bundle, tokenVariables, agent } = read;
    if (typeof pid !== 'number' || typeof api !== 'string' || typeof http !== 'string') return undefined;
    return {
      pid,
      api,
      http,
      ...(typeof postgres === 'string' ? { postgres } : {}),
      tier: tier ?? 'T0',
      bundle: bundle ?? '',
      tokenVariables: tokenVariables ?? [],
      ...(agent === undefined ? {} : { agent }),
    };
  } catch {
    return undefined;
  }
}

/** What to say where no daemon runs; a stopped installation that is somewhere else is named. */
export function notRunning(places: Places, env: Environment): Complaint {
  const { service, own } = dataDirectories(env);
  const behind = ownBehindSudo(env);
  const inOrder = [places.data, own, ...(behind === undefined ? [] : [behind]), service];
  const stopped = inOrder.find((data) => existsSync(placesIn(data).humanToken));
  const starting =
    stopped !== undefined && (stopped === own || stopped === behind)
      ? `\`holdpoint up --same-user\`${stopped === behind && stopped !== own ? ` as ${env['SUDO_USER'] ?? ''}` : ''}`
      : stopped === service
        ? '`sudo holdpoint up`'
        : '`holdpoint up`';
  return new Complaint(
    `no daemon is running here: there is no readable \`${places.running}\``,
    stopped === undefined || stopped === places.data
      ? `start it with ${starting}, or name another place with --data or HOLDPOINT_URL`
      : `a stopped installation is in \`${stopped}\`: start that with ${starting}, or name another place with --data`,
    { exit: exitCode.unavailable },
  );
}

/** Data directories in which this person's or the system's daemon may run besides these. */
export function otherInstallations(places: Places, env: Environment): readonly string[] {
  const { service, own } = dataDirectories(env);
  const behind = ownBehindSudo(env);
  const all = new Set([service, own, ...(behind === undefined ? [] : [behind])]);
  return [...all].filter((data) => data !== places.data);
}

/** Where the person who typed `sudo` keeps an installation of their own: under sudo the home is root's. */
function ownBehindSudo(env: Environment): string | undefined {
  const name = env['SUDO_USER'];
  const user = name === undefined || process.getuid?.() !== 0 ? undefined : lookUpUser(name);
  return user === undefined ? undefined : join(user.home, '.local', 'state', 'holdpoint');
}
