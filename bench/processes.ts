import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';

/** A process of the bench that says on its first line of output, in JSON, where it can be reached. */
export interface Started<T> {
  readonly pid: number;
  readonly said: T;
  stop(): Promise<void>;
}

/** On which of two cores something runs: what is measured has the first for itself, all else shares the second. */
export type Core = 'measured' | 'other';

const clockTicks = Number(execFileSync('getconf', ['CLK_TCK']).toString());

/** The command line that keeps a program on one core; as it is where there is only one, or no `taskset`. */
export function onCore(core: Core, command: readonly string[]): readonly string[] {
  if (!pinned) return command;
  return ['taskset', '-c', core === 'measured' ? '0' : '1', ...command];
}

/** Whether cores can be told apart here. */
export const pinned: boolean = availableParallelism() > 1 && hasTaskset();

function hasTaskset(): boolean {
  try {
    execFileSync('taskset', ['-c', '0', 'true']);
    return true;
  } catch {
    return false;
  }
}

/** Moves all of its threads, and what it starts from here on: `0`, `0,1`. */
export function onCores(pid: number, cores: string): void {
  if (pinned) execFileSync('taskset', ['-acp', cores, String(pid)], { stdio: 'ignore' });
}

/** Starts a script of this folder in a process of its own. */
export async function startScript<T>(script: string, args: readonly string[], core: Core): Promise<Started<T>> {
  const path = new URL(script, import.meta.url).pathname;
  const flags = process.env['HOLDPOINT_BENCH_FLAGS']?.split(' ') ?? [];
  const own = core === 'measured' ? flags : [];
  const withParent = `--import=${new URL('./with-parent.ts', import.meta.url).href}`;
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', withParent, ...own, path, ...args];
  const child = spawnOn(core, node);
  const lines = createInterface({ input: child.stdout });
  const ended = once(child, 'exit').then(() => {
    throw new Error(`${script} ended before it was ready`);
  });
  const [line] = (await Promise.race([once(lines, 'line'), ended])) as [string];
  ended.catch(() => undefined);
  return { pid: pidOf(child), said: JSON.parse(line) as T, stop: () => stop(child) };
}

/** Starts a program and waits until something listens on its port. */
export async function startListening(command: readonly string[], port: number, core: Core): Promise<Started<number>> {
  const child = spawnOn(core, command);
  for (let tries = 0; !(await listens(port)); tries++) {
    if (tries === 100 || child.exitCode !== null) {
      await stop(child);
      throw new Error(`\`${command[0] ?? ''}\` does not listen`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { pid: pidOf(child), said: port, stop: () => stop(child) };
}

function spawnOn(core: Core, command: readonly string[]): ChildProcess & { readonly stdout: NodeJS.ReadableStream } {
  const [program = '', ...args] = onCore(core, command);
  return spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
}

function pidOf(child: ChildProcess): number {
  if (child.pid === undefined) throw new Error('the process did not start');
  return child.pid;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

/** Seconds of processor time, of user and kernel, that a process and its threads have used (proc(5), fields 14 and 15). */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / clockTicks;
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
