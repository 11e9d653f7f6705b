import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BackupKit } from '../../src/contract/backup-kit.ts';
import type { BackupRecord } from '../../src/contract/backup-state.ts';
import type { KeptLog } from '../../src/daemon/backup/kept-log.ts';

/** What the copying process knows. */
export interface CopyingView {
  readonly kit: BackupKit | undefined;
  readonly log: KeptLog | undefined;
  readonly backups: readonly BackupRecord[];
  readonly problems: readonly string[];
}

interface Answer {
  readonly id: number;
  readonly seen?: CopyingView;
}

const program = path.join(import.meta.dirname, 'copying-process.fixture.ts');

/** A process that copies, started anew whenever it ends, as a supervisor would. */
export class CopyingProcess {
  readonly #args: readonly string[];
  #child: ChildProcess | undefined;
  #asked = 0;
  #said = '';
  #isWanted = true;
  #life: Promise<void>;

  /** `state`: a folder of its own; `told`: the one with its configuration. */
  constructor(state: string, told: string, port: number) {
    this.#args = [state, told, String(port)];
    this.#life = this.#live();
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** What it said last before it ended. */
  get said(): string {
    return this.#said;
  }

  /** Undefined where it does not answer just now. */
  async view(): Promise<CopyingView | undefined> {
    return (await this.#ask('view'))?.seen;
  }

  /** Asks for a base backup, and does not wait for it. */
  async now(): Promise<void> {
    await this.#ask('now');
  }

  kill(): void {
    this.#child?.kill('SIGKILL');
  }

  /** Kills it, and starts none until `resume`. */
  pause(): void {
    this.#isWanted = false;
    this.kill();
  }

  resume(): void {
    this.#isWanted = true;
    this.#life = this.#life.then(() => this.#live());
  }

  async close(): Promise<void> {
    this.#isWanted = false;
    this.kill();
    await this.#life;
  }

  async #live(): Promise<void> {
    while (this.#isWanted) {
      const child = fork(program, this.#args, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
      this.#child = child;
      child.stderr?.on('data', (chunk: Buffer) => (this.#said = `${this.#said}${chunk.toString()}`.slice(-4_000)));
      await once(child, 'exit');
      if (this.#isWanted) await sleep(100);
    }
  }

  async #ask(ask: 'view' | 'now'): Promise<Answer | undefined> {
    const child = this.#child;
    if (child?.connected !== true) return undefined;
    const id = ++this.#asked;
    return new Promise((resolve) => {
      const end = (answer?: Answer): void => {
        clearTimeout(timer);
        child.off('message', heard).off('exit', gone);
        resolve(answer);
      };
      const heard = (message: unknown): void => {
        if (typeof message === 'object' && message !== null && (message as Answer).id === id) end(message as Answer);
      };
      const gone = (): void => end();
      const timer = setTimeout(gone, 5_000);
      child.on('message', heard).on('exit', gone);
      child.send({ id, ask }, (failed) => {
        if (failed !== null) end();
      });
    });
  }
}
