import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import type { TestContext } from 'vitest';
import { daemonFlags } from '../../src/daemon/runtime.ts';
import type { WorldQuestions, WorldReady } from './world.ts';

const root = join(import.meta.dirname, '../..');
const bin = join(root, 'bin', 'holdpoint.js');
const programs = join(import.meta.dirname, 'programs');

export interface Ran {
  readonly code: number | null;
  /** Both streams, as a person at a terminal sees them. */
  readonly said: string;
}

/** What the world is asked, answered over its channel. */
export type World = {
  readonly [what in keyof WorldQuestions]: (
    ...given: Parameters<WorldQuestions[what]>
  ) => Promise<Awaited<ReturnType<WorldQuestions[what]>>>;
};

/** Real clients, the real daemon and its command line, in a world where the real host names are ours. */
export interface ClientStage {
  readonly world: World;
  readonly ready: WorldReady;
  /** Body of a GraphQL request, as a file. */
  body(name: string, query: string, variables?: object): string;
  /** One `holdpoint exec` in which these shell commands run one after the other; what each said, by its name. */
  through<Name extends string>(
    agent: string,
    commands: { readonly [name in Name]: string },
    options?: { readonly env?: { readonly [name: string]: string }; readonly exec?: readonly string[] },
  ): Promise<{ readonly [name in Name]: Ran } & { readonly exec: Ran }>;
  /** One command of `holdpoint` as the person. */
  holdpoint(args: readonly string[], options?: { readonly input?: string; readonly sign?: boolean }): Promise<Ran>;
  /** Signs another `egress`, in force at once. */
  egress(mode: 'open' | 'listed'): Promise<void>;
  close(): Promise<void>;
}

/** Why this machine cannot hold such a world; undefined where it can. */
export function worldMissing(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'a world of host names takes root on Linux';
  const tried = spawnSync('unshare', ['--mount', '--net', 'true'], { encoding: 'utf8' });
  if (tried.status !== 0) return `namespaces cannot be made here: ${tried.stderr.trim()}`;
  return undefined;
}

/** Skips a test for want of a program. In CI nothing is skipped. */
export function need(context: TestContext, ...missing: readonly (string | undefined)[]): void {
  const why = missing.find((one) => one !== undefined);
  if (why === undefined) return;
  if (process.env['CI'] === 'true' || process.env['HOLDPOINT_FULL'] === '1')
    throw new Error(`${why}, and CI wants every test`);
  context.skip(why);
}

export function programMissing(name: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.some((folder) => existsSync(join(folder, name))) ? undefined : `there is no \`${name}\` here`;
}

/** A Python that has this module, the system's before one behind a shim, which is slow to start; undefined where none has. */
export function pythonWith(module: string): string | undefined {
  return ['/usr/bin/python3', 'python3'].find((one) => spawnSync(one, ['-c', `import ${module}`]).status === 0);
}

export async function openClientStage(): Promise<ClientStage> {
  const folder = mkdtempSync(join(tmpdir(), 'hp-clients-'));
  const { child, ready } = await openWorld(folder);
  const stage = new Stage(folder, child, ready);
  try {
    await stage.open();
  } catch (cause) {
    await stage.close();
    throw cause;
  }
  return stage;
}

function openWorld(folder: string): Promise<{ child: ChildProcess; ready: WorldReady }> {
  const child = spawn(
    'unshare',
    ['--mount', '--net', process.execPath, join(import.meta.dirname, 'world.ts'), join(folder, 'world')],
    {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    },
  );
  return new Promise((resolve, reject) => {
    child.once('message', (message: { ready?: WorldReady; broken?: string }) => {
      if (message.ready === undefined) reject(new Error(message.broken ?? 'the world did not open'));
      else resolve({ child, ready: message.ready });
    });
    child.once('exit', (code) => reject(new Error(`the world ended with ${code}`)));
  });
}

class Stage implements ClientStage {
  readonly world: World;
  readonly ready: WorldReady;
  readonly #folder: string;
  readonly #child: ChildProcess;
  readonly #data: string;
  readonly #home: string;
  #daemon: ChildProcess | undefined;
  #runs = 0;

  constructor(folder: string, child: ChildProcess, ready: WorldReady) {
    this.#folder = folder;
    this.#child = child;
    this.ready = ready;
    this.#data = join(folder, 'data');
    this.#home = join(folder, 'home');
    this.world = asking(child);
    for (const one of [this.#home, join(folder, 'out')]) mkdirSync(one);
    writeFileSync(join(folder, 'passphrase'), 'correct horse battery staple\n', { mode: 0o600 });
    writeFileSync(join(folder, 'far-ca.pem'), ready.authority);
  }

  async open(): Promise<void> {
    const ports = ['--api-port', '0', '--http-port', '0', '--postgres-port', '0'];
    await this.#well(['up', '--same-user', ...ports, '--signer', 'jane'], { sign: true });
    await this.egress('listed');
    for (const name of ['railway-staging', 'railway-production'])
      await this.#keep(name, ['--kind', 'bearer', '--reach', 'all'], this.ready.accountToken);
    await this.#keep('pg-staging', ['--kind', 'password', '--reach', 'environment'], 'agent:secret');
    const both = ['--env', 'staging,production'];
    await this.#token('cursor', ['--gate', 'http,postgres', '--preset', 'railway:all,postgres:all', ...both]);
    await this.#token('domains', ['--preset', 'railway:domains', '--env', 'staging']);
    // The listed hosts are decrypted from the next start on. This one is told of one more root, as a machine has them.
    await this.#well(['down']);
    await this.#startWithAuthority();
  }

  /** As `up` does it, and in an environment with the world's authority: for that `up` has no option, and should not. */
  async #startWithAuthority(): Promise<void> {
    const ports = ['--api-port', '0', '--http-port', '0', '--postgres-port', '0'];
    const main = join(root, 'src', 'daemon', 'main.ts');
    const args = [process.execPath, ...daemonFlags, main, '--data', this.#data, '--tier', 'T0', ...ports];
    const daemon = this.#inside(args, {
      env: { PATH: process.env['PATH'] ?? '', HOME: this.#home, NODE_EXTRA_CA_CERTS: join(this.#folder, 'far-ca.pem') },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#daemon = daemon;
    await new Promise<void>((resolve, reject) => {
      daemon.stdout?.once('data', () => resolve());
      daemon.once('exit', (code) => reject(new Error(`the daemon ended with ${code}`)));
    });
    // A stand-in for a public root: what is tunnelled unread is met by its own certificate.
    appendFileSync(join(this.#data, 'open', 'ca-bundle.pem'), `\n${this.ready.authority}`);
  }

  async #keep(name: string, more: readonly string[], input: string): Promise<void> {
    await this.#well(['vault', 'add', name, ...more, '--not-ask', '--secret-fd', '0'], { input, sign: true });
  }

  async #token(name: string, more: readonly string[]): Promise<void> {
    await this.#well(['token', 'create', name, '--save', ...more], { sign: true });
  }

  async egress(mode: 'open' | 'listed'): Promise<void> {
    const { ids, postgresPort } = this.ready;
    const railway = `provider: railway, address: "https://backboard.railway.com", private: true, ca: ${JSON.stringify(this.ready.authority)}`;
    const listed = mode === 'open' ? '' : 'hosts: [registry.npmjs.org, github.com, api.github.com]\n';
    const text = `version: 1
environments:
  staging: { production: false, railway: [${ids.staging}], postgres: [pg-staging] }
  production: { production: true, railway: [${ids.production}] }
upstreams:
  railway-staging: { environment: staging, credential: "vault:railway-staging", ${railway} }
  railway-production: { environment: production, credential: "vault:railway-production", ${railway} }
  pg-staging: { provider: postgres, environment: staging, credential: "vault:pg-staging", address: "postgres://127.0.0.1:${postgresPort}/postgres?sslmode=disable", private: true }
egress: ${mode}
${listed}velocity: { destructive: off, held: off, denied: off }
`;
    const file = join(this.#folder, `${mode}.yaml`);
    writeFileSync(file, text);
    await this.#well(['apply', '--file', file], { sign: true });
  }

  body(name: string, query: string, variables: object = {}): string {
    const file = join(this.#folder, `${name}.json`);
    writeFileSync(file, JSON.stringify({ query, variables }));
    return file;
  }

  async through<Name extends string>(
    agent: string,
    commands: { readonly [name in Name]: string },
    options: { readonly env?: { readonly [name: string]: string }; readonly exec?: readonly string[] } = {},
  ): Promise<{ readonly [name in Name]: Ran } & { readonly exec: Ran }> {
    const out = join(this.#folder, 'out', String((this.#runs += 1)));
    mkdirSync(out);
    const named = Object.entries<string>(commands);
    const lines = named.map(
      ([name, command]) => `( ${command} ) >'${out}/${name}' 2>&1 </dev/null; echo $? >'${out}/${name}.code'`,
    );
    const script = join(out, 'script');
    writeFileSync(script, `cd '${out}'\n${lines.join('\n')}\n`);
    const args = ['exec', agent, ...(options.exec ?? []), '--', 'sh', script];
    const exec = await this.holdpoint(args, { env: options.env ?? {} });
    const read = (name: string): string => (existsSync(join(out, name)) ? readFileSync(join(out, name), 'utf8') : '');
    const ran = named.map(([name]): [string, Ran] => {
      const code = read(`${name}.code`).trim();
      return [name, { code: code === '' ? null : Number(code), said: read(name) }];
    });
    return { ...Object.fromEntries(ran), exec } as { readonly [name in Name]: Ran } & { readonly exec: Ran };
  }

  holdpoint(
    args: readonly string[],
    options: {
      readonly input?: string;
      readonly sign?: boolean;
      readonly env?: { readonly [name: string]: string };
    } = {},
  ): Promise<Ran> {
    const more = options.sign === true ? ['--passphrase-file', join(this.#folder, 'passphrase')] : [];
    const child = this.#inside([process.execPath, bin, ...withSigning(args, more)], {
      env: {
        PATH: [dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter),
        HOME: this.#home,
        LANG: 'C.UTF-8',
        NO_COLOR: '1',
        HOLDPOINT_DATA: this.#data,
        PROGRAMS: programs,
        FAR_CA: join(this.#folder, 'far-ca.pem'),
        ...options.env,
      },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => (said += text));
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(options.input);
    return new Promise((resolve) => child.once('close', (code) => resolve({ code, said })));
  }

  async #well(
    args: readonly string[],
    options: { readonly input?: string; readonly sign?: boolean } = {},
  ): Promise<void> {
    const ran = await this.holdpoint(args, options);
    if (ran.code !== 0) throw new Error(`holdpoint ${args.join(' ')} ended with ${ran.code}: ${ran.said}`);
  }

  /** A process in the world's namespaces. */
  #inside(
    command: readonly string[],
    options: { readonly env: { readonly [name: string]: string }; readonly stdio: ('ignore' | 'pipe' | 'inherit')[] },
  ): ChildProcess {
    const into = ['--target', String(this.#child.pid), '--mount', '--net', `--wd=${this.#home}`];
    return spawn('nsenter', [...into, '--', ...command], options);
  }

  async close(): Promise<void> {
    if (this.#daemon === undefined && existsSync(join(this.#data, 'open', 'running.json')))
      await this.holdpoint(['down']);
    for (const one of [this.#daemon, this.#child]) {
      if (one === undefined || one.exitCode !== null) continue;
      const ended = new Promise((resolve) => one.once('exit', resolve));
      if (one === this.#child) one.disconnect();
      else one.kill('SIGTERM');
      await ended;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Options of ours stand before what belongs to the program that is run. */
function withSigning(args: readonly string[], more: readonly string[]): readonly string[] {
  const dashes = args.indexOf('--');
  return dashes === -1 ? [...args, ...more] : [...args.slice(0, dashes), ...more, ...args.slice(dashes)];
}

function asking(child: ChildProcess): World {
  const open = new Map<number, { resolve: (value: unknown) => void; reject: (cause: Error) => void }>();
  let last = 0;
  child.on('message', ({ id, value, failed }: { id?: number; value?: unknown; failed?: string }) => {
    const one = id === undefined ? undefined : open.get(id);
    if (id !== undefined) open.delete(id);
    if (failed === undefined) one?.resolve(value);
    else one?.reject(new Error(failed));
  });
  const ask = (what: string, text: unknown): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const id = (last += 1);
      open.set(id, { resolve, reject });
      child.send({ id, what, text });
    });
  return new Proxy({} as World, { get: (_, what) => (text: unknown) => ask(String(what), text) });
}
