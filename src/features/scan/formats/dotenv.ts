import type { Named } from '../read/document.ts';

// Commented-out lines count: whoever reads the file reads them too.
const line =
  /^[ \t]*(?:#+[ \t]*)?(?:export[ \t]+|set[ \t]+(?:-g?x[ \t]+)?|declare[ \t]+-x[ \t]+)?([A-Za-z_][\w.-]{0,100})[ \t]*[=:][ \t]*/gm;

/** Values of a dotenv file: quoted, multi-line, followed by a comment, commented out. */
export function* namedInDotenv(text: string): Generator<Named> {
  line.lastIndex = 0;
  for (let match = line.exec(text); match !== null; match = line.exec(text)) {
    const key = match[1] ?? '';
    const start = match.index + match[0].length;
    const [from, to] = valueAt(text, start);
    if (to > from) yield { key, path: key, value: text.slice(from, to), start: from, end: to };
    line.lastIndex = Math.max(line.lastIndex, to);
  }
}

/** Offsets of the value that begins here, without its quotes. */
function valueAt(text: string, start: number): readonly [from: number, to: number] {
  const quote = text[start] ?? '';
  if (quote === '"' || quote === "'" || quote === '`') {
    for (let at = start + 1; at < text.length && at - start < 20_000; at++) {
      if (text[at] === '\\' && quote !== "'") at++;
      else if (text[at] === quote) return [start + 1, at];
    }
  }
  const newline = text.indexOf('\n', start);
  const rest = text.slice(start, newline === -1 ? text.length : newline);
  const comment = /[ \t]+#/.exec(rest);
  const value = (comment === null ? rest : rest.slice(0, comment.index)).trimEnd();
  return [start, start + value.length];
}
