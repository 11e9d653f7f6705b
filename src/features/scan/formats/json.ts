import type { Named } from '../read/document.ts';

const deepest = 200;

interface Level {
  readonly array: boolean;
  /** The key that stands, or the index that is counted. */
  key: string;
  index: number;
  /** Of an object: whether the next string is a key. */
  naming: boolean;
}

/**
 * String values of JSON, also with comments, trailing commas and single quotes. It follows the text as far as it makes
 * sense and never throws: what is not JSON yields less, and the text is looked at anyway.
 */
export function* namedInJson(text: string, from = 0, to: number = text.length): Generator<Named> {
  const levels: Level[] = [];
  for (let at = from; at < to; at++) {
    const character = text.charCodeAt(at);
    const level = levels.at(-1);
    if (character === 0x7b || character === 0x5b) {
      if (levels.length >= deepest) return;
      levels.push({ array: character === 0x5b, key: '', index: 0, naming: character === 0x7b });
    } else if (character === 0x7d || character === 0x5d) {
      levels.pop();
    } else if (character === 0x2c && level !== undefined) {
      level.index += 1;
      level.naming = !level.array;
    } else if (character === 0x2f) {
      at = afterComment(text, at);
    } else if (character === 0x22 || character === 0x27) {
      const end = stringEnd(text, at, to);
      if (end === undefined) return;
      if (level !== undefined && level.naming && !level.array) {
        level.key = decoded(text.slice(at, end + 1));
        level.naming = false;
      } else if (end > at + 1) {
        yield named(levels, text, at, end);
      }
      at = end;
    }
  }
}

function named(levels: readonly Level[], text: string, at: number, end: number): Named {
  const names = levels.map((level) => (level.array ? `[${level.index}]` : level.key));
  const key = levels.findLast((level) => !level.array)?.key ?? '';
  const path = names
    .filter((name) => name !== '')
    .join('.')
    .replaceAll('.[', '[');
  return { key, path, value: decoded(text.slice(at, end + 1)), start: at + 1, end };
}

/** The offset of the quote that ends the string; undefined where there is none on its line. */
function stringEnd(text: string, start: number, to: number): number | undefined {
  const quote = text.charCodeAt(start);
  for (let at = start + 1; at < to; at++) {
    const character = text.charCodeAt(at);
    if (character === 0x5c) at++;
    else if (character === quote) return at;
    else if (character === 0x0a) return undefined;
  }
  return undefined;
}

function decoded(literal: string): string {
  const inner = literal.slice(1, -1);
  if (!inner.includes('\\')) return inner;
  try {
    return String(JSON.parse(`"${inner.replaceAll(/(?<!\\)"/g, '\\"')}"`));
  } catch {
    return inner;
  }
}

function afterComment(text: string, at: number): number {
  if (text[at + 1] === '/') {
    const end = text.indexOf('\n', at);
    return end === -1 ? text.length : end;
  }
  if (text[at + 1] !== '*') return at;
  const end = text.indexOf('*/', at + 2);
  return end === -1 ? text.length : end + 1;
}

/** One JSON value a line: transcripts, exports. */
export function* namedInJsonLines(text: string): Generator<Named> {
  for (let start = 0; start < text.length;) {
    const newline = text.indexOf('\n', start);
    const end = newline === -1 ? text.length : newline;
    yield* namedInJson(text, start, end);
    start = end + 1;
  }
}
