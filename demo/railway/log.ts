import { createHash } from 'node:crypto';
import fs from 'node:fs';
import type { JsonObject } from './json.ts';
import type { Change } from './state.ts';

/** What arrived, what was executed, what changed, what was destroyed: the truth that tests assert on. */
export type LogBody =
  | { readonly kind: 'start' | 'reset' | 'stop'; readonly detail: string }
  | {
      readonly kind: 'request';
      readonly request: number;
      readonly method: string;
      readonly path: string;
      readonly headers: readonly string[];
      /** First 8 hex digits of the SHA-256 of the token sent, null when none was. */
      readonly token: string | null;
      readonly bodySha256: string;
      readonly bodyBytes: number;
      /** Root fields that the documents name, whether or not they go on to be executed. */
      readonly operations: readonly string[];
    }
  | {
      readonly kind: 'operation';
      readonly request: number;
      readonly type: 'query' | 'mutation' | 'subscription';
      readonly name: string;
      readonly alias: string;
      readonly arguments: JsonObject;
      readonly ok: boolean;
      readonly error: string | null;
      /** How many rows it changed. */
      readonly changes: number;
    }
  | { readonly kind: 'response'; readonly request: number; readonly status: number | 'dropped' | 'unanswered' }
  | ({ readonly kind: 'change'; readonly request: number | null } & Change)
  | {
      readonly kind: 'destruction';
      readonly request: number | null;
      readonly what: string;
      readonly path: string;
      readonly files: number;
      readonly bytes: number;
    }
  | { readonly kind: 'fault'; readonly request: number; readonly fault: string };

export type LogEntry = LogBody & { readonly seq: number; readonly at: string };

/** Append-only. With a file, each entry is one JSON line, written before `append` returns. */
export class DoubleLog {
  readonly entries: LogEntry[] = [];
  readonly #file: number | null;
  readonly #now: () => number;

  constructor(file: string | null, now: () => number) {
    this.#file = file === null ? null : fs.openSync(file, 'a', 0o600);
    this.#now = now;
  }

  append(body: LogBody): void {
    const entry = Object.freeze({ seq: this.entries.length, at: new Date(this.#now()).toISOString(), ...body });
    this.entries.push(entry);
    if (this.#file !== null) fs.writeSync(this.#file, `${JSON.stringify(entry)}\n`);
  }

  close(): void {
    if (this.#file !== null) fs.closeSync(this.#file);
  }
}

/** How a secret appears in the log: first 8 hex digits of its SHA-256. */
export function fingerprint(secret: string): string {
  return createHash('sha256').update(secret).digest('hex').slice(0, 8);
}
