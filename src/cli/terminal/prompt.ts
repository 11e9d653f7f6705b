import { closeSync, openSync, readSync } from 'node:fs';
import { ReadStream } from 'node:tty';
import { HiddenLine } from './hidden-line.ts';
import { Complaint } from '../complaint.ts';
import { exitCode } from '../exit-code.ts';
import { visible } from '../../model/visible.ts';

/**
 * Asks the person at the controlling terminal, never stdin: what is piped in was not typed by anybody. Throws `Complaint`
 * where there is no terminal, naming the option that takes its place.
 */
export async function askTerminal(
  question: string,
  asking: { readonly hidden: boolean; readonly instead: string },
): Promise<string> {
  const terminal = openTerminal(question, asking.instead);
  const line = new HiddenLine();
  const write = (text: string): void => void process.stderr.write(text);
  try {
    terminal.setRawMode(true);
    write(`${visible(question)} `);
    for await (const chunk of terminal) {
      const typed = line.take(chunk as Buffer);
      if (!asking.hidden) write(`\r\u001b[K${visible(question)} ${visible(line.text)}`);
      if (typed.kind === 'done') return typed.text;
      if (typed.kind === 'stopped') break;
    }
    throw new Complaint('stopped before anything was signed or sent', 'run the command again when you are ready');
  } finally {
    write('\n');
    terminal.setRawMode(false);
    terminal.destroy();
  }
}

function openTerminal(question: string, instead: string): ReadStream {
  let fd: number;
  try {
    fd = openSync('/dev/tty', 'r');
  } catch (cause) {
    throw new Complaint(
      `there is no terminal to ask at (${question.replace(/[:?]$/, '')}); standard input is not read for this`,
      `run it in a terminal, or give ${instead}`,
      { exit: exitCode.usage, cause },
    );
  }
  try {
    return new ReadStream(fd);
  } catch (cause) {
    closeSync(fd);
    throw new Complaint('the terminal cannot be read', `run it in another terminal, or give ${instead}`, { cause });
  }
}

/** Whether a person can be asked at all. */
export function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}

const mostSecretBytes = 64 * 1024;

/** A secret from an inherited file descriptor, whole, without the line end behind it. */
export function readSecretFd(option: string, text: string): string {
  const fd = Number(text);
  if (!/^\d{1,4}$/.test(text))
    throw new Complaint(`\`${text}\` is no file descriptor`, `give ${option} a number: ${option} 3 3<passphrase.txt`, {
      exit: exitCode.usage,
    });
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for (;;) {
      const chunk = Buffer.alloc(8_192);
      const read = readSync(fd, chunk, 0, chunk.length, null);
      if (read === 0) break;
      size += read;
      chunks.push(chunk.subarray(0, read));
      if (size > mostSecretBytes) throw new RangeError('too long');
    }
  } catch (cause) {
    throw new Complaint(
      `file descriptor ${text} cannot be read`,
      `open it for the command: ${option} 3 3<file; npx passes none on: run ${process.argv[1] ?? 'holdpoint'} itself`,
      { exit: exitCode.usage, cause },
    );
  }
  return Buffer.concat(chunks)
    .toString('utf8')
    .replace(/\r?\n$/, '');
}
