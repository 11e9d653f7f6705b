import { appendFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { isoTime } from '../contract/clock.ts';

export type Diagnose = (where: string, cause: unknown) => void;

/** Appends causes to a file that only the service user reads. Losing a line is no reason to stop. */
export function openDiagnostics(path: string): Diagnose {
  return (where, cause) => {
    const text = cause instanceof Error ? (cause.stack ?? cause.message) : inspect(cause, { depth: 2 });
    try {
      appendFileSync(path, `${isoTime(Date.now())} ${where}: ${text}\n`, { mode: 0o600 });
    } catch {
      // The disk may be what is wrong; the refusal that follows says so to whoever asked.
    }
  };
}
