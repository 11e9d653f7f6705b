import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A folder of files for one test, which goes when the test is over. */
export class Tree implements Disposable {
  readonly root: string = realpathSync(mkdtempSync(join(tmpdir(), 'holdpoint-scan-')));

  write(path: string, content: string | Uint8Array): string {
    const whole = join(this.root, path);
    mkdirSync(dirname(whole), { recursive: true });
    writeFileSync(whole, content);
    return whole;
  }

  path(path: string): string {
    return join(this.root, path);
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
