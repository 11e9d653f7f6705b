/** Protocol 3.0 framing, both ways: PostgreSQL documentation, "Frontend/Backend Protocol", "Message Formats". */

/** Larger than this and we stop reading: a spike's bound, for both sides. */
const MAX_MESSAGE = 64 * 1024 * 1024;
const MAX_STARTUP = 10_000;

export interface Frame {
  /** The message's type byte as a character; empty for the untyped start-up packet. */
  readonly type: string;
  /** Whole message, header included: what is judged is what is forwarded. */
  readonly bytes: Buffer;
}

/** Cuts a byte stream into messages. Never looks into a body. */
export class Framer {
  #rest: Buffer = Buffer.alloc(0);
  #startup: boolean;

  constructor(expectStartup: boolean) {
    this.#startup = expectStartup;
  }

  /** The server answered `N` to an SSLRequest, or the packet was otherwise consumed: another untyped one follows. */
  expectStartup(): void {
    this.#startup = true;
  }

  push(chunk: Buffer): Frame[] {
    let data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const frames: Frame[] = [];
    for (;;) {
      const header = this.#startup ? 4 : 5;
      if (data.length < header) break;
      const length = data.readInt32BE(header - 4);
      if (length < 4 || length > (this.#startup ? MAX_STARTUP : MAX_MESSAGE))
        throw new Error('message length out of bounds');
      const total = length + header - 4;
      if (data.length < total) break;
      frames.push({ type: this.#startup ? '' : String.fromCharCode(data[0] ?? 0), bytes: data.subarray(0, total) });
      data = data.subarray(total);
      this.#startup = false;
    }
    this.#rest = data;
    return frames;
  }
}

export function cstring(text: string): Buffer {
  return Buffer.from(`${text}\0`, 'utf8');
}

export function message(type: string, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const head = Buffer.alloc(type === '' ? 4 : 5);
  if (type !== '') head[0] = type.charCodeAt(0);
  head.writeInt32BE(body.length + 4, head.length - 4);
  return Buffer.concat([head, body]);
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

export const SYNC = message('S');
export const FLUSH = message('H');

export const query = (text: string): Buffer => message('Q', cstring(text));
export const parse = (name: string, text: string): Buffer => message('P', cstring(name), cstring(text), int16(0));

/** Bind without parameters, results as text; Execute without a row limit; Close. The portal is named: the unnamed one is the client's. */
export function run(statement: string, portal: string): readonly { kind: 'B' | 'E' | 'C'; bytes: Buffer }[] {
  const bind = message('B', cstring(portal), cstring(statement), int16(0), int16(0), int16(0));
  const execute = message('E', cstring(portal), int32(0));
  const close = message('C', Buffer.from('P'), cstring(portal));
  return [
    { kind: 'B', bytes: bind },
    { kind: 'E', bytes: execute },
    { kind: 'C', bytes: close },
  ];
}

export function startup(parameters: Readonly<Record<string, string>>): Buffer {
  const pairs = Object.entries(parameters).flatMap(([key, value]) => [cstring(key), cstring(value)]);
  return message('', int32(196_608), ...pairs, Buffer.from([0]));
}

/** Reads zero-terminated strings from a body; throws on one that has no end. */
export function strings(frame: Frame, count: number, from = 5): string[] {
  const found: string[] = [];
  let at = from;
  for (let index = 0; index < count; index += 1) {
    const end = frame.bytes.indexOf(0, at);
    if (end < 0) throw new Error('string without an end');
    found.push(frame.bytes.toString('utf8', at, end));
    at = end + 1;
  }
  return found;
}

export function startupParameters(frame: Frame): Map<string, string> {
  const parts = frame.bytes.toString('utf8', 8).split('\0');
  const found = new Map<string, string>();
  for (let index = 0; index + 1 < parts.length && parts[index] !== ''; index += 2) {
    found.set(parts[index] ?? '', parts[index + 1] ?? '');
  }
  return found;
}

/** The columns of a DataRow in text format; only our own statements' rows are ever read. */
export function columns(frame: Frame): (string | null)[] {
  const count = frame.bytes.readInt16BE(5);
  const found: (string | null)[] = [];
  let at = 7;
  for (let index = 0; index < count; index += 1) {
    const length = frame.bytes.readInt32BE(at);
    at += 4;
    found.push(length < 0 ? null : frame.bytes.toString('utf8', at, at + length));
    at += Math.max(length, 0);
  }
  return found;
}

/** ErrorResponse or NoticeResponse fields by their one-letter code. */
export function fields(frame: Frame): Map<string, string> {
  const found = new Map<string, string>();
  for (const part of frame.bytes.toString('utf8', 5).split('\0'))
    if (part !== '') found.set(part.charAt(0), part.slice(1));
  return found;
}

export interface Refusal {
  readonly sqlstate: string;
  readonly message: string;
  readonly detail?: string;
  readonly hint?: string;
}

export function errorResponse(refusal: Refusal, severity: 'ERROR' | 'FATAL' = 'ERROR'): Buffer {
  const parts = [`S${severity}`, `V${severity}`, `C${refusal.sqlstate}`, `M${refusal.message}`];
  if (refusal.detail !== undefined) parts.push(`D${refusal.detail}`);
  if (refusal.hint !== undefined) parts.push(`H${refusal.hint}`);
  return message('E', ...parts.map(cstring), Buffer.from([0]));
}
