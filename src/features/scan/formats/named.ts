import { namedInDotenv } from './dotenv.ts';
import { namedInJson, namedInJsonLines } from './json.ts';
import { namedInIni, namedInNetrc, namedInPgpass, namedInShell, namedInXml } from './lines.ts';
import { namedInToml } from './toml.ts';
import { namedInYaml } from './yaml.ts';
import type { Document, Named } from '../read/document.ts';

/**
 * Every value that a parser finds under a name. A text that its parser refuses yields what the line readers see, and no
 * word of the parser's complaint gets out: it would quote the text.
 */
export function namedIn(document: Document): readonly Named[] {
  const found = parsed(document);
  // `- NAME=value` in a list of a compose file, `Bash(curl -H "…")` in a list of permissions.
  const nested = found.flatMap((one) =>
    /[\w]=/.test(one.value) && !one.value.includes('\n') ? within(one, document.text) : [],
  );
  const decoded = document.format === 'yaml' ? decodedSecrets(found, document.text) : [];
  return [...decoded, ...found, ...nested];
}

function parsed({ format, text }: Document): readonly Named[] {
  switch (format) {
    case 'dotenv':
      return [...namedInDotenv(text)];
    case 'json':
      return [...namedInJson(text)];
    case 'jsonl':
      return [...namedInJsonLines(text)];
    case 'yaml':
      return orLines(() => namedInYaml(text), text);
    case 'toml':
      return orLines(() => namedInToml(text), text);
    case 'xml':
      return [...namedInXml(text)];
    case 'ini':
      return [...namedInIni(text)];
    case 'netrc':
      return [...namedInNetrc(text)];
    case 'pgpass':
      return [...namedInPgpass(text)];
    case 'shell':
    case 'history':
      return [...namedInShell(text)];
    case 'environment':
      return namedInVariable(text);
    case 'text':
      return [];
  }
}

/** `NAME=value` as one text, whatever the value holds. */
function namedInVariable(text: string): readonly Named[] {
  const at = text.indexOf('=');
  const key = text.slice(0, Math.max(0, at));
  return at === -1 ? [] : [{ key, path: key, value: text.slice(at + 1), start: at + 1, end: text.length }];
}

function orLines(read: () => readonly Named[], text: string): readonly Named[] {
  try {
    return read();
  } catch {
    return [...namedInIni(text)];
  }
}

/** Where the outer value is escaped, the inner one is looked for as it is. */
function within(outer: Named, text: string): readonly Named[] {
  const exact = outer.value.length === outer.end - outer.start;
  return [...namedInShell(outer.value)].flatMap((one) => {
    const start = exact ? outer.start + one.start : text.indexOf(one.value, outer.start);
    if (start === -1 || start + one.value.length > outer.end) return [];
    const path = outer.path === '' ? one.path : `${outer.path}.${one.key}`;
    return [{ ...one, path, start, end: start + one.value.length }];
  });
}

/** Values of a Kubernetes Secret are in base 64: as what they say, in the place of what says it. */
function decodedSecrets(found: readonly Named[], text: string): readonly Named[] {
  if (!/^kind:\s*["']?Secret\b/m.test(text)) return [];
  return found.flatMap((one) => {
    if (!one.path.startsWith('data.') || !/^[A-Za-z0-9+/]{8,}={0,2}$/.test(one.value)) return [];
    const value = Buffer.from(one.value, 'base64').toString('utf8').trim();
    return value === '' || /[^\x20-\x7e]/.test(value) ? [] : [{ ...one, value }];
  });
}
