import { parseAst } from 'rolldown/parseAst';

interface Node {
  readonly type: string;
  readonly [member: string]: unknown;
}

/**
 * What a test file says that it proves: the titles of its tests and suites (tables of `each` included), and its comments.
 * Tests that are skipped or still to be written outright say nothing.
 */
export function claimsIn(path: string, text: string): readonly string[] {
  const found: string[] = [];
  walk(parseAst(text, { lang: 'ts', sourceType: 'module' }, path), (node) => {
    if (node.type !== 'CallExpression') return true;
    const chain = chainOf(node['callee']);
    if (!['test', 'it', 'describe'].includes(chain[0] ?? '')) return true;
    if (chain.includes('skip') || chain.includes('todo')) return false;
    const [title] = Array.isArray(node['arguments']) ? (node['arguments'] as readonly unknown[]) : [];
    // The rows of a table are the arguments of `each`, which is the callee of the call that has the title.
    found.push(...textsIn(title), ...(chain.at(-1) === 'each' ? textsIn(node['callee']) : []));
    return true;
  });
  const comments = text.split('\n').filter((line) => /^\s*(?:\/\/|\/?\*)/.test(line));
  return [...found, ...comments];
}

/** `describe.skipIf(x)` as `describe`, `skipIf`; `test.each(table)(title)` as `test`, `each`. */
function chainOf(node: unknown): readonly string[] {
  if (!isNode(node)) return [];
  if (node.type === 'Identifier') return [String(node['name'])];
  if (node.type === 'CallExpression') return chainOf(node['callee']);
  if (node.type === 'TaggedTemplateExpression') return chainOf(node['tag']);
  if (node.type !== 'MemberExpression') return [];
  const member = node['property'];
  return [...chainOf(node['object']), isNode(member) && member.type === 'Identifier' ? String(member['name']) : ''];
}

function textsIn(value: unknown): readonly string[] {
  const found: string[] = [];
  walk(value, (node) => {
    if (node.type === 'Literal' && typeof node['value'] === 'string') found.push(node['value']);
    if (node.type === 'TemplateElement') found.push(JSON.stringify(node['value']));
    return true;
  });
  return found;
}

/** Visits a tree from the top; `visit` says whether to go on below. */
function walk(value: unknown, visit: (node: Node) => boolean): void {
  if (Array.isArray(value)) {
    for (const item of value) walk(item, visit);
  } else if (isNode(value) && visit(value)) {
    for (const child of Object.values(value)) walk(child, visit);
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}
