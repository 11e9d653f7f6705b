const bits = 15;
const size = 1 << bits;
const mask = size - 1;

/** Lower case of ASCII, byte by byte; all else as it is. */
const lower = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte));

/**
 * Says which of many short literals stand in some bytes, case aside, in one pass over them: what most files lack is not
 * looked for any further. A literal has at least three bytes of ASCII.
 */
export class Literals {
  readonly #byHash: readonly (readonly number[] | undefined)[];
  readonly #hit: Uint8Array;
  readonly #bytes: readonly Buffer[];
  readonly #words: readonly string[];

  constructor(words: Iterable<string>) {
    this.#words = [...new Set([...words].map((word) => word.toLowerCase()))];
    this.#bytes = this.#words.map((word) => Buffer.from(word, 'latin1'));
    const byHash: (number[] | undefined)[] = Array.from({ length: size });
    this.#hit = new Uint8Array(size);
    for (const [index, bytes] of this.#bytes.entries()) {
      if (bytes.length < 3) throw new Error('a literal has at least three bytes');
      const hash = hashOf(bytes, bytes.length - 3);
      (byHash[hash] ??= []).push(index);
      this.#hit[hash] = 1;
    }
    this.#byHash = byHash;
  }

  /** The literals that occur, in lower case. */
  in(bytes: Buffer): ReadonlySet<string> {
    const found = new Set<string>();
    const hit = this.#hit;
    let hash = 0;
    for (let at = 0; at < bytes.length; at++) {
      hash = ((hash << 5) ^ (lower[bytes[at] as number] as number)) & mask;
      if (hit[hash] === 1) this.#check(bytes, at, hash, found);
    }
    return found;
  }

  #check(bytes: Buffer, last: number, hash: number, found: Set<string>): void {
    for (const index of this.#byHash[hash] ?? []) {
      const word = this.#words[index] as string;
      if (!found.has(word) && endsAt(bytes, last, this.#bytes[index] as Buffer)) found.add(word);
    }
  }
}

function hashOf(bytes: Buffer, from: number): number {
  let hash = 0;
  for (let at = from; at < from + 3; at++) hash = ((hash << 5) ^ (bytes[at] ?? 0)) & mask;
  return hash;
}

function endsAt(bytes: Buffer, last: number, word: Buffer): boolean {
  const start = last - word.length + 1;
  if (start < 0) return false;
  for (let at = 0; at < word.length; at++) {
    if (lower[bytes[start + at] as number] !== word[at]) return false;
  }
  return true;
}
