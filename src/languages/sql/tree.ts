/** One node of PostgreSQL's raw parse tree as libpg_query writes it: absent means the default, which is never shown. */
export type Tree = Readonly<Record<string, unknown>>;

/** A node with its type, `{ "RangeVar": { … } }` in the tree. */
export interface Tagged {
  readonly kind: string;
  readonly tree: Tree;
}

/** Something in the tree that is not known here. The statement it stands in is `unknown`; never shown as it is. */
export class Unread extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Unread';
  }
}

export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The tree at a field; throws `Unread` when something else stands there. */
export function treeIn(tree: Tree, field: string): Tree | undefined {
  const value = tree[field];
  if (value === undefined || value === null) return undefined;
  if (!isTree(value)) throw new Unread(`\`${field}\` is not a node`);
  return value;
}

export function listIn(tree: Tree, field: string): readonly unknown[] {
  const value = tree[field];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new Unread(`\`${field}\` is not a list`);
  return value;
}

/** Empty text is a default, so it reads as undefined too. */
export function textIn(tree: Tree, field: string): string | undefined {
  const value = tree[field];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string') throw new Unread(`\`${field}\` is not text`);
  return value;
}

export function flagIn(tree: Tree, field: string): boolean {
  return tree[field] === true;
}

export function numberIn(tree: Tree, field: string): number {
  const value = tree[field];
  if (value === undefined || value === null) return 0;
  if (typeof value !== 'number') throw new Unread(`\`${field}\` is not a number`);
  return value;
}

/** The one tagged node in a value; undefined for a null pointer, written as `{}`. */
export function tagged(value: unknown): Tagged | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isTree(value)) throw new Unread('a node is not an object');
  const [entry, ...others] = Object.entries(value);
  if (entry === undefined) return undefined;
  const [kind, tree] = entry;
  if (others.length > 0 || !isTree(tree)) throw new Unread('a node has no type');
  return { kind, tree };
}

/** The value of a `String` node. */
export function stringOf(value: unknown): string {
  const node = tagged(value);
  if (node?.kind !== 'String') throw new Unread('a name is not a plain name');
  return textIn(node.tree, 'sval') ?? '';
}

/** Names in a list of `String` nodes, or in a `List` of them. */
export function pathOf(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.map(stringOf);
  const node = tagged(value);
  if (node === undefined) return [];
  if (node.kind === 'List') return listIn(node.tree, 'items').map(stringOf);
  return [stringOf(value)];
}

/** The value of a constant as text: what stands between the quotes, digits as written, `true`; undefined for the rest. */
export function constantOf(value: unknown): string | undefined {
  const node = tagged(value);
  if (node === undefined) return undefined;
  const { kind, tree } = node;
  if (kind === 'String') return textIn(tree, 'sval') ?? '';
  if (kind === 'Integer') return String(numberIn(tree, 'ival'));
  if (kind === 'Float') return textIn(tree, 'fval');
  if (kind === 'Boolean') return String(flagIn(tree, 'boolval'));
  if (kind !== 'A_Const') return undefined;
  const string = treeIn(tree, 'sval');
  if (string !== undefined) return textIn(string, 'sval') ?? '';
  const integer = treeIn(tree, 'ival');
  if (integer !== undefined) return String(numberIn(integer, 'ival'));
  const float = treeIn(tree, 'fval');
  if (float !== undefined) return textIn(float, 'fval');
  const boolean = treeIn(tree, 'boolval');
  return boolean === undefined ? undefined : String(flagIn(boolean, 'boolval'));
}
