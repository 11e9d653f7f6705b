import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** The demo's own temporary folder, and what has to be undone at its end, however that comes. */
export class Place {
  readonly path: string;
  readonly #ends: (() => Promise<void> | void)[] = [];
  readonly #kills: (() => void)[] = [];
  readonly #keep: boolean;
  #over: Promise<void> | undefined;

  constructor(keep: boolean) {
    this.path = fs.mkdtempSync(path.join(os.tmpdir(), 'holdpoint-demo-'));
    // The users of the demo walk through it to what is theirs; nobody can list it.
    fs.chmodSync(this.path, 0o711);
    this.#keep = keep;
  }

  folder(name: string, mode = 0o700): string {
    const made = path.join(this.path, name);
    fs.mkdirSync(made, { recursive: true, mode });
    return made;
  }

  /** Runs at the end, the last one first. */
  atEnd(end: () => Promise<void> | void): void {
    this.#ends.push(end);
  }

  /** Runs when there is no time left to wait for anything. */
  atExit(kill: () => void): void {
    this.#kills.push(kill);
  }

  close(): Promise<void> {
    this.#over ??= this.#close();
    return this.#over;
  }

  async #close(): Promise<void> {
    for (const end of this.#ends.reverse()) {
      try {
        await end();
      } catch (cause) {
        process.stderr.write(`cleaning up: ${cause instanceof Error ? cause.message : String(cause)}\n`);
      }
    }
    this.killNow();
  }

  killNow(): void {
    for (const kill of this.#kills) kill();
    if (!this.#keep) fs.rmSync(this.path, { recursive: true, force: true, maxRetries: 3 });
  }
}
