import { refuse } from '../../model/refusal.ts';

/** What the server would take into account when it reads the text itself. */
export interface TextSettings {
  /** Off, a backslash in a plain literal escapes: the server then sees other statements than the parser here. */
  readonly standardConformingStrings: boolean;
  /** `client_encoding` as the server reports it: `UTF8`. */
  readonly clientEncoding: string;
  /** 14 to 18: some syntax is a call of a function to an older server. */
  readonly serverMajor: number;
}

/** Encodings in which every byte below 0x80 is that ASCII character, also within a longer one. */
const safeEncodings: ReadonlySet<string> = new Set([
  'UTF8',
  'SQL_ASCII',
  'EUC_CN',
  'EUC_JP',
  'EUC_JIS_2004',
  'EUC_KR',
  'EUC_TW',
  'ISO_8859_5',
  'ISO_8859_6',
  'ISO_8859_7',
  'ISO_8859_8',
  'KOI8R',
  'KOI8U',
  ...Array.from({ length: 10 }, (_, at) => `LATIN${at + 1}`),
  ...[866, 874, 1250, 1251, 1252, 1253, 1254, 1255, 1256, 1257, 1258].map((page) => `WIN${page}`),
]);

/**
 * Throws `BAD_REQUEST` where the text could mean another thing to the server than to the parser. In an encoding other than
 * UTF8 only ASCII is read: how the server folds and cuts other letters is not known here.
 */
export function refuseUnsafeText(text: string, settings: TextSettings, limit: number): void {
  if (!settings.standardConformingStrings) {
    throw refuse(
      'BAD_REQUEST',
      'standard_conforming_strings is off, so the text can’t be read safely',
      'set standard_conforming_strings to on',
    );
  }
  if (!safeEncodings.has(settings.clientEncoding)) {
    throw refuse('BAD_REQUEST', 'this client encoding is not read here', 'set client_encoding to UTF8');
  }
  if (!Number.isInteger(settings.serverMajor) || settings.serverMajor < 14 || settings.serverMajor > 18) {
    throw refuse('BAD_REQUEST', 'this major version of the server is not known here', 'use PostgreSQL 14 to 18');
  }
  if (text.includes('\0')) throw refuse('BAD_REQUEST', 'the text holds NUL', 'send it without');
  if (!text.isWellFormed()) throw refuse('BAD_REQUEST', 'the text holds a lone surrogate', 'send it as UTF-8');
  // A character takes at most three bytes of UTF-8 per unit: short texts need no counting.
  if (text.length > limit || (text.length * 3 > limit && Buffer.byteLength(text) > limit)) {
    throw refuse('BAD_REQUEST', `the text is larger than ${limit} bytes`, 'send it as several, or use COPY');
  }
  if (settings.clientEncoding !== 'UTF8' && /[^\0-\x7f]/.test(text)) {
    throw refuse(
      'BAD_REQUEST',
      'the text is not ASCII, and the client encoding is not UTF8',
      'set client_encoding to UTF8',
    );
  }
}
