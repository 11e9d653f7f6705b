/**
 * A psql script cut into the statements that psql would send. Understands quotes, dollar quotes, comments, brackets, BEGIN ATOMIC
 * bodies, backslash commands, data after COPY FROM STDIN, and `:variables`, for which it puts in a value.
 */
export function statementsOfScript(script: string): readonly string[] {
  const found: string[] = [];
  let text = '';
  let brackets = 0;
  let at = 0;
  const end = (): void => {
    if (text.trim() !== '') found.push(text.trim());
    text = '';
    brackets = 0;
  };
  while (at < script.length) {
    const rest = script.slice(at, at + 4);
    const token = tokenAt(script, at);
    at += token.length;
    if (token.startsWith('\\')) {
      // \g, \gexec and their like send what stands before them; the others throw it away or stand alone.
      if (/^\\(?:g|crosstabview|watch|bind|parse|;)/.test(token)) end();
      else if (!token.startsWith('\\copy')) text = '';
      continue;
    }
    if (rest.startsWith('(') || rest.startsWith('[')) brackets += 1;
    if (rest.startsWith(')') || rest.startsWith(']')) brackets -= 1;
    if (token === ';' && brackets <= 0 && !withinAtomic(text)) {
      const copies = /^\s*copy\b/i.test(withoutComments(text)) && /\bfrom\s+stdin\b/i.test(text);
      end();
      if (copies) at = afterData(script, at);
      continue;
    }
    text += /^:(?!:)./.test(token) ? valueOf(token) : token;
  }
  end();
  return found;
}

const tokens = [
  /--[^\n]*/y,
  /[eE]'(?:[^'\\]|\\[\s\S]|'')*'/y,
  /'(?:[^']|'')*'/y,
  /"(?:[^"]|"")*"/y,
  /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y,
  /::|:=/y,
  /:['"]?[A-Za-z_]\w*['"]?/y,
  /\\[^\n]*/y,
];

function tokenAt(script: string, at: number): string {
  if (script.startsWith('/*', at)) return comment(script, at);
  const dollar = /\$(?:[A-Za-z_]\w*)?\$/y;
  dollar.lastIndex = at;
  const tag = dollar.exec(script)?.[0];
  if (tag !== undefined) {
    const close = script.indexOf(tag, at + tag.length);
    if (close > 0) return script.slice(at, close + tag.length);
  }
  for (const pattern of tokens) {
    pattern.lastIndex = at;
    const match = pattern.exec(script);
    if (match !== null) return match[0];
  }
  return script[at] ?? '';
}

function comment(script: string, at: number): string {
  let depth = 1;
  let to = at + 2;
  while (depth > 0 && to < script.length) {
    if (script.startsWith('/*', to)) {
      depth += 1;
      to += 2;
    } else if (script.startsWith('*/', to)) {
      depth -= 1;
      to += 2;
    } else to += 1;
  }
  return script.slice(at, to);
}

function withoutComments(text: string): string {
  return text.replaceAll(/--[^\n]*/g, '').replaceAll(/\/\*[\s\S]*?\*\//g, '');
}

/** psql sends nothing before the END of a BEGIN ATOMIC body. */
function withinAtomic(text: string): boolean {
  const plain = withoutComments(text);
  if (!/\bbegin\s+atomic\b/i.test(plain)) return false;
  const opened = plain.match(/\b(?:begin|case)\b/gi)?.length ?? 0;
  return opened > (plain.match(/\bend\b/gi)?.length ?? 0);
}

function afterData(script: string, at: number): number {
  const end = script.indexOf('\n\\.', at);
  return end < 0 ? at : end + 3;
}

/** What psql would put in is not known here: a literal, a name or a number of the same form. */
function valueOf(token: string): string {
  if (token.startsWith(":'")) return "'value'";
  return token.startsWith(':"') ? '"value"' : '1';
}
