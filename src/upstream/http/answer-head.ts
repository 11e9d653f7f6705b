/** Header names in lower case with their values, as they came; a name can come several times. */
export type HeaderPairs = readonly (readonly [name: string, value: string])[];

/** Where an answer's body ends (RFC 9112, section 6.3). */
export type Framing = 'none' | 'length' | 'chunked' | 'close';

/** Status line and headers of an answer, read one way only. */
export interface AnswerHead {
  readonly status: number;
  readonly headers: HeaderPairs;
  readonly framing: Framing;
  /** Bytes of the body; 0 unless it is framed by its length. */
  readonly length: number;
  /** Whether another request may follow on this connection. */
  readonly reusable: boolean;
  /** Milliseconds for which the far side says it keeps an idle connection. */
  readonly keeps: number | undefined;
}

/** What was received is not an answer that can be read in one way only. Its text holds nothing of what was received. */
export class AnswerBroken extends Error {
  override readonly name = 'AnswerBroken';
}

const statusLine = /^HTTP\/1\.([01]) ([1-5][0-9][0-9])(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const fieldName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/;
const mostHeaders = 200;

/**
 * Reads a head without its last empty line, as latin1. Throws `AnswerBroken` for every irregularity: folded lines, blanks
 * before a colon, stray CR, LF or control characters, a length that stands twice or beside a transfer coding, a coding
 * that is not `chunked`, an upgrade. `bodiless` when the request was a HEAD.
 */
export function readAnswerHead(text: string, bodiless: boolean): AnswerHead {
  const lines = text.split('\r\n');
  const first = statusLine.exec(lines[0] ?? '');
  if (first === null) throw new AnswerBroken('the answer does not begin with a status line of HTTP/1.1');
  if (lines.length > mostHeaders) throw new AnswerBroken('the answer has too many headers');
  const old = first[1] === '0';
  const status = Number(first[2]);
  if (status === 101) throw new AnswerBroken('the far side changed the protocol');
  const headers: (readonly [string, string])[] = [];
  let announced: string | undefined;
  let coding: string | undefined;
  let connection = '';
  let keeps: number | undefined;
  for (let at = 1; at < lines.length; at++) {
    const pair = readField(lines[at] ?? '');
    headers.push(pair);
    const [name, value] = pair;
    if (name === 'content-length') announced = only(announced, value);
    else if (name === 'transfer-encoding') coding = only(coding, value);
    else if (name === 'connection') connection += `,${value.toLowerCase()}`;
    else if (name === 'keep-alive') keeps = keptFor(value) ?? keeps;
  }
  const framed = framingOf(status, bodiless, announced, coding, old);
  const reusable = !old && framed.framing !== 'close' && framed.sound && (connection === '' || stays(connection));
  return { status, headers, framing: framed.framing, length: framed.length, reusable, keeps };
}

/** One header line. Throws `AnswerBroken`. */
export function readField(line: string): readonly [name: string, value: string] {
  const colon = line.indexOf(':');
  const name = line.slice(0, colon);
  const value = line.slice(colon + 1);
  if (colon === -1 || !fieldName.test(name) || !fieldValue.test(value))
    throw new AnswerBroken('the answer has a header line that is none');
  return [name.toLowerCase(), trimmed(value)];
}

/** Without the blanks around it (RFC 9112, section 5.1): spaces and tabs, and nothing else that `trim` would take. */
function trimmed(value: string): string {
  let start = 0;
  let end = value.length;
  while (start < end && isBlank(value.charCodeAt(start))) start++;
  while (end > start && isBlank(value.charCodeAt(end - 1))) end--;
  return value.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

function only(known: string | undefined, value: string): string {
  if (known !== undefined) throw new AnswerBroken('the answer is framed twice');
  return value;
}

function stays(connection: string): boolean {
  return !connection.split(',').some((token) => trimmed(token) === 'close');
}

function keptFor(value: string): number | undefined {
  const [, seconds] = /(?:^|[ \t,])timeout=([0-9]{1,6})(?:$|[ \t,])/i.exec(value) ?? [];
  return seconds === undefined ? undefined : Number(seconds) * 1_000;
}

function framingOf(
  status: number,
  bodiless: boolean,
  announced: string | undefined,
  coding: string | undefined,
  old: boolean,
): { readonly framing: Framing; readonly length: number; readonly sound: boolean } {
  if (coding !== undefined && (announced !== undefined || old || coding.toLowerCase() !== 'chunked'))
    throw new AnswerBroken('the answer is framed in a way that is not read in one way only');
  if (announced !== undefined && !/^[0-9]{1,15}$/.test(announced))
    throw new AnswerBroken('the content length of the answer is not a plain number');
  const length = announced === undefined ? 0 : Number(announced);
  const none = bodiless || status < 200 || status === 204 || status === 304;
  // Some far sides send a body all the same: what came after such an answer could be taken for the next one.
  if (none)
    return { framing: 'none', length: 0, sound: bodiless || status === 304 || (coding === undefined && length === 0) };
  if (coding !== undefined) return { framing: 'chunked', length: 0, sound: true };
  if (announced !== undefined) return { framing: 'length', length, sound: true };
  return { framing: 'close', length: 0, sound: true };
}
