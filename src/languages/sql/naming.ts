import type { Place, Reading, Scope } from './reading.ts';
import type { Argument, FunctionUse } from './statement.ts';
import {
  constantOf,
  flagIn,
  listIn,
  numberIn,
  pathOf,
  stringOf,
  tagged,
  textIn,
  type Tree,
  treeIn,
  Unread,
} from './tree.ts';
import { relationPath, roleName, typeText } from './words.ts';

/** Longest constant that is kept with an argument. */
const constantCharacters = 1000;

/** Names what this node names; gives back the fields that are done with. */
export function nameOne(kind: string, tree: Tree, reading: Reading, place: Place): readonly string[] {
  const { names } = reading;
  switch (kind) {
    case 'RangeVar':
      nameRelation(tree, reading, place);
      return ['alias'];
    case 'TypeName':
      nameType(tree, reading);
      return ['names', 'arrayBounds'];
    case 'ColumnRef':
      nameAttribute(listIn(tree, 'fields'), 1, reading);
      return ['fields'];
    case 'A_Indirection':
      nameAttribute(listIn(tree, 'indirection'), 0, reading);
      return [];
    case 'ParamRef':
      reading.parameters = Math.max(reading.parameters, numberIn(tree, 'number'));
      return [];
    case 'FuncCall':
      nameCall(tree, reading);
      return ['funcname'];
    case 'A_Expr':
      nameExpression(tree, reading);
      return ['name'];
    case 'SubLink':
      nameSubLink(tree, reading);
      return ['operName'];
    case 'CollateClause':
      names.collation(listIn(tree, 'collname').map(stringOf));
      return ['collname'];
    case 'SortBy':
      if (listIn(tree, 'useOp').length > 0) nameOperator(pathOf(listIn(tree, 'useOp')), 2, false, reading);
      return ['useOp'];
    case 'CaseExpr':
      if (treeIn(tree, 'arg') !== undefined) nameOperator(['='], 2, true, reading);
      return [];
    case 'JoinExpr':
      if (flagIn(tree, 'isNatural') || listIn(tree, 'usingClause').length > 0) nameOperator(['='], 2, true, reading);
      return ['usingClause', 'alias', 'join_using_alias'];
    case 'RoleSpec':
      reading.object('role', [roleName(tree)]);
      return [];
    case 'RangeTableSample':
      names.function({ path: listIn(tree, 'method').map(stringOf), use: 'sample', arguments: [], variadic: false });
      return ['method'];
    case 'CurrentOfExpr':
      names.cursor(textIn(tree, 'cursor_name') ?? '');
      return [];
    case 'IndexElem':
    case 'PartitionElem':
      nameKey(tree, reading);
      return ['collation', 'opclass', 'opclassopts', 'ordering'];
    case 'DefElem':
      return definitionFields(tree);
    case 'Constraint':
      return nameConstraint(tree, reading);
    case 'ObjectWithArgs':
      return ['objname', 'objargs'];
    default:
      // WITH stands only where its statement reads it: it changes what the names beside it mean.
      throw new Unread('it holds a clause where none can stand');
  }
}

function nameRelation(tree: Tree, reading: Reading, { scope, role }: Place): void {
  const path = relationPath(tree);
  const [only] = path;
  if (path.length === 1 && role === 'read' && only !== undefined && isCte(only, scope)) return;
  reading.names.relation({ role, path, only: !flagIn(tree, 'inh') });
  if (textIn(tree, 'relpersistence') === 't') reading.facts.temporary = true;
}

function isCte(name: string, scope: Scope | undefined): boolean {
  for (let one = scope; one !== undefined; one = one.outer) if (one.names.has(name)) return true;
  return false;
}

function nameType(tree: Tree, reading: Reading): void {
  const path = listIn(tree, 'names').map(stringOf);
  if (path.length > 0) reading.names.type({ path, ofColumn: flagIn(tree, 'pct_type') });
}

/** A name after a dot: a column, or a function of the row. */
function nameAttribute(fields: readonly unknown[], from: number, reading: Reading): void {
  const last = tagged(fields.at(-1));
  if (fields.length <= from || last === undefined) return;
  for (const one of fields.slice(from)) {
    const field = tagged(one);
    if (field?.kind === 'String') reading.names.attribute(textIn(field.tree, 'sval') ?? '');
    else if (field?.kind === 'A_Indices') continue;
    else if (field !== undefined && field.kind !== 'A_Star') throw new Unread('a field has no plain name');
  }
}

function nameCall(tree: Tree, reading: Reading): void {
  const path = listIn(tree, 'funcname').map(stringOf);
  const given = listIn(tree, 'args').map(argumentOf);
  const variadic = flagIn(tree, 'func_variadic');
  reading.names.function({ path, use: useOf(tree), arguments: given, variadic });
  // PostgreSQL 16 made JSON_OBJECT a word of its own; an older server looks the function up by search_path.
  if (path[1] === 'json_object' && path[0] === 'pg_catalog' && reading.context.settings.serverMajor < 16) {
    reading.names.function({ path: ['json_object'], use: 'call', arguments: given, variadic });
  }
}

function useOf(tree: Tree): FunctionUse {
  if (treeIn(tree, 'over') !== undefined) return 'window';
  const aggregate =
    flagIn(tree, 'agg_star') ||
    flagIn(tree, 'agg_distinct') ||
    flagIn(tree, 'agg_within_group') ||
    treeIn(tree, 'agg_filter') !== undefined ||
    listIn(tree, 'agg_order').length > 0;
  return aggregate ? 'aggregate' : 'call';
}

/** An argument's form. */
export function argumentOf(value: unknown): Argument {
  const node = tagged(value);
  if (node === undefined) return {};
  const { kind, tree } = node;
  if (kind === 'NamedArgExpr') return { ...argumentOf(tree['arg']), name: textIn(tree, 'name') ?? '' };
  if (kind === 'ParamRef') return { parameter: numberIn(tree, 'number') };
  if (kind === 'TypeCast') {
    const type = treeIn(tree, 'typeName');
    return { ...argumentOf(tree['arg']), ...(type === undefined ? {} : { type: typeText(type) }) };
  }
  if (kind !== 'A_Const') return {};
  const constant = constantOf(value);
  return {
    type: constantType(tree),
    ...(constant === undefined || constant.length > constantCharacters ? {} : { constant }),
  };
}

function constantType(tree: Tree): string {
  if (tree['ival'] !== undefined) return 'pg_catalog.int4';
  if (tree['fval'] !== undefined) return 'pg_catalog.numeric';
  if (tree['boolval'] !== undefined) return 'pg_catalog.bool';
  return tree['bsval'] === undefined ? 'unknown' : 'pg_catalog.bit';
}

const pairs: ReadonlyMap<string, readonly string[]> = new Map([
  ['AEXPR_BETWEEN', ['>=', '<=']],
  ['AEXPR_NOT_BETWEEN', ['<', '>']],
  ['AEXPR_BETWEEN_SYM', ['>=', '<=']],
  ['AEXPR_NOT_BETWEEN_SYM', ['<', '>']],
]);

const plainExpressions: ReadonlySet<string> = new Set([
  'AEXPR_OP',
  'AEXPR_OP_ANY',
  'AEXPR_OP_ALL',
  'AEXPR_DISTINCT',
  'AEXPR_NOT_DISTINCT',
  'AEXPR_NULLIF',
  'AEXPR_IN',
  'AEXPR_LIKE',
  'AEXPR_ILIKE',
  'AEXPR_SIMILAR',
]);

function nameExpression(tree: Tree, reading: Reading): void {
  const kind = textIn(tree, 'kind') ?? '';
  const pair = pairs.get(kind);
  if (pair !== undefined) {
    for (const operator of pair) nameOperator([operator], 2, true, reading);
    return;
  }
  if (!plainExpressions.has(kind)) throw new Unread('it holds an expression that is not known here');
  const operands = treeIn(tree, 'lexpr') === undefined ? 1 : 2;
  nameOperator(pathOf(listIn(tree, 'name')), operands, kind === 'AEXPR_IN', reading);
}

function nameSubLink(tree: Tree, reading: Reading): void {
  const written = listIn(tree, 'operName');
  if (written.length > 0) nameOperator(pathOf(written), 2, false, reading);
  else if (textIn(tree, 'subLinkType') === 'ANY_SUBLINK') nameOperator(['='], 2, true, reading);
}

function nameOperator(path: readonly string[], operands: 1 | 2, implied: boolean, reading: Reading): void {
  reading.names.operator({ path, operands, implied });
}

/** Collation and operator class of an index's or a partition's key. */
function nameKey(tree: Tree, reading: Reading): void {
  const collation = listIn(tree, 'collation').map(stringOf);
  if (collation.length > 0) reading.names.collation(collation);
  const operatorClass = listIn(tree, 'opclass').map(stringOf);
  if (operatorClass.length > 0) reading.names.operatorClass(operatorClass);
}

/** Options are words: a `TypeName` there (`buffering = auto`) is how the grammar writes a word, not a type. */
function definitionFields(tree: Tree): readonly string[] {
  const value = tagged(tree['arg']);
  if (value?.kind === 'List') {
    // IN ROLE, ROLE and ADMIN of CREATE ROLE; other lists are words and options.
    const roles = listIn(value.tree, 'items').every((one) => tagged(one)?.kind === 'RoleSpec');
    return roles ? [] : ['arg'];
  }
  return value?.kind === 'TypeName' || value?.kind === 'VariableSetStmt' ? ['arg'] : [];
}

function nameConstraint(tree: Tree, reading: Reading): readonly string[] {
  for (const one of listIn(tree, 'exclusions')) {
    const pair = tagged(one);
    const [, operator] = pair === undefined ? [] : listIn(pair.tree, 'items');
    nameOperator(pathOf(operator), 2, false, reading);
  }
  const table = treeIn(tree, 'pktable');
  if (table !== undefined) {
    reading.names.relation({ role: 'refer', path: relationPath(table), only: false });
    nameOperator(['='], 2, true, reading);
  }
  return ['pktable', 'options'];
}
