import { parseAst } from 'rolldown/parseAst';

/**
 * How a module takes another one in.
 * - `value`: loaded when the module is
 * - `type`: erased before it runs
 * - `lazy`: `import()`, or a module named by `new URL('./x.ts', import.meta.url)` for a worker or a child
 * - `required`: `require()`, `import x = require()`
 */
export type ImportKind = 'value' | 'type' | 'lazy' | 'required';

/** One import as written. */
export interface Import {
  /** Undefined where it is computed and so cannot be read. */
  readonly specifier: string | undefined;
  readonly kind: ImportKind;
  /** Exported names taken; `*` for a namespace, `default`, `()` for none or for `import()`. */
  readonly names: readonly string[];
  /** From 1. */
  readonly line: number;
}

/** A name used in a place where it can run, from 1 the line. */
export interface Use {
  readonly name: string;
  readonly line: number;
}

export interface Module {
  /** Path from the root of the package, `/` between. */
  readonly path: string;
  readonly imports: readonly Import[];
  /** Every use of a free-standing name that the rules ask about, and of `globalThis`. */
  readonly uses: readonly Use[];
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly [member: string]: unknown;
}

/** Names that matter wherever they stand: they reach the outside or load modules behind the checker's back. */
export const watchedNames: ReadonlySet<string> = new Set([
  'fetch',
  'WebSocket',
  'WebSocketStream',
  'EventSource',
  'XMLHttpRequest',
  'globalThis',
  'global',
  'createRequire',
  'getBuiltinModule',
  'eval',
]);

/** TypeScript nodes that hold code which runs; every other `TS…` node is erased. */
const runningTypeScript: ReadonlySet<string> = new Set([
  'TSAsExpression',
  'TSSatisfiesExpression',
  'TSNonNullExpression',
  'TSInstantiationExpression',
  'TSTypeAssertion',
  'TSParameterProperty',
  'TSEnumDeclaration',
  'TSModuleDeclaration',
  'TSModuleBlock',
  'TSExportAssignment',
]);

/**
 * Reads what a TypeScript module imports and which watched names it uses, from its syntax tree.
 * Throws on text that is not TypeScript: an unread module must not pass.
 */
export function readModule(path: string, text: string): Module {
  const tree: unknown = parseAst(text, { lang: 'ts', sourceType: 'module' }, path);
  const imports: Import[] = [];
  const uses: Use[] = [];
  const lineAt = lineCounter(text);
  walk(tree, false, (node, erased) => {
    const line = lineAt(node.start);
    const found = importIn(node);
    if (found !== undefined) imports.push({ ...found, line });
    const name = erased ? undefined : watchedIn(node);
    if (name !== undefined) uses.push({ name, line });
  });
  return { path, imports, uses };
}

function importIn(node: Node): Omit<Import, 'line'> | undefined {
  switch (node.type) {
    case 'ImportDeclaration': {
      const specifiers = nodes(node['specifiers']);
      const erased =
        node['importKind'] === 'type' ||
        (specifiers.length > 0 && specifiers.every((one) => one['importKind'] === 'type'));
      const names = specifiers.filter((one) => one['importKind'] !== 'type').map(importedName);
      return {
        specifier: literal(node['source']),
        kind: erased ? 'type' : 'value',
        names: names.length > 0 ? names : ['()'],
      };
    }
    case 'ExportAllDeclaration':
      return {
        specifier: literal(node['source']),
        kind: node['exportKind'] === 'type' ? 'type' : 'value',
        names: ['*'],
      };
    case 'ExportNamedDeclaration': {
      if (!isNode(node['source'])) return undefined;
      const names = nodes(node['specifiers']).map((one) => nameOf(one['local']) ?? '*');
      return { specifier: literal(node['source']), kind: node['exportKind'] === 'type' ? 'type' : 'value', names };
    }
    case 'TSImportType':
      return { specifier: literal(node['source']), kind: 'type', names: ['()'] };
    case 'TSExternalModuleReference':
      return { specifier: literal(node['expression']), kind: 'required', names: ['*'] };
    case 'ImportExpression':
      return { specifier: literal(node['source']), kind: 'lazy', names: ['()'] };
    case 'CallExpression':
      if (nameOf(node['callee']) !== 'require') return undefined;
      return { specifier: literal(nodes(node['arguments'])[0]), kind: 'required', names: ['*'] };
    case 'NewExpression':
      return moduleUrlIn(node);
    default:
      return undefined;
  }
}

/** `new URL('./worker.ts', import.meta.url)` names a module as surely as an import does. */
function moduleUrlIn(node: Node): Omit<Import, 'line'> | undefined {
  const [target, base] = nodes(node['arguments']);
  if (nameOf(node['callee']) !== 'URL' || base?.type !== 'MemberExpression') return undefined;
  const specifier = literal(target);
  return specifier !== undefined && /\.[cm]?[jt]s$/.test(specifier)
    ? { specifier, kind: 'lazy', names: ['()'] }
    : undefined;
}

function importedName(specifier: Node): string {
  if (specifier.type === 'ImportNamespaceSpecifier') return '*';
  if (specifier.type === 'ImportDefaultSpecifier') return 'default';
  return nameOf(specifier['imported']) ?? literal(specifier['imported']) ?? '*';
}

/** A watched name used free-standing, or as a member of anything (`process.getBuiltinModule`, `module.createRequire`). */
function watchedIn(node: Node): string | undefined {
  if (node.type === 'Identifier' && typeof node['name'] === 'string' && watchedNames.has(node['name']))
    return node['name'];
  if (node.type !== 'MemberExpression') return undefined;
  const name = node['computed'] === true ? literal(node['property']) : nameOf(node['property']);
  return name === 'createRequire' || name === 'getBuiltinModule' ? name : undefined;
}

function walk(value: unknown, erased: boolean, visit: (node: Node, erased: boolean) => void): void {
  if (Array.isArray(value)) {
    for (const item of value) walk(item, erased, visit);
    return;
  }
  if (!isNode(value)) return;
  const erasedHere =
    erased || (value.type.startsWith('TS') && !runningTypeScript.has(value.type)) || value['declare'] === true;
  visit(value, erasedHere);
  for (const [member, child] of Object.entries(value)) {
    if (!isPlainKey(value, member)) walk(child, erasedHere, visit);
  }
}

/** Member and key names (`app.fetch`, `{ fetch: … }`) name no binding. */
function isPlainKey(parent: Node, member: string): boolean {
  if (parent['computed'] === true) return false;
  if (parent.type === 'MemberExpression') return member === 'property';
  if (parent.type === 'Property') return member === 'key' && parent['shorthand'] !== true;
  if (parent.type === 'ImportSpecifier') return member === 'imported';
  if (parent.type === 'ExportSpecifier') return member === 'exported';
  return (parent.type === 'MethodDefinition' || parent.type === 'PropertyDefinition') && member === 'key';
}

/** The text of a string literal or of a template without holes. */
function literal(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  if (node.type === 'Literal') return typeof node['value'] === 'string' ? node['value'] : undefined;
  if (node.type === 'TSLiteralType') return literal(node['literal']);
  if (node.type !== 'TemplateLiteral' || nodes(node['expressions']).length > 0) return undefined;
  const value: unknown = nodes(node['quasis'])[0]?.['value'];
  const cooked: unknown = typeof value === 'object' && value !== null && 'cooked' in value ? value.cooked : undefined;
  return typeof cooked === 'string' ? cooked : undefined;
}

function nameOf(node: unknown): string | undefined {
  return isNode(node) && node.type === 'Identifier' && typeof node['name'] === 'string' ? node['name'] : undefined;
}

function nodes(value: unknown): readonly Node[] {
  return Array.isArray(value) ? value.filter((item) => isNode(item)) : [];
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

function lineCounter(text: string): (offset: number) => number {
  const ends: number[] = [];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) ends.push(at);
  return (offset) => ends.filter((end) => end < offset).length + 1;
}
