import { spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** errno of Linux. */
export const errnos = { EIO: 5, ENOSPC: 28 } as const;
export type Errno = keyof typeof errnos;

/** Steers the library that `file-faults.c` becomes, from inside the process that it is loaded into. */
export class FileFaults {
  readonly #control: number;

  constructor(path: string) {
    this.#control = openSync(path, 'r+');
  }

  /** The call of this number from now on fails, and so many after it. A full disk fails only what writes. */
  arm(call: number, errno: Errno, times: number): void {
    this.#write([0, call, errnos[errno], times, 0, 0, errno === 'ENOSPC' ? 1 : 0, 0]);
    this.#write([1]);
  }

  /** How many calls failed since it was armed. */
  disarm(): number {
    this.#write([0]);
    const numbers = Buffer.alloc(32);
    readSync(this.#control, numbers, 0, 32, 0);
    return numbers.readInt32LE(16);
  }

  close(): void {
    closeSync(this.#control);
  }

  #write(numbers: readonly number[]): void {
    const bytes = Buffer.alloc(numbers.length * 4);
    for (const [at, one] of numbers.entries()) bytes.writeInt32LE(one, at * 4);
    writeSync(this.#control, bytes, 0, bytes.length, 0);
  }
}

/** Builds the library into a folder; why it cannot be built here, otherwise. */
export function buildLibrary(folder: string): { readonly path: string } | { readonly missing: string } {
  if (process.platform !== 'linux') return { missing: 'file calls are made to fail on Linux only' };
  const path = join(folder, 'file-faults.so');
  const source = join(import.meta.dirname, 'file-faults.c');
  const built = spawnSync('gcc', ['-shared', '-fPIC', '-O1', '-o', path, source, '-ldl'], { encoding: 'utf8' });
  if (built.error !== undefined) return { missing: 'gcc is not installed' };
  return built.status === 0 ? { path } : { missing: `gcc cannot build it: ${built.stderr.slice(0, 300)}` };
}

export interface ChildPlan {
  readonly library: string;
  readonly control: string;
  /** Calls on files below it can fail. */
  readonly folder: string;
  readonly scenario: string;
  /** Each call of a scenario in its turn, or every so manieth. */
  readonly stride: number;
}

/** What the child found: how many calls were made to fail, and what was wrong after one. */
export interface ChildReport {
  readonly scenario: string;
  readonly injected: number;
  readonly tried: number;
  readonly outcomes: { readonly [outcome: string]: number };
  readonly wrong: readonly string[];
}

export function runFaultChild(plan: ChildPlan): Promise<ChildReport> {
  const { NODE_OPTIONS: _, ...inherited } = process.env;
  const env = {
    ...inherited,
    LD_PRELOAD: plan.library,
    HOLDPOINT_FAULT_CONTROL: plan.control,
    HOLDPOINT_FAULT_FOLDER: plan.folder,
  };
  const script = join(import.meta.dirname, 'file-faults-child.ts');
  const args = [
    '--disable-warning=ExperimentalWarning',
    script,
    plan.control,
    plan.folder,
    plan.scenario,
    String(plan.stride),
  ];
  const child = spawn(process.execPath, args, {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 550_000,
    killSignal: 'SIGKILL',
  });
  const said: Buffer[] = [];
  const errors: Buffer[] = [];
  child.stdout.on('data', (bytes: Buffer) => said.push(bytes));
  child.stderr.on('data', (bytes: Buffer) => errors.push(bytes));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      const [line] = Buffer.concat(said)
        .toString()
        .split('\n')
        .filter((one) => one.startsWith('{'))
        .slice(-1);
      if (code === 0 && line !== undefined) resolve(JSON.parse(line) as ChildReport);
      else
        reject(new Error(`the child ended with ${code ?? signal}: ${Buffer.concat(errors).toString().slice(-3_000)}`));
    });
  });
}
