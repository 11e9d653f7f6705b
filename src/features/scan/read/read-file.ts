import { isAscii, isUtf8 } from 'node:buffer';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { formatOf } from './format-of.ts';
import type { Document } from './document.ts';
import type { Place } from '../finding.ts';

/** Why a file was not read, or not to its end. */
export type Unread = 'no permission' | 'gone' | 'no plain file' | 'too large' | 'unreadable' | 'a defect of the scan';

export interface FileToRead {
  readonly path: string;
  /** The path from the root of what is scanned. */
  readonly within: string;
  readonly kind: Place['kind'];
}

/** Bytes of a file as far as they are scanned. */
export interface FileBytes {
  readonly bytes: Buffer;
  /** False where the file goes on behind what was read. */
  readonly whole: boolean;
}

/** Bytes read of one file at most; what is longer is cut, and said to be. */
export const mostBytes: number = 8 * 1024 * 1024;

/** Text scanned in one piece; longer files come in several, which overlap so that nothing is cut in two. */
const pieceBytes = 1024 * 1024;
const overlapBytes = 8 * 1024;

/**
 * Reads a file through one descriptor without following a link in its last part. Blocks on nothing: pipes and devices are
 * refused by their kind. Never throws.
 */
export function readBounded(path: string, into: Buffer): FileBytes | Unread {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stat = fstatSync(descriptor);
    if (!stat.isFile()) return 'no plain file';
    let length = 0;
    while (length < into.length) {
      const read = readSync(descriptor, into, length, into.length - length, null);
      if (read === 0) break;
      length += read;
    }
    return { bytes: into.subarray(0, length), whole: stat.size <= length };
  } catch (thrown) {
    return unreadFor(thrown);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function unreadFor(thrown: unknown): Unread {
  const code = (thrown as NodeJS.ErrnoException | undefined)?.code;
  if (code === 'EACCES' || code === 'EPERM') return 'no permission';
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'gone';
  return code === 'ELOOP' || code === 'ENXIO' || code === 'EISDIR' ? 'no plain file' : 'unreadable';
}

/** Whether bytes are no text: a NUL among the first 8,000, and no mark of UTF-16. */
export function isBinary(bytes: Buffer): boolean {
  return !isUtf16(bytes) && bytes.subarray(0, 8_000).includes(0);
}

function isUtf16(bytes: Buffer): boolean {
  return bytes.length >= 2 && bytes[0] === 0xff && bytes[1] === 0xfe;
}

/** The texts of a file, in pieces of at most a mebibyte. */
export function* documentsOf(file: FileToRead, read: FileBytes): Generator<Document> {
  const { bytes } = read;
  const format = formatOf(file.path, file.kind);
  const base = { ...file, format };
  if (isUtf16(bytes)) {
    yield { ...base, text: bytes.toString('utf16le', 2), bytesBefore: undefined, firstLine: 1 };
    return;
  }
  const ascii = isAscii(bytes);
  const encoding = ascii || !isUtf8(bytes) ? 'latin1' : 'utf8';
  let firstLine = 1;
  for (let start = 0; start === 0 || start < bytes.length;) {
    const end = bytes.length - start <= pieceBytes + overlapBytes ? bytes.length : pieceEnd(bytes, start + pieceBytes);
    const text = bytes.toString(encoding, start, end);
    const from = start;
    const bytesBefore =
      encoding === 'latin1'
        ? (offset: number) => from + offset
        : (offset: number) => from + Buffer.byteLength(text.slice(0, offset));
    yield { ...base, text, bytesBefore, firstLine };
    if (end === bytes.length) return;
    const next = Math.max(start + 1, pieceEnd(bytes, end - overlapBytes));
    firstLine += linesIn(bytes, start, next);
    start = next;
  }
}

/** The start of the line that follows, else a byte at which a character begins. */
function pieceEnd(bytes: Buffer, near: number): number {
  const line = bytes.indexOf(0x0a, near);
  if (line !== -1 && line - near < overlapBytes / 2) return line + 1;
  let at = near;
  while (at < bytes.length && ((bytes[at] ?? 0) & 0xc0) === 0x80) at++;
  return at;
}

function linesIn(bytes: Buffer, start: number, end: number): number {
  let lines = 0;
  for (let at = bytes.indexOf(0x0a, start); at !== -1 && at < end; at = bytes.indexOf(0x0a, at + 1)) lines++;
  return lines;
}
