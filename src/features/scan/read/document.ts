import type { Place } from '../finding.ts';

/** How a file is written, as far as it decides who reads it first. `text` is everything that has no parser of its own. */
export type Format =
  | 'dotenv'
  | 'json'
  | 'jsonl'
  | 'yaml'
  | 'toml'
  | 'xml'
  | 'ini'
  | 'netrc'
  | 'pgpass'
  | 'shell'
  | 'history'
  | 'environment'
  | 'text';

/** A text that is scanned, and how its offsets become places. */
export interface Document {
  readonly path: string;
  /** The path from the root of what is scanned: what a rule may judge by, since the user's own folders are called anything. */
  readonly within: string;
  readonly kind: Place['kind'];
  readonly format: Format;
  /** Offsets below are UTF-16 units of this. */
  readonly text: string;
  /** Bytes of the file before an offset; undefined where the file is no UTF-8 text. */
  readonly bytesBefore: ((offset: number) => number) | undefined;
  /** Line of the file on which the text begins, from 1: more than 1 where a large file is read in pieces. */
  readonly firstLine: number;
}

/** A value under a name, where a parser found it. */
export interface Named {
  /** The last part of the name. */
  readonly key: string;
  /** The whole name, dotted: `mcpServers.railway.env.RAILWAY_API_TOKEN`. */
  readonly path: string;
  readonly value: string;
  /** Where it stands in the text. */
  readonly start: number;
  readonly end: number;
}

/** Finds the name of a place in a text; made once a document. */
export class Names {
  /** By where they start, the longer first. */
  readonly #sorted: readonly Named[];

  constructor(named: readonly Named[]) {
    this.#sorted = named.toSorted((a, b) => a.start - b.start || b.end - a.end);
  }

  /** The shortest value that holds these offsets, and has a name. */
  around(start: number, end: number): Named | undefined {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#sorted[middle]?.start ?? 0) <= start) low = middle + 1;
      else high = middle;
    }
    // Values nest two deep: what a parser found, and the assignments within.
    for (let at = low - 1; at >= 0 && at >= low - 8; at--) {
      const one = this.#sorted[at];
      if (one !== undefined && one.end >= end && one.path !== '') return one;
    }
    return undefined;
  }
}

/** Finds lines by offset; made once a document. */
export class Lines {
  readonly #starts: readonly number[];
  readonly #first: number;

  constructor(document: Document) {
    const starts = [0];
    const { text } = document;
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
    this.#starts = starts;
    this.#first = document.firstLine;
  }

  /** Line and column of an offset, both from 1. */
  placeOf(offset: number): { readonly line: number; readonly column: number } {
    const index = this.#indexOf(offset);
    return { line: index + this.#first, column: offset - (this.#starts[index] ?? 0) + 1 };
  }

  /** Offsets of the text from `before` lines above the offset's line to `after` below it. */
  around(offset: number, before: number, after: number): readonly [start: number, end: number] {
    const index = this.#indexOf(offset);
    const start = this.#starts[Math.max(0, index - before)] ?? 0;
    const end = this.#starts[index + after + 1] ?? Number.MAX_SAFE_INTEGER;
    return [start, end];
  }

  #indexOf(offset: number): number {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
