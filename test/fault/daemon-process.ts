import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { daemonFlags } from '../../src/daemon/runtime.ts';

const main = join(import.meta.dirname, '..', '..', 'src', 'daemon', 'main.ts');
const warm = join(import.meta.dirname, 'daemon-warm.ts');

/** A daemon in a process of its own, its doors open. */
export interface DaemonProcess {
  readonly pid: number;
  readonly api: string;
  readonly http: string;
  readonly postgres: string;
  readonly enrolmentCode: string | undefined;
  /** From being told to go on until it said that its doors are open, in milliseconds. */
  readonly openedIn: number;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGTERM; resolves with its exit code. */
  stop(): Promise<number | null>;
}

interface Standby {
  readonly child: ChildProcess;
  readonly lines: AsyncIterator<string>;
  readonly ended: Promise<number | null>;
  readonly errors: string[];
}

/** Starts daemons on one data folder, one after another; the next one is read in while the last one still runs. */
export class DaemonPool {
  readonly #command: readonly string[];
  readonly #cache: string | undefined;
  #standby: Promise<Standby> | undefined;
  #running: DaemonProcess | undefined;

  /** With a folder for Node's compile cache, reading in costs half. */
  constructor(flags: readonly string[], cache?: string, under: readonly string[] = []) {
    this.#cache = cache;
    this.#command = [...under, process.execPath, ...daemonFlags, '--import', warm, main, ...flags];
  }

  async next(): Promise<DaemonProcess> {
    const standby = await (this.#standby ?? this.#start());
    this.#standby = this.#start();
    // A start that fails is seen by whoever takes it.
    this.#standby.catch(() => undefined);
    const began = performance.now();
    standby.child.stdin?.write('\n');
    const said = await standby.lines.next();
    if (said.done === true) throw new Error(`the daemon did not start: ${standby.errors.join('')}`);
    const running = JSON.parse(said.value) as Pick<
      DaemonProcess,
      'pid' | 'api' | 'http' | 'postgres' | 'enrolmentCode'
    >;
    const { ended } = standby;
    const end = (signal: NodeJS.Signals): Promise<number | null> => {
      this.#running = undefined;
      try {
        process.kill(running.pid, signal);
      } catch {
        // It is gone already.
      }
      return ended;
    };
    this.#running = {
      ...running,
      openedIn: performance.now() - began,
      kill: () => end('SIGKILL').then(() => undefined),
      stop: () => end('SIGTERM'),
    };
    return this.#running;
  }

  /** Reads in once, writes Node's cache, and ends. */
  async fillCache(): Promise<void> {
    const standby = await this.#start();
    standby.child.stdin?.end();
    await standby.ended;
  }

  async close(): Promise<void> {
    await this.#running?.kill();
    const standby = await this.#standby?.catch(() => undefined);
    this.#standby = undefined;
    // Nothing on its standard input any more: it goes.
    standby?.child.stdin?.end();
    await standby?.ended;
  }

  async #start(): Promise<Standby> {
    const [program = '', ...args] = this.#command;
    const { NODE_OPTIONS: _, ...inherited } = process.env;
    const env = this.#cache === undefined ? inherited : { ...inherited, NODE_COMPILE_CACHE: this.#cache };
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], env });
    child.stdin.on('error', () => undefined);
    const errors: string[] = [];
    child.stderr.on('data', (chunk: Buffer) => errors.push(chunk.toString()));
    const ended = new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => resolve(code));
    });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const said = await lines.next();
    if (said.value !== 'warm') throw new Error(`the daemon could not be read in: ${errors.join('')}`);
    return { child, lines, ended, errors };
  }
}
