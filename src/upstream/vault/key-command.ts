import { execFile } from 'node:child_process';
import type { KeyObject } from 'node:crypto';
import { isAbsolute } from 'node:path';
import type { Derivation, KeySource, NextKey } from './wrapping-key.ts';
import { keyOf } from './sealing.ts';
import { VaultFault } from './vault-fault.ts';

/**
 * A program that prints the key: 32 bytes in hex or base64, and nothing else. Run without a shell; `file` is an absolute
 * path, since what a PATH finds can be changed by others. `timeout` in milliseconds.
 */
export function keyCommand(file: string, args: readonly string[] = [], timeout = 10_000): KeySource {
  const printed = async (): Promise<NextKey> => ({
    key: await run(file, args, timeout),
    derivation: { kind: 'command' },
    settle: async () => undefined,
  });
  return Object.freeze({
    where: `key command \`${file}\``,
    candidates: async (_: Derivation) => [{ key: await run(file, args, timeout), adopt: async () => undefined }],
    first: printed,
    next: printed,
  });
}

async function run(file: string, args: readonly string[], timeout: number): Promise<KeyObject> {
  if (!isAbsolute(file)) throw new VaultFault('bad-key', `the key command \`${file}\` is not an absolute path`);
  const output = await new Promise<Buffer>((resolve, reject) => {
    const options = { timeout, killSignal: 'SIGKILL', maxBuffer: 4096, encoding: 'buffer', shell: false } as const;
    const child = execFile(file, args, options, (error, stdout) => {
      // Not the error itself: it carries the command line and what was printed.
      if (error === null) resolve(stdout);
      else reject(new VaultFault('bad-key', `the key command ${ended(error)}`));
    });
    // A program that ends without reading is no fault.
    child.stdin?.on('error', () => undefined).end();
  });
  const text = output.toString('latin1').trim();
  output.fill(0);
  const bytes = /^[0-9a-fA-F]{64}$/.test(text) ? Buffer.from(text, 'hex') : base64(text);
  if (bytes?.length !== 32) throw new VaultFault('bad-key', 'the key command did not print 32 bytes in hex or base64');
  return keyOf(bytes);
}

function base64(text: string): Buffer | undefined {
  return /^[A-Za-z0-9+/_-]{43}=?$/.test(text) ? Buffer.from(text, 'base64') : undefined;
}

function ended(error: Error & { killed?: boolean; code?: unknown }): string {
  if (error.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return 'printed more than a key';
  if (error.killed === true) return 'did not end in time';
  if (typeof error.code === 'number') return `failed with exit code ${error.code}`;
  return 'could not be run';
}
