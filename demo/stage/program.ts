import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import readline from 'node:readline';
import type { Account } from './accounts.ts';
import type { Place } from './place.ts';

export interface ProgramOptions {
  readonly account: Account | undefined;
  readonly cwd: string;
  readonly env: { readonly [name: string]: string };
  readonly place: Place;
}

/** A child process that speaks lines of JSON, ended with the demo whatever happens. */
export class Program {
  readonly #child: ChildProcess;
  readonly #lines: readline.Interface;
  readonly #ended: Promise<unknown>;
  #wrong = '';

  constructor(command: string, args: readonly string[], options: ProgramOptions) {
    const { account, cwd, env, place } = options;
    const child = spawn(command, args, { cwd, env, stdio: ['pipe', 'pipe', 'pipe'], ...account });
    this.#child = child;
    this.#ended = once(child, 'exit').catch(() => undefined);
    child.on('error', (error) => (this.#wrong += `${error.message}\n`));
    child.stdin?.on('error', () => undefined);
    child.stderr?.on('data', (chunk: Buffer) => (this.#wrong = (this.#wrong + chunk.toString()).slice(-4_000)));
    this.#lines = readline.createInterface({ input: child.stdout });
    place.atExit(() => child.kill('SIGKILL'));
    place.atEnd(() => this.stop());
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** What it wrote on standard error. */
  get wrong(): string {
    return this.#wrong.trim();
  }

  /** Every line it prints, to its end. */
  async *lines(): AsyncGenerator {
    for await (const line of this.#lines) if (line.startsWith('{')) yield JSON.parse(line) as unknown;
  }

  /** Its next line; throws with what it said when it ends before. */
  async next(withinMs: number): Promise<unknown> {
    const late = AbortSignal.timeout(withinMs);
    const line = once(this.#lines, 'line', { signal: late }) as Promise<[string]>;
    const first = await Promise.race([line, this.#ended]).catch(() => 'late');
    if (first === 'late') throw new Error(`nothing was heard in ${withinMs} ms\n${this.wrong}`);
    const [text] = first as [unknown];
    if (typeof text !== 'string') throw new Error(`it ended\n${this.wrong}`);
    return JSON.parse(text) as unknown;
  }

  say(value: unknown): void {
    this.#child.stdin?.write(`${JSON.stringify(value)}\n`);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null || this.pid === 0) return;
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 3_000);
    await this.#ended;
    clearTimeout(timer);
  }
}
