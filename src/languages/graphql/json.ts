import { refuse, type Refused } from '../../model/refusal.ts';

/** Bounds of one JSON text. */
export interface JsonLimits {
  /** Deepest nesting of arrays and objects. */
  readonly depth: number;
  /** Most values of any kind, so that a flat body cannot cost more than a deep one. */
  readonly values: number;
  /** For answers that are shown on, not judged: numbers may be rounded as `JSON.parse` does. */
  readonly rounded?: boolean;
}

export const jsonLimits: JsonLimits = { depth: 64, values: 50_000 };

/** Of what a far side answers: larger, and its numbers are its own business. */
export const answerLimits: JsonLimits = { depth: 256, values: 2_000_000, rounded: true };

/** What a strictly read JSON text holds. Objects are plain, their keys distinct after unescaping. */
export type StrictJson = null | boolean | number | string | StrictJson[] | { [key: string]: StrictJson };

function bad(what: string): Refused {
  return refuse(
    'BAD_REQUEST',
    `the body is not JSON that two readers would read alike: ${what}`,
    'send plain, unambiguous JSON',
  );
}

const simpleEscapes: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/**
 * Reads RFC 8259 JSON, and refuses (`BAD_REQUEST`) everything that readers disagree about: a key twice in one object
 * (after unescaping, at any depth), a number that a double would round, NUL, lone surrogates, `__proto__`.
 */
export function readStrictJson(text: string, limits: JsonLimits = jsonLimits): StrictJson {
  const scan = new Scan(text, limits);
  const value = scan.value(0);
  scan.end();
  return value;
}

/** One for all: making one is dearer than what it decodes. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Decodes UTF-8 strictly: malformed bytes and a byte order mark are refused. */
export function decodeUtf8(bytes: Uint8Array): string {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch (cause) {
    throw refuse('BAD_REQUEST', 'the body is not valid UTF-8', 'send UTF-8', { reasons: [String(cause)] });
  }
  if (text.startsWith('\uFEFF')) throw bad('it begins with a byte order mark');
  return text;
}

/** Whether a decimal literal means exactly the double that it is read as, integers within the safe range. */
export function exactNumber(literal: string): boolean {
  const value = Number(literal);
  if (!Number.isFinite(value)) return false;
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) return false;
  return decimal(literal) === decimal(String(value));
}

/** `<digits>e<exponent>` without sign and needless zeros: two literals of the same magnitude give the same text. */
function decimal(literal: string): string {
  const match = /^-?(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(literal);
  if (match === null) return 'none';
  const [, whole = '', fraction = '', exponent = '0'] = match;
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  const trimmed = digits.replace(/0+$/, '');
  if (trimmed === '') return '0';
  return `${trimmed}e${Number(exponent) - fraction.length + (digits.length - trimmed.length)}`;
}

class Scan {
  readonly #text: string;
  readonly #limits: JsonLimits;
  #at = 0;
  #values = 0;

  constructor(text: string, limits: JsonLimits) {
    this.#text = text;
    this.#limits = limits;
  }

  end(): void {
    this.#space();
    if (this.#at !== this.#text.length) throw bad('something follows the value');
  }

  value(depth: number): StrictJson {
    if (depth > this.#limits.depth) throw bad(`it nests deeper than ${this.#limits.depth}`);
    this.#values += 1;
    if (this.#values > this.#limits.values) throw bad(`it holds more than ${this.#limits.values} values`);
    this.#space();
    switch (this.#text[this.#at]) {
      case '{':
        return this.#object(depth);
      case '[':
        return this.#array(depth);
      case '"':
        return this.#string();
      case 't':
        return this.#word('true', true);
      case 'f':
        return this.#word('false', false);
      case 'n':
        return this.#word('null', null);
      default:
        return this.#number();
    }
  }

  #object(depth: number): StrictJson {
    const members: { [key: string]: StrictJson } = {};
    this.#at += 1;
    this.#space();
    if (this.#take('}')) return members;
    for (;;) {
      this.#space();
      if (this.#text[this.#at] !== '"') throw bad('an object key is missing');
      const key = this.#string();
      if (key === '__proto__') throw bad('it has a key `__proto__`');
      if (Object.hasOwn(members, key)) throw bad('a key stands twice in one object');
      this.#space();
      if (!this.#take(':')) throw bad('a colon is missing');
      members[key] = this.value(depth + 1);
      this.#space();
      if (this.#take('}')) return members;
      if (!this.#take(',')) throw bad('a comma is missing');
    }
  }

  #array(depth: number): StrictJson {
    const items: StrictJson[] = [];
    this.#at += 1;
    this.#space();
    if (this.#take(']')) return items;
    for (;;) {
      items.push(this.value(depth + 1));
      this.#space();
      if (this.#take(']')) return items;
      if (!this.#take(',')) throw bad('a comma is missing');
    }
  }

  #string(): string {
    const text = this.#text;
    let from = this.#at + 1;
    let decoded = '';
    for (let at = from; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === 0x22) {
        this.#at = at + 1;
        decoded += text.slice(from, at);
        if (!decoded.isWellFormed()) throw bad('a string holds a lone surrogate');
        if (decoded.includes('\0')) throw bad('a string holds NUL');
        return decoded;
      }
      if (code < 0x20) throw bad('a string holds a raw control character');
      if (code === 0x5c) {
        const [character, length] = this.#escape(at + 1);
        decoded += text.slice(from, at) + character;
        at += length;
        from = at + 1;
      }
    }
    throw bad('a string does not end');
  }

  /** The character that an escape means, and how many characters follow the backslash. */
  #escape(at: number): readonly [string, number] {
    const letter = this.#text[at] ?? '';
    if (letter === 'u') {
      const hex = this.#text.slice(at + 1, at + 5);
      if (!/^[0-9a-fA-F]{4}$/.test(hex)) throw bad('an escape is malformed');
      return [String.fromCharCode(Number.parseInt(hex, 16)), 5];
    }
    const character = Object.hasOwn(simpleEscapes, letter) ? simpleEscapes[letter] : undefined;
    if (character === undefined) throw bad('an escape is malformed');
    return [character, 1];
  }

  #number(): number {
    const match = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/.exec(this.#text.slice(this.#at, this.#at + 400));
    if (match === null) throw bad('a value is missing or malformed');
    const [literal] = match;
    if (this.#limits.rounded !== true && !exactNumber(literal)) throw bad('a number does not fit a double exactly');
    this.#at += literal.length;
    return Number(literal);
  }

  #word<T extends boolean | null>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) throw bad('a value is malformed');
    this.#at += word.length;
    return value;
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #space(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x09 && code !== 0x0a && code !== 0x0d) return;
      this.#at += 1;
    }
  }
}
