import { WireRefused, quoted } from './wire-refusal.ts';

/** A request target in origin form, read one way only. */
export interface Target {
  /** As sent, beginning with `/`. */
  readonly path: string;
  /** As sent, with its `?`; empty when there is none. */
  readonly query: string;
}

// RFC 3986 pchar without `;`, whose meaning servers disagree on, and without percent, which is looked at one by one.
const pathText = /^(?:\/[A-Za-z0-9._~!$&'()*+,=:@%-]*)+$/;
const queryText = /^\?[A-Za-z0-9._~!$&'()*+,=:@/?%-]*$/;
const ordinary = /^(?:\/[A-Za-z0-9_~-]+)+$/;

/**
 * Reads an origin-form target (RFC 9112 §3.2.1). Refuses every spelling that another reader could take for another path:
 * empty and dot segments, `\`, `#`, `;`, encoded slashes, dots, controls and unreserved characters, broken percents.
 */
export function readTarget(text: string, longest: number): Target {
  if (text.length > longest) throw new WireRefused(414, `the request target is longer than ${longest} characters`);
  if (ordinary.test(text)) return { path: text, query: '' };
  if (!text.startsWith('/')) throw absolute(text);
  const mark = text.indexOf('?');
  const path = mark === -1 ? text : text.slice(0, mark);
  const query = mark === -1 ? '' : text.slice(mark);
  if (!pathText.test(path))
    throw new WireRefused(400, `the path ${quoted(path)} has characters that are read in more than one way`);
  const segments = path.split('/').slice(1);
  if (
    segments.some((segment, at) => segment === '.' || segment === '..' || (segment === '' && at < segments.length - 1))
  ) {
    throw new WireRefused(400, `the path ${quoted(path)} has empty or dot segments`);
  }
  if (query !== '' && !queryText.test(query)) {
    throw new WireRefused(
      400,
      'the query has characters that have to be percent-encoded',
      'percent-encode the query; `;` and `#` too',
    );
  }
  checkPercents(path, true);
  checkPercents(query, false);
  return { path, query };
}

/**
 * Reads an origin-form target of a host where no path is judged: encoded slashes (`@scope%2fname`), brackets and empty
 * segments stand, since nobody here takes them for anything. What no URL may hold is refused all the same.
 */
export function readUnjudgedTarget(text: string, longest: number): Target {
  if (text.length > longest) throw new WireRefused(414, `the request target is longer than ${longest} characters`);
  if (!text.startsWith('/')) throw absolute(text);
  const mark = text.indexOf('?');
  const path = mark === -1 ? text : text.slice(0, mark);
  const query = mark === -1 ? '' : text.slice(mark);
  const odd = text.startsWith('//') || !/^[!-~]+$/.test(text) || /[#"<>\\^`{|}]/.test(text);
  if (odd || path.split('/').some((segment) => segment === '.' || segment === '..')) {
    throw new WireRefused(400, `the request target ${quoted(text)} is read in more than one way`);
  }
  if (/%(?![0-9A-Fa-f]{2})|%[01][0-9A-Fa-f]|%7[Ff]/.test(text))
    throw new WireRefused(400, 'the request target has a broken percent-encoding, or encodes control characters');
  return { path, query };
}

function absolute(text: string): WireRefused {
  if (text === '*') return new WireRefused(400, 'the request target `*` asks about the server, which agents may not');
  return new WireRefused(
    400,
    `the request target ${quoted(text)} is absolute: requests for another host are taken by CONNECT only`,
    'use https through the proxy (CONNECT), or the base URL with a path that begins with the provider name',
  );
}

/** In a path nothing may be encoded that could stand plain or that servers decode before they route; in a query no controls. */
function checkPercents(text: string, inPath: boolean): void {
  if (!text.includes('%')) return;
  for (let at = text.indexOf('%'); at !== -1; at = text.indexOf('%', at + 1)) {
    const digits = text.slice(at + 1, at + 3);
    if (!/^[0-9A-Fa-f]{2}$/.test(digits))
      throw new WireRefused(400, 'the request target has a broken percent-encoding');
    const character = String.fromCharCode(Number.parseInt(digits, 16));
    const hidden = inPath ? /[A-Za-z0-9._~\-/\\%;?#\0-\x1f\x7f]/.test(character) : /[\0\x7f]/.test(character);
    if (hidden) throw new WireRefused(400, `the request target has \`%${digits}\`, which is read in more than one way`);
  }
  try {
    decodeURIComponent(text);
  } catch {
    throw new WireRefused(400, 'the request target does not decode to UTF-8');
  }
}
