import type { Named } from '../read/document.ts';

const pair =
  /^[ \t]*(?:[#;]+[ \t]*)?((?:\/\/)?[\w.@:/-]{1,120}?)[ \t]*(?:=|:(?![_/]))[ \t]*(?:"([^"\n]*)"|'([^'\n]*)'|([^\n]*))/gm;
const section = /^[ \t]*\[+([^\]\n]{1,120})\]+[ \t]*$/gm;

/** Values of an INI file, of properties, of Terraform variables: `name = value` under `[section]`s. */
export function* namedInIni(text: string): Generator<Named> {
  const sections = [...text.matchAll(section)].map((match) => ({ at: match.index, name: match[1] ?? '' }));
  let current = -1;
  for (const match of text.matchAll(pair)) {
    while ((sections[current + 1]?.at ?? Number.POSITIVE_INFINITY) < match.index) current++;
    const raw = match[2] ?? match[3] ?? match[4] ?? '';
    const value = raw.trim();
    const key = (match[1] ?? '').split(/[:/]/).at(-1) ?? '';
    if (value === '' || key === '') continue;
    const at = match.index + match[0].lastIndexOf(raw) + raw.indexOf(value);
    const name = sections[current]?.name;
    yield {
      key,
      path: name === undefined ? (match[1] ?? '') : `${name}.${match[1] ?? ''}`,
      value,
      start: at,
      end: at + value.length,
    };
  }
}

/** Passwords of a netrc file, named for their machines (netrc(5)). */
export function* namedInNetrc(text: string): Generator<Named> {
  let machine = 'default';
  for (const match of text.matchAll(/\b(machine|login|password)[ \t\n]+(\S+)/g)) {
    const [whole, word = '', value = ''] = match;
    if (word === 'machine') machine = value;
    const start = match.index + whole.length - value.length;
    if (word === 'password')
      yield { key: 'password', path: `${machine}.password`, value, start, end: start + value.length };
  }
}

/** Passwords of a pgpass file: `host:port:database:user:password`, with `\:` and `\\` (PostgreSQL's libpq-pgpass). */
export function* namedInPgpass(text: string): Generator<Named> {
  for (const match of text.matchAll(
    /^((?:[^:\\\n#]|\\.)(?:[^:\\\n]|\\.)*):((?:[^:\\\n]|\\.)*):((?:[^:\\\n]|\\.)*):((?:[^:\\\n]|\\.)*):(.+)$/gm,
  )) {
    const [whole, host = '', , database = '', user = '', rest = ''] = match;
    const raw = rest.trimEnd();
    const start = match.index + whole.length - rest.length;
    const value = raw.replaceAll(/\\([:\\])/g, '$1');
    yield { key: 'PGPASSWORD', path: `${user}@${host}/${database}`, value, start, end: start + raw.length };
  }
}

/** Values of elements: `<password>…</password>` of Maven's and .NET's settings. */
export function* namedInXml(text: string): Generator<Named> {
  for (const match of text.matchAll(/<([A-Za-z][\w.-]{2,60})>([^<>\s]{4,400})<\/\1>/g)) {
    const [, key = '', value = ''] = match;
    const start = match.index + key.length + 2;
    yield { key, path: key, value, start, end: start + value.length };
  }
}

const quoted =
  /(?<![\w$])([A-Za-z_$][\w$.-]{3,80})["'`\])]{0,3}[ \t]*(?::[ \t]*[A-Za-z]{3,10}[ \t]*=|=>|:=|\?\?|\|\||[:=,])[ \t]*["'`]([^"'`\s]{8,400})["'`]/g;

/** `name = "value"` and its like in the texts of programs, and `NAME=value`. */
export function* namedInProgram(text: string): Generator<Named> {
  for (const match of text.matchAll(quoted)) {
    const [whole, key = '', value = ''] = match;
    const start = match.index + whole.length - 1 - value.length;
    yield { key, path: key, value, start, end: start + value.length };
  }
  yield* namedInShell(text);
}

const assignment =
  /(?:^|[\s;&|("'`])((?:[A-Z][A-Z0-9]*_)+[A-Z0-9]+|[A-Z]{4,}|(?:\w+_)?(?:token|secret|password|api_?key))=("[^"\n]*"|'[^'\n]*'|[^\s;&|"'`)]+)/gm;

/** `NAME=value` anywhere in a line, as in scripts and in what a shell remembers. */
export function* namedInShell(text: string): Generator<Named> {
  for (const match of text.matchAll(assignment)) {
    const [whole, key = '', raw = ''] = match;
    const quoted = raw.startsWith('"') || raw.startsWith("'");
    const value = quoted ? raw.slice(1, -1) : raw;
    const start = match.index + whole.length - raw.length + (quoted ? 1 : 0);
    if (value !== '') yield { key, path: key, value, start, end: start + value.length };
  }
}
