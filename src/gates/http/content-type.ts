import { WireRefused, quoted } from './wire-refusal.ts';

/** A content type in our own writing. */
export interface ContentType {
  /** What is forwarded: lower case, at most a `charset=utf-8`. */
  readonly value: string;
  /** Whether the body is text and so has to be UTF-8 without NUL. */
  readonly text: boolean;
}

const json: ContentType = Object.freeze({ value: 'application/json', text: true });
const grammar =
  /^([a-z0-9][a-z0-9!#$&^_.+-]{0,126}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,126})(?:[ \t]*;[ \t]*charset=("?)(utf-?8|us-ascii)\2)?[ \t]*$/i;
const textual =
  /^(?:text\/|application\/(?:json|graphql|xml|yaml|x-www-form-urlencoded|javascript|sql)$)|\+(?:json|xml|yaml)$/;

/**
 * Reads a `Content-Type` strictly: one type, no parameter but a UTF-8 charset. Multipart is refused, since readers
 * disagree on repeated names and part encodings; other charsets, since what is judged has to be what is read.
 */
export function readContentType(text: string): ContentType {
  if (text === 'application/json') return json;
  const match = grammar.exec(text);
  if (!match) {
    const hint = 'send the body as `application/json` in UTF-8, without other parameters';
    throw new WireRefused(415, `the content type ${quoted(text)} is not one that is read in one way only`, hint);
  }
  const type = (match[1] ?? '').toLowerCase();
  if (type.startsWith('multipart/')) {
    throw new WireRefused(415, 'multipart bodies are not judged, so they are not passed on', 'send the body as JSON');
  }
  const charset = match[3] === undefined ? '' : '; charset=utf-8';
  return { value: `${type}${charset}`, text: textual.test(type) };
}
