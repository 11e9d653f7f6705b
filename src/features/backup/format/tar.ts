/** Reads the tar stream of BASE_BACKUP (POSIX ustar; sizes of 8 GiB and more in base 256), piece by piece. */

/** What a tar stream consists of, in order. `data` follows the `file` it belongs to. */
export type TarEvent =
  | { readonly kind: 'directory'; readonly path: string; readonly mode: number }
  | {
      readonly kind: 'file';
      readonly path: string;
      readonly mode: number;
      readonly size: number;
      readonly modified: number;
    }
  | { readonly kind: 'data'; readonly bytes: Uint8Array }
  | { readonly kind: 'file-end' };

/** The stream is not one that a server sends. */
export class TarBroken extends Error {
  override readonly name = 'TarBroken';
}

const block = 512;

export class TarReader {
  #head = Buffer.alloc(0);
  /** Bytes of the present file that are still to come, then of its padding. */
  #left = 0;
  #padding = 0;
  #inFile = false;
  #ended = false;
  readonly #seen = new Set<string>();

  /** What the next bytes say. `data` shares memory with `bytes`. */
  *push(bytes: Uint8Array): Generator<TarEvent> {
    let rest = bytes;
    while (rest.length > 0) {
      if (this.#ended) return nothingBut(rest);
      if (this.#left > 0) {
        const data = rest.subarray(0, this.#left);
        rest = rest.subarray(data.length);
        this.#left -= data.length;
        yield { kind: 'data', bytes: data };
      } else if (this.#padding > 0) {
        const skipped = Math.min(this.#padding, rest.length);
        rest = rest.subarray(skipped);
        this.#padding -= skipped;
      } else {
        const wanted = block - this.#head.length;
        this.#head = Buffer.concat([this.#head, rest.subarray(0, wanted)]);
        rest = rest.subarray(wanted);
        if (this.#head.length === block) yield* this.#begin();
      }
      if (this.#inFile && this.#left === 0) {
        this.#inFile = false;
        yield { kind: 'file-end' };
      }
    }
  }

  /** Throws `TarBroken` unless the stream ended between two files. Servers before 15 send no mark at the end. */
  finish(): void {
    if (this.#left > 0 || this.#padding > 0 || this.#head.length > 0)
      throw new TarBroken('the copy of the data directory ends in the middle of a file');
  }

  *#begin(): Generator<TarEvent> {
    const head = this.#head;
    this.#head = Buffer.alloc(0);
    if (head.every((byte) => byte === 0)) {
      this.#ended = true;
      return;
    }
    checkSum(head);
    const path = pathIn(head);
    if (this.#seen.has(path)) throw new TarBroken(`the server sent \`${path}\` twice`);
    this.#seen.add(path);
    const mode = numberIn(head, 100, 8) & 0o7777;
    const size = numberIn(head, 124, 12);
    const kind = String.fromCodePoint(head[156] ?? 0);
    if (kind === '5') {
      yield { kind: 'directory', path, mode };
    } else if (kind === '0' || kind === '\0') {
      this.#left = size;
      this.#padding = (block - (size % block)) % block;
      this.#inFile = true;
      yield { kind: 'file', path, mode, size, modified: numberIn(head, 136, 12) };
    } else {
      throw new TarBroken(`\`${path}\` is neither file nor directory: such a cluster is not copied`);
    }
  }
}

function nothingBut(rest: Uint8Array): void {
  if (rest.some((byte) => byte !== 0)) throw new TarBroken('the server sent something after the end of its copy');
}

function checkSum(head: Buffer): void {
  let sum = 0;
  for (let index = 0; index < block; index++) sum += index >= 148 && index < 156 ? 32 : (head[index] ?? 0);
  if (sum !== numberIn(head, 148, 8)) throw new TarBroken('the copy of the data directory is garbled');
}

/** The path, relative and without `.` or `..`: it is written below a directory of ours one day. */
function pathIn(head: Buffer): string {
  const ustar = head.subarray(257, 262).toString('latin1') === 'ustar';
  const prefix = ustar ? textIn(head, 345, 155) : '';
  const whole = prefix === '' ? textIn(head, 0, 100) : `${prefix}/${textIn(head, 0, 100)}`;
  const path = whole.replace(/^(?:\.\/)+/, '').replace(/\/+$/, '');
  const parts = path.split('/');
  if (path === '.' || path === '') return '.';
  if (parts.some((part) => part === '' || part === '.' || part === '..'))
    throw new TarBroken(`\`${path}\` is no path in a data directory`);
  return path;
}

function textIn(head: Buffer, at: number, length: number): string {
  const field = head.subarray(at, at + length);
  const end = field.indexOf(0);
  const bytes = end < 0 ? field : field.subarray(0, end);
  const text = bytes.toString('utf8');
  if (!Buffer.from(text).equals(bytes)) throw new TarBroken('a file’s name is not UTF-8: such a cluster is not copied');
  return text;
}

function numberIn(head: Buffer, at: number, length: number): number {
  const field = head.subarray(at, at + length);
  if ((field[0] ?? 0) === 0x80) {
    const value = field.subarray(1).reduce((sum, byte) => sum * 256 + byte, 0);
    if (!Number.isSafeInteger(value)) throw new TarBroken('a file is larger than any may be');
    return value;
  }
  const text = field.toString('latin1').replaceAll('\0', ' ').trim();
  if (!/^[0-7]*$/.test(text)) throw new TarBroken('the copy of the data directory is garbled');
  return text === '' ? 0 : Number.parseInt(text, 8);
}
