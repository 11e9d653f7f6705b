import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Status, TierProof } from '../../src/contract/api.ts';
import type { Attempt } from '../../src/features/doctor/tier.ts';

const bin = join(import.meta.dirname, '../../bin/holdpoint.js');

/** Real accounts take root and Linux; elsewhere these tests are skipped, and say so. */
export const asRoot = process.platform === 'linux' && process.getuid?.() === 0;

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What `doctor --attack --json` says. */
export interface Doctored {
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly detail: string }[];
  readonly attempts: readonly Attempt[];
  readonly tier: string;
  readonly proof?: TierProof;
}

export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** An installation with OS users of its own, under names that nobody else has. All of it goes at the end. */
export class TierRig {
  /** Walkable for others, root's own: in it lie the data and the homes. */
  readonly root = mkdtempSync(join(tmpdir(), 'holdpoint-tiers-'));
  readonly data = join(this.root, 'data');
  readonly human = join(this.root, 'human');
  readonly passphrase = join(this.human, 'passphrase');
  readonly service = `hpts${process.pid}`;
  readonly agent = `hpta${process.pid}`;

  constructor() {
    chmodSync(this.root, 0o711);
    mkdirSync(this.human, { mode: 0o700 });
    writeFileSync(this.passphrase, 'correct horse battery staple\n', { mode: 0o600 });
  }

  /** Runs `holdpoint` as root does for the human, or as the account that is given. */
  run(
    args: readonly string[],
    options: { readonly as?: Account; readonly home?: string; readonly input?: string; readonly data?: string } = {},
  ): Promise<Ran> {
    const { as, home = this.human, data = this.data } = options;
    const child = spawn(process.execPath, [bin, ...args], {
      cwd: home,
      env: { PATH: process.env['PATH'] ?? '', HOME: home, LANG: 'C.UTF-8', NO_COLOR: '1', HOLDPOINT_DATA: data },
      stdio: 'pipe',
      detached: true,
      ...as,
    });
    const said = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said.stderr += text));
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input);
    return new Promise((resolve) => child.once('close', (code) => resolve({ code, ...said })));
  }

  sign(args: readonly string[], options: { readonly input?: string } = {}): Promise<Ran> {
    return this.run([...args, '--passphrase-file', this.passphrase], options);
  }

  async up(): Promise<Ran> {
    const ports = ['--api-port', '0', '--http-port', '0', '--postgres-port', '0', '--signer', 'jane'];
    return this.sign(['up', '--service-user', this.service, '--agent-user', this.agent, ...ports]);
  }

  async attack(...more: readonly string[]): Promise<Doctored & { readonly code: number | null }> {
    const ran = await this.run(['doctor', '--attack', '--json', ...more]);
    if (!ran.stdout.startsWith('{')) throw new Error(`doctor: ${ran.stdout}${ran.stderr}`);
    return { ...(JSON.parse(ran.stdout) as Doctored), code: ran.code };
  }

  async status(): Promise<Status> {
    return JSON.parse((await this.run(['status', '--json'])).stdout) as Status;
  }

  get running(): { readonly pid: number; readonly api: string; readonly http: string } {
    return JSON.parse(readFileSync(join(this.data, 'open', 'running.json'), 'utf8')) as TierRig['running'];
  }

  get agentHome(): string {
    return `${this.data}-agent`;
  }

  async close(): Promise<void> {
    if (existsSync(this.data)) await this.run(['down', '--remove-users']);
    for (const name of [this.service, this.agent]) if (accountOf(name) !== undefined) spawnSync('userdel', [name]);
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** By passwd(5); undefined where there is none of that name. */
export function accountOf(name: string): Account | undefined {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((one) => one.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(':') ?? [];
  return uid === undefined || gid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) };
}

/** Attacks that came out like this, by name. */
export function named(attempts: readonly Attempt[], outcome: Attempt['outcome']): readonly string[] {
  return attempts.filter((one) => one.outcome === outcome).map((one) => one.attack);
}
