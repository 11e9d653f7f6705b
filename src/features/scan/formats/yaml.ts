import { isPair, isScalar, parseAllDocuments, visit, type Document } from 'yaml';
import type { Named } from '../read/document.ts';

const longest = 512 * 1024;

/** String values of YAML, by its parser; aliases are not followed. Throws what the parser throws. */
export function namedInYaml(text: string): readonly Named[] {
  if (text.length > longest || isDeep(text)) return [];
  const parsed = parseAllDocuments(text, { logLevel: 'silent', prettyErrors: false, uniqueKeys: false });
  const found: Named[] = [];
  for (const document of 'empty' in parsed ? [] : parsed) collect(document as Document, text, found);
  return found;
}

/** The parser goes down by recursion, and takes seconds to run out of it. */
function isDeep(text: string): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at);
    if (character === 0x7b || character === 0x5b) depth++;
    else if (character === 0x7d || character === 0x5d) depth--;
    if (depth > 200) return true;
  }
  return /(?:[-?] ){100}/.test(text);
}

function collect(document: Document, text: string, found: Named[]): void {
  visit(document, {
    Scalar(position, node, ancestors) {
      if (position === 'key' || !isScalar(node) || node.range === undefined || node.range === null) return;
      const value = typeof node.value === 'string' ? node.value : node.source;
      if (value === undefined || value === '') return;
      const names = ancestors.flatMap((one) => (isPair(one) && isScalar(one.key) ? [String(one.key.value)] : []));
      const [start, end] = inner(text, node.range[0], node.range[1], value);
      found.push({ key: names.at(-1) ?? '', path: names.join('.'), value, start, end });
    },
  });
}

/** Without the quotes, where the value stands in the text as it is. */
function inner(text: string, start: number, end: number, value: string): readonly [number, number] {
  const at = text.indexOf(value, start);
  return at !== -1 && at + value.length <= end ? [at, at + value.length] : [start, end];
}
