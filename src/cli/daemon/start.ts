import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Complaint } from '../complaint.ts';
import { exitCode } from '../exit-code.ts';
import type { Places, Running } from '../places.ts';

export interface StartOptions {
  readonly places: Places;
  readonly tier: string;
  readonly apiPort: number;
  readonly httpPort: number;
  readonly deleteDelayMs: number | undefined;
  readonly foreground: boolean;
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
  mkdirSync(places.data, { recursive: true, mode: 0o711 });
  const { daemonFlags } = await import('../../daemon/runtime.ts');
  const log = foreground ? undefined : openSync(places.startLog, 'w', 0o600);
  const child = spawn(process.execPath, [...daemonFlags, daemonMain(), ...daemonArguments(options)], {
    detached: !foreground,
    cwd: '/',
    // Nothing of the person's environment: what the daemon is told, it is told by its arguments and its data.
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '/', LANG: 'C.UTF-8', TZ: 'UTC' },
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

/** Beside us, as source in a checkout and as built code in the package. */
function daemonMain(): string {
  const extension = import.meta.filename.endsWith('.ts') ? 'ts' : 'js';
  return fileURLToPath(new URL(`../../daemon/main.${extension}`, import.meta.url));
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
    ? 'another program has one of the ports: stop it, or give --api-port and --http-port'
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
