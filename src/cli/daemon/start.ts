import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, constants, fchownSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { daemonMainIn, packageRoot, type House } from './house.ts';
import { launchService } from './launch.ts';
import { Complaint } from '../complaint.ts';
import { exitCode } from '../exit-code.ts';
import type { OsUser } from '../exec/os-user.ts';
import type { Places, Running } from '../places.ts';

export interface StartOptions {
  readonly places: Places;
  readonly tier: string;
  readonly apiPort: number;
  readonly httpPort: number;
  readonly postgresPort: number;
  readonly deleteDelayMs: number | undefined;
  readonly foreground: boolean;
  /** At T1: the account that the daemon runs as, the one of agents, who sits here, and the program as they may read it. */
  readonly apart?: {
    readonly service: OsUser;
    readonly agent: OsUser;
    readonly human: string | undefined;
    readonly house: House;
  };
  /** Told every few seconds how long it has been waited, in seconds. */
  readonly waiting: (seconds: number) => void;
}

export interface Started {
  readonly running: Running;
  /** Under which the first signer enrols; undefined when one is enrolled. */
  readonly enrolmentCode: string | undefined;
  /** For one in the foreground: its exit code, once it has ended. */
  ended(): Promise<number>;
}

/** A small machine with much to do takes long to read the code alone. */
const patienceMs = 90_000;
const tellEveryMs = 5_000;

/** Starts the daemon's own process and waits for the line that says that its doors are open. Throws `Complaint`. */
export async function startDaemon(options: StartOptions): Promise<Started> {
  const { places, foreground } = options;
  const { apart } = options;
  mkdirSync(places.data, { recursive: true, mode: 0o711 });
  const { daemonFlags } = await import('../../daemon/runtime.ts');
  const log = foreground ? undefined : openLog(places.startLog, apart?.service);
  const node = apart?.house.node ?? process.execPath;
  const main = daemonMainIn(apart?.house.root ?? packageRoot);
  const launch = launchService(apart?.service, node, [...daemonFlags, main, ...daemonArguments(options)]);
  const child = spawn(launch.program, launch.args, {
    ...launch.as,
    detached: !foreground,
    cwd: '/',
    // Nothing of the person's environment: what the daemon is told, it is told by its arguments and its data.
    env: { ...homeOf(options), LANG: 'C.UTF-8', TZ: 'UTC' },
    stdio: ['ignore', 'pipe', log ?? 'inherit'],
  });
  if (log !== undefined) closeSync(log);
  const ending = new Promise<number>((resolve) => {
    child.once('exit', (code) => resolve(code ?? exitCode.failed));
    child.once('error', () => resolve(exitCode.unavailable));
  });
  const line = await firstLine(child, ending, options);
  child.stdout?.destroy();
  if (foreground) passSignals(child);
  else child.unref();
  const { enrolmentCode, ...running } = JSON.parse(line) as Running & { readonly enrolmentCode?: string };
  return { running, enrolmentCode, ended: () => ending };
}

/** At T1 nothing of the person's: their PATH and their home may be anybody's to write. */
function homeOf({ apart }: StartOptions): { readonly PATH: string; readonly HOME: string } {
  if (apart !== undefined) return { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: apart.service.home };
  return { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '/' };
}

/** The folder is the daemon's user's, who could have put a link to another file there. */
function openLog(path: string, owner: OsUser | undefined): number {
  const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW, O_NONBLOCK } = constants;
  const log = openSync(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK, 0o600);
  if (owner !== undefined) fchownSync(log, owner.uid, owner.gid);
  return log;
}

function daemonArguments(options: StartOptions): readonly string[] {
  return [
    '--data',
    options.places.data,
    '--tier',
    options.tier,
    '--api-port',
    String(options.apiPort),
    '--http-port',
    String(options.httpPort),
    '--postgres-port',
    String(options.postgresPort),
    ...(options.apart === undefined
      ? []
      : ['--agent-user', options.apart.agent.name, '--agent-uid', String(options.apart.agent.uid)]),
    ...(options.apart?.human === undefined ? [] : ['--human', options.apart.human]),
    ...(options.deleteDelayMs === undefined ? [] : ['--delete-delay-ms', String(options.deleteDelayMs)]),
  ];
}

async function firstLine(
  child: ChildProcess,
  ending: Promise<number>,
  { places, waiting }: StartOptions,
): Promise<string> {
  const line = new Promise<string>((resolve) => {
    let text = '';
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      const end = text.indexOf('\n');
      if (end !== -1) resolve(text.slice(0, end));
    });
  });
  const since = Date.now();
  const telling = setInterval(() => waiting(Math.round((Date.now() - since) / 1_000)), tellEveryMs);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), patienceMs);
  });
  const first = await Promise.race([line, ending, late]);
  clearTimeout(timer);
  clearInterval(telling);
  if (typeof first === 'string' && first !== 'late') return first;
  if (first === 'late') child.kill('SIGTERM');
  throw notStarted(places, first === 'late' ? `it was not ready within ${patienceMs / 1_000} s` : undefined);
}

function notStarted(places: Places, why: string | undefined): Complaint {
  const said = startLog(places)
    .split('\n')
    .map((text) => text.replace(/^holdpoint: /, ''))
    .filter((text) => text.trim() !== '')
    .slice(0, 12);
  const busy = said.some((text) => text.includes('EADDRINUSE'));
  const hint = busy
    ? 'another program has one of the ports: stop it, or give --api-port, --http-port and --postgres-port'
    : `what it said is in ${places.startLog}, causes in ${places.diagnostics}`;
  return new Complaint(why ?? 'the daemon did not start', hint, { exit: exitCode.unavailable, lines: said });
}

function startLog(places: Places): string {
  try {
    return readFileSync(places.startLog, 'utf8');
  } catch {
    return '';
  }
}

/** Ctrl-C reaches the daemon by the terminal itself; we stay until it has closed its doors. */
function passSignals(child: ChildProcess): void {
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => void child.kill('SIGTERM'));
}
