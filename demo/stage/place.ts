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
    this.path = fs.mkdtempSync(path.join(temporary(), 'holdpoint-demo-'));
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

/** As root, a folder that the demo's other users can walk through: root's own may be closed to them. */
function temporary(): string {
  if (process.getuid?.() !== 0) return os.tmpdir();
  const open = [os.tmpdir(), '/tmp', '/var/tmp'].find((one) => fs.existsSync(one) && walkableByOthers(one));
  if (open === undefined)
    throw new Error(`other users cannot reach \`${os.tmpdir()}\`\nset TMPDIR to a folder with mode 755`);
  return open;
}

/** Whether every user may go through this folder and all above it. */
export function walkableByOthers(folder: string): boolean {
  for (let at = fs.realpathSync(folder); ; at = path.dirname(at)) {
    if ((fs.statSync(at).mode & 0o001) === 0) return false;
    if (at === path.dirname(at)) return true;
  }
}
