import type { Road } from '../../contract/road.ts';
import type { JsonObject } from '../../model/json.ts';

/** A read of a listed host, as the journal has it. The query is counted and not kept: it may hold what is secret. */
export interface ListedRead {
  readonly principal: string;
  readonly token: string;
  /** Address of the peer. */
  readonly peer: string;
  readonly host: string;
  readonly method: string;
  readonly path: string;
  readonly queryBytes: number;
}

interface Waiting {
  readonly read: ListedRead;
  readonly resolve: () => void;
  readonly reject: (cause: unknown) => void;
}

const mostInOne = 64;
const longestPath = 512;

/**
 * Journals reads of listed hosts before they are sent, as not covered. What comes while an entry is being written goes
 * into the next one together, so that an install of a thousand packages is not a thousand waits for the disk.
 */
export function listedNotes(road: Pick<Road, 'note'>): (read: ListedRead) => Promise<void> {
  const waiting: Waiting[] = [];
  let writing = false;

  async function write(): Promise<void> {
    writing = true;
    for (let batch = nextBatch(waiting); batch.length > 0; batch = nextBatch(waiting)) {
      try {
        await road.note(entryOf(batch.map((one) => one.read)));
        for (const one of batch) one.resolve();
      } catch (cause) {
        for (const one of batch) one.reject(cause);
      }
    }
    writing = false;
  }

  return (read) =>
    new Promise((resolve, reject) => {
      waiting.push({ read, resolve, reject });
      // Never rejects: each failure is told to those whose entry it was.
      if (!writing) void write();
    });
}

/** Takes out what goes into one entry: one token, one host, one peer. */
function nextBatch(waiting: Waiting[]): readonly Waiting[] {
  const [first] = waiting;
  if (first === undefined) return [];
  const batch: Waiting[] = [];
  const rest: Waiting[] = [];
  for (const one of waiting) (batch.length < mostInOne && sameEntry(one.read, first.read) ? batch : rest).push(one);
  waiting.splice(0, waiting.length, ...rest);
  return batch;
}

function sameEntry(one: ListedRead, other: ListedRead): boolean {
  return one.token === other.token && one.host === other.host && one.peer === other.peer;
}

function entryOf(reads: readonly ListedRead[]): Parameters<Road['note']>[0] {
  const { principal = '', token = '', host = '', peer = '' } = reads[0] ?? {};
  const requests = reads.map(({ method, path, queryBytes }): JsonObject => ({
    method,
    path: path.length > longestPath ? `${path.slice(0, longestPath)}…` : path,
    ...(queryBytes === 0 ? {} : { queryBytes }),
  }));
  const body = { host, port: 443, covered: false, decrypted: true, peer, requests };
  return { kind: 'tunnelled', gate: 'http', principal, token, body };
}
