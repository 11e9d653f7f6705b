/** Protocol 3 framing, both ways: PostgreSQL documentation, "Frontend/Backend Protocol", "Message Formats". */

/** One message of the wire, whole: what is judged is what is forwarded. */
export interface Frame {
  /** The message's type byte as a character; empty for the untyped packets before sign-in. */
  readonly type: string;
  /** Header and body. A view on what was read: copy it before keeping it beyond the turn in which it came. */
  readonly bytes: Buffer;
}

/** A message that is no message: its length lies, or it has no end. Nothing after it on that connection can be believed. */
export class BrokenFrame extends Error {
  override readonly name = 'BrokenFrame';
}

export interface FrameBounds {
  /** Bytes of one message with its header; a larger one is `BrokenFrame`, before it is buffered. */
  readonly message: number;
  /** Bytes of an untyped packet before sign-in. */
  readonly startup: number;
  /** Types that there are; any other is `BrokenFrame` at its first byte. Absent: whatever comes. */
  readonly types?: string;
}

/** PostgreSQL's own bound on a start-up packet; messages far below its gigabyte. */
export const clientBounds: FrameBounds = Object.freeze({
  message: 64 * 1024 * 1024,
  startup: 10_000,
  types: 'QPBDECHSFdcfpX',
});
/** A row may be as large as the server can make it. */
export const serverBounds: FrameBounds = Object.freeze({ message: 0x3fffffff, startup: 10_000 });

/** Cuts a byte stream into messages. Never looks into a body. */
export class Framer {
  #rest: Buffer[] = [];
  #held = 0;
  #needed = 5;
  #untyped: boolean;
  readonly #bounds: FrameBounds;

  constructor(bounds: FrameBounds, untyped: boolean) {
    this.#bounds = bounds;
    this.#untyped = untyped;
    this.#needed = untyped ? 4 : 5;
  }

  /** Bytes that wait for the rest of their message. */
  get held(): number {
    return this.#held;
  }

  /** Another packet without a type follows: the last one was answered with a single byte. */
  expectUntyped(): void {
    if (this.#held > 0) throw new BrokenFrame('bytes came before they were asked for');
    this.#untyped = true;
    this.#needed = 4;
  }

  /** The messages that are whole now. Throws `BrokenFrame`. */
  push(chunk: Buffer): Frame[] {
    this.#rest.push(chunk);
    this.#held += chunk.length;
    if (this.#held < this.#needed) return [];
    let data = this.#rest.length === 1 ? chunk : Buffer.concat(this.#rest, this.#held);
    const frames: Frame[] = [];
    for (;;) {
      const header = this.#untyped ? 4 : 5;
      this.#needed = header;
      if (data.length < header) break;
      const total = this.#total(data, header);
      this.#needed = total;
      if (data.length < total) break;
      frames.push({ type: this.#untyped ? '' : String.fromCharCode(data[0] ?? 0), bytes: data.subarray(0, total) });
      data = data.subarray(total);
      this.#untyped = false;
    }
    this.#rest = data.length === 0 ? [] : [data];
    this.#held = data.length;
    return frames;
  }

  /** Throws for a length that no message of this kind has, before anything of it is kept. */
  #total(data: Buffer, header: number): number {
    const length = data.readInt32BE(header - 4);
    const total = length + header - 4;
    const bound = this.#untyped ? this.#bounds.startup : this.#bounds.message;
    const { types } = this.#bounds;
    if (!this.#untyped && types !== undefined && !types.includes(String.fromCharCode(data[0] ?? 0)))
      throw new BrokenFrame('a message has a type that there is not');
    if (length < 4 || total > bound) throw new BrokenFrame('a message has an impossible length');
    return total;
  }
}

/** Reads the parts of one message in order. Every reading throws `BrokenFrame` where the message ends too early. */
export class FrameReader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(frame: Frame) {
    this.#bytes = frame.bytes;
    this.#at = frame.type === '' ? 4 : 5;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  byte(): number {
    return this.#take(1)[0] ?? 0;
  }

  int16(): number {
    return this.#take(2).readInt16BE(0);
  }

  /** A count: never negative. */
  count(): number {
    const value = this.#take(2).readUInt16BE(0);
    return value;
  }

  int32(): number {
    return this.#take(4).readInt32BE(0);
  }

  uint32(): number {
    return this.#take(4).readUInt32BE(0);
  }

  /** A text up to its NUL. Throws for bytes that are not UTF-8: every session of ours speaks UTF-8. */
  text(): string {
    const end = this.#bytes.indexOf(0, this.#at);
    if (end < 0) throw new BrokenFrame('a text has no end');
    const bytes = this.#bytes.subarray(this.#at, end);
    this.#at = end + 1;
    return utf8(bytes);
  }

  /** A value with its length before it; null for SQL's null. Copied. */
  value(): Buffer | null {
    const length = this.int32();
    if (length === -1) return null;
    if (length < 0) throw new BrokenFrame('a value has a negative length');
    return Buffer.from(this.#take(length));
  }

  rest(): Buffer {
    return this.#take(this.left);
  }

  /** Throws unless all was read: what we did not look at is not forwarded. */
  end(): void {
    if (this.left !== 0) throw new BrokenFrame('a message is longer than what it says');
  }

  #take(length: number): Buffer {
    if (length > this.left) throw new BrokenFrame('a message ends too early');
    const part = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return part;
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function utf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new BrokenFrame('a text is not UTF-8', { cause });
  }
}

/** Throws `BrokenFrame` for text with a NUL, which would end it early on the wire. */
export function cstring(text: string): Buffer {
  if (text.includes('\0')) throw new BrokenFrame('a text on this wire cannot hold a NUL');
  return Buffer.from(`${text}\0`, 'utf8');
}

export function int16(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(2);
  bytes.writeInt16BE(value);
  return bytes;
}

export function int32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeInt32BE(value);
  return bytes;
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** A message of a type (empty: untyped) with these parts as its body. */
export function frame(type: string, ...parts: readonly Uint8Array[]): Frame {
  const header = type === '' ? 4 : 5;
  const body = parts.reduce((sum, part) => sum + part.length, 0);
  const bytes = Buffer.allocUnsafe(header + body);
  if (type !== '') bytes[0] = type.charCodeAt(0);
  bytes.writeInt32BE(body + 4, header - 4);
  let at = header;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return { type, bytes };
}

export const syncFrame: Frame = Object.freeze(frame('S'));
export const flushFrame: Frame = Object.freeze(frame('H'));
export const terminateFrame: Frame = Object.freeze(frame('X'));

/** The columns of a DataRow; only rows of our own statements are ever read. */
export function columns(row: Frame): readonly (Buffer | null)[] {
  const reader = new FrameReader(row);
  const found = Array.from({ length: reader.count() }, () => reader.value());
  reader.end();
  return found;
}

/** The fields of an ErrorResponse or NoticeResponse by their one-letter code. */
export function fields(of: Frame): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const part of of.bytes.toString('utf8', 5).split('\0')) {
    if (part !== '') found.set(part.charAt(0), part.slice(1));
  }
  return found;
}

/** SQLSTATE 42501 and class 28: E3 answers them with "stop, ask a human". */
export function isPermission(error: Frame): boolean {
  const code = fields(error).get('C') ?? '';
  return code === '42501' || code.startsWith('28');
}

export interface ServerSays {
  readonly severity: 'ERROR' | 'FATAL' | 'NOTICE' | 'WARNING';
  /** SQLSTATE. */
  readonly code: string;
  readonly message: string;
  readonly detail?: string;
  readonly hint?: string;
  /** Character of the statement, from 1 on. */
  readonly position?: number;
}

/** An ErrorResponse, or a NoticeResponse, in our own words. */
export function saying({ severity, code, message, detail, hint, position }: ServerSays): Frame {
  const parts = [`S${severity}`, `V${severity}`, `C${code}`, `M${message}`];
  if (detail !== undefined) parts.push(`D${detail}`);
  if (hint !== undefined) parts.push(`H${hint}`);
  if (position !== undefined) parts.push(`P${position}`);
  const type = severity === 'ERROR' || severity === 'FATAL' ? 'E' : 'N';
  return frame(type, ...parts.map((part) => cstring(part.replaceAll('\0', ''))), nul);
}

/** An error or notice whose position counts from the start of a longer text: this many characters further on. */
export function movedBy(of: Frame, characters: number): Frame {
  const body = of.bytes.toString('latin1', 5);
  const moved = body.replace(/(?<=\0)P(\d+)(?=\0)/, (_, position: string) => `P${Number(position) + characters}`);
  return frame(of.type, Buffer.from(moved, 'latin1'));
}

const nul = Buffer.alloc(1);

/** The start-up packet: names and values of what is asked for. */
export function startupFrame(version: number, parameters: ReadonlyMap<string, string>): Frame {
  const pairs = [...parameters].flatMap(([name, value]) => [cstring(name), cstring(value)]);
  return frame('', int32(version), ...pairs, nul);
}

/** Reads a start-up packet's parameters, after its version. Throws `BrokenFrame` for a name given twice. */
export function startupParameters(packet: Frame): ReadonlyMap<string, string> {
  const reader = new FrameReader(packet);
  reader.int32();
  const found = new Map<string, string>();
  for (let name = reader.text(); name !== ''; name = reader.text()) {
    if (found.has(name)) throw new BrokenFrame('a start-up parameter is given twice');
    found.set(name, reader.text());
  }
  reader.end();
  return found;
}
