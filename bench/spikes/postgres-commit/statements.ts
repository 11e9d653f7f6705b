/**
 * A toy stand-in for `languages/sql`, so that the spike needs no parser: it splits a string and looks at the first word. It is NOT a
 * judgement of safety (that needs PostgreSQL's own grammar and oids); here the server's read-only default and the measuring backs it.
 */

export type StatementClass = 'read' | 'write' | 'begin' | 'commit' | 'rollback' | 'savepoint' | 'empty' | 'unknown';

const FIRST_WORDS: Readonly<Record<string, StatementClass>> = {
  select: 'read',
  values: 'read',
  table: 'read',
  show: 'read',
  insert: 'write',
  update: 'write',
  delete: 'write',
  merge: 'write',
  create: 'write',
  alter: 'write',
  drop: 'write',
  truncate: 'write',
  begin: 'begin',
  start: 'begin',
  commit: 'commit',
  end: 'commit',
  rollback: 'rollback',
  abort: 'rollback',
  savepoint: 'savepoint',
  release: 'savepoint',
};

const BEGIN = /^(begin|start)( transaction| work)?( isolation level [a-z ]+?)?( read write| read only)?$/;

/** Cuts at semicolons outside quotes. Anything that would need more than plain quotes (backslash, dollar quote, comment, NUL) gives null: refused. */
export function split(text: string): readonly string[] | null {
  if (/[\\\0]|--|\/\*|\$[A-Za-z_]*\$/.test(text)) return null;
  const parts: string[] = [];
  let start = 0;
  let quote = '';
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (quote !== '') quote = char === quote ? '' : quote;
    else if (char === "'" || char === '"') quote = char;
    else if (char === ';') {
      parts.push(text.slice(start, at).trim());
      start = at + 1;
    }
  }
  if (quote !== '') return null;
  parts.push(text.slice(start).trim());
  return parts.filter((part) => part !== '');
}

function normal(text: string): string {
  return text.toLowerCase().replace(/\s+/g, ' ').replace(/;$/, '').trim();
}

export function classify(text: string): StatementClass {
  const words = normal(text);
  if (words === '') return 'empty';
  const found = FIRST_WORDS[/^[a-z]*/.exec(words)?.[0] ?? ''] ?? 'unknown';
  switch (found) {
    case 'begin':
      return BEGIN.test(words) ? 'begin' : 'unknown';
    case 'commit':
      return /^(commit|end)( transaction| work)?$/.test(words) ? 'commit' : 'unknown';
    case 'rollback':
      if (/^rollback( transaction| work)? to /.test(words)) return 'savepoint';
      return /^(rollback|abort)( transaction| work)?$/.test(words) ? 'rollback' : 'unknown';
    case 'read':
      return / for (no key )?update| for (key )?share| into /.test(words) ? 'write' : 'read';
    default:
      return found;
  }
}

/** The client's BEGIN, READ WRITE unless it asked for less: sessions start read-only. The command tag stays the client's own. */
export function ownedBegin(text: string): string {
  const words = normal(text);
  return / read (only|write)$/.test(words) ? words : `${words} read write`;
}
