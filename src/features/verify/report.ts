/**
 * What is wrong.
 * - `key`: the public key that was given cannot be read
 * - `unreadable`: the lines ended in an error; `malformed`: a line is not what it has to be, byte for byte
 * - `changed`: an entry is not the one that was signed; `missing`, `misplaced`: entries or checkpoints dropped, doubled or moved
 * - `time`: an entry is older than the one before it
 * - `forged`: a checkpoint that this key did not sign; `unsigned`: entries that no checkpoint covers
 * - `fork`: a retained checkpoint of the same journal says something else; `truncated`: it covered more
 */
export type FindingKind =
  | 'key'
  | 'unreadable'
  | 'malformed'
  | 'changed'
  | 'missing'
  | 'misplaced'
  | 'time'
  | 'forged'
  | 'unsigned'
  | 'fork'
  | 'truncated';

export interface Finding {
  readonly kind: FindingKind;
  /** For people; holds nothing of the journal's own text. */
  readonly message: string;
  /** Line of the export, from 1. */
  readonly line?: number;
  /** The first entry that is bad or can be. */
  readonly index?: number;
  /** The bad ones lie before this index. */
  readonly before?: number;
}

/** What a verification saw. `ok` only when something was read and nothing was found. */
export interface Report {
  readonly ok: boolean;
  readonly entries: number;
  /** Entries that a checkpoint by the given key covers, with the root that it signed. */
  readonly signed: number;
  /** Root over all entries as read, base64. */
  readonly root: string;
  readonly checkpoints: number;
  /** Retained checkpoints that the journal was compared with. None: a journal cut short would not show. */
  readonly retained: number;
  readonly findings: readonly Finding[];
  /** Findings past those listed. */
  readonly more: number;
}

const mostListed = 100;

/** Gathers findings; a journal of garbage must not fill the memory with them. */
export class Findings {
  readonly #listed: Finding[] = [];
  #more = 0;

  add(kind: FindingKind, message: string, place: Omit<Finding, 'kind' | 'message'> = {}): void {
    if (this.#listed.length < mostListed) this.#listed.push(Object.freeze({ kind, message, ...place }));
    else this.#more += 1;
  }

  report(seen: Omit<Report, 'ok' | 'findings' | 'more'>): Report {
    return Object.freeze({
      ok: this.#listed.length === 0,
      ...seen,
      findings: Object.freeze([...this.#listed]),
      more: this.#more,
    });
  }
}
