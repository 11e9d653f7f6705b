/**
 * The RFC 8785 text of a parsed JSON value. Written here anew, on purpose: a verifier that shares the writer's code
 * shares its mistakes. Throws TypeError for half characters and RangeError for nesting deeper than the stack.
 */
export function canonicalText(value: unknown): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'number' && Number.isFinite(value)) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`;
  if (typeof value !== 'object') throw new TypeError('not a JSON value');
  const members = value as { readonly [key: string]: unknown };
  // The default order of sort() is that of UTF-16 code units, which is RFC 8785's.
  const keys = Object.keys(members).sort();
  return `{${keys.map((key) => `${quoted(key)}:${canonicalText(members[key])}`).join(',')}}`;
}

/**
 * Parses a line that has to be canonical JSON, an object. Comparing with its own canonical text rules out duplicate
 * members, which JSON.parse drops without a word, and every second way of writing the same thing.
 */
export function parseCanonical(line: string): { readonly [key: string]: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (!isObject(value) || canonicalText(value) !== line) return undefined;
    return value;
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function quoted(text: string): string {
  if (!text.isWellFormed()) throw new TypeError('half a character');
  return JSON.stringify(text);
}
