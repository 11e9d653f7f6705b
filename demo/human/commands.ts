import { execFile } from 'node:child_process';
import path from 'node:path';

/** How a command ended, and all that it said. */
export interface Ran {
  readonly code: number;
  readonly text: string;
}

/** The command line as the person in charge uses it: `holdpoint …`, as a process of its own. */
export class Commands {
  readonly #data: string;
  readonly #passphrase: string;

  /** `passphrase` is the file that holds it, in place of somebody who types. */
  constructor(data: string, passphrase: string) {
    this.#data = data;
    this.#passphrase = passphrase;
  }

  run(...args: readonly string[]): Promise<Ran> {
    const root = path.join(import.meta.dirname, '..', '..');
    const env = {
      PATH: process.env['PATH'] ?? '/usr/bin:/bin',
      HOME: this.#data,
      HOLDPOINT_DATA: this.#data,
      NO_COLOR: '1',
      COLUMNS: '110',
      LC_ALL: 'C.UTF-8',
    };
    return new Promise((resolve) => {
      const whole = [path.join(root, 'bin', 'holdpoint.js'), ...args];
      execFile(process.execPath, whole, { env, timeout: 60_000, maxBuffer: 1 << 24 }, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
        resolve({ code, text: `${stdout}${stderr}`.trimEnd() });
      });
    });
  }

  /** What a command printed that has to work. Throws when it does not. */
  async done(...args: readonly string[]): Promise<string> {
    const ran = await this.run(...args);
    if (ran.code !== 0) throw new Error(`holdpoint ${args.join(' ')}: ${ran.text}`);
    return ran.text;
  }

  /** A command that asks for a signature: the passphrase comes from a file of this person's. */
  sign(...args: readonly string[]): Promise<Ran> {
    return this.run(...args, '--passphrase-file', this.#passphrase);
  }

  /** The first signer's key, sealed under the passphrase, enrolled by the one-time code. */
  enrol(name: string, code: string): Promise<Ran> {
    return this.sign('signer', 'add', name, '--code', code);
  }
}
