import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const bin = join(import.meta.dirname, '../../bin/holdpoint.js');

/** What one run of the program said and how it ended. */
export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: { readonly [name: string]: string };
  readonly input?: string | Buffer;
  readonly cwd?: string;
}

/** A place of its own in which the real program is run: data, home, passphrase. */
export class Rig {
  readonly root = mkdtempSync(join(tmpdir(), 'holdpoint-cli-'));
  readonly data = join(this.root, 'data');
  /** A file with the signers' passphrase. */
  readonly passphrase = join(this.root, 'passphrase');
  readonly env: { readonly [name: string]: string };
  readonly #children = new Set<ChildProcess>();

  constructor() {
    writeFileSync(this.passphrase, 'correct horse battery staple\n', { mode: 0o600 });
    this.env = {
      PATH: process.env['PATH'] ?? '',
      HOME: this.root,
      LANG: 'C.UTF-8',
      HOLDPOINT_DATA: this.data,
      NO_COLOR: '1',
    };
  }

  /** Runs `holdpoint` with these arguments to its end. */
  async run(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
    const child = this.start(args, options);
    const said = { stdout: '', stderr: '' };
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (said.stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (said.stderr += text));
    child.stdin?.end(options.input);
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    return { code, ...said };
  }

  /** The same with `--json`, its answer read. */
  async json<T>(args: readonly string[], options: RunOptions = {}): Promise<T> {
    const ran = await this.run([...args, '--json'], options);
    if (ran.code !== 0)
      throw new Error(`holdpoint ${args.join(' ')} ended with ${ran.code}: ${ran.stdout}${ran.stderr}`);
    return JSON.parse(ran.stdout) as T;
  }

  /** With the passphrase given. */
  async sign(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
    return this.run([...args, '--passphrase-file', this.passphrase], options);
  }

  /** A session of its own, so that there is no terminal to ask at. */
  start(args: readonly string[], options: RunOptions = {}): ChildProcess {
    const child = spawn(process.execPath, [bin, ...args], {
      env: { ...this.env, ...options.env },
      cwd: options.cwd ?? this.root,
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    });
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
    return child;
  }

  async up(...more: readonly string[]): Promise<Ran> {
    return this.sign([
      'up',
      '--same-user',
      '--api-port',
      '0',
      '--http-port',
      '0',
      '--postgres-port',
      '0',
      '--signer',
      'jane',
      ...more,
    ]);
  }

  get running(): { readonly pid: number; readonly api: string; readonly http: string } {
    return JSON.parse(readFileSync(join(this.data, 'open', 'running.json'), 'utf8')) as Rig['running'];
  }

  write(name: string, text: string): string {
    const path = join(this.root, name);
    writeFileSync(path, text);
    return path;
  }

  async close(): Promise<void> {
    for (const child of this.#children) child.kill('SIGKILL');
    if (existsSync(join(this.data, 'open', 'running.json'))) await this.run(['down']);
    rmSync(this.root, { recursive: true, force: true });
  }
}
