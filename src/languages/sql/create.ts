import type { Operation } from './operations.ts';
import { inDefinition, type Reader, type Readers, type Reading } from './reading.ts';
import type { ObjectName } from './statement.ts';
import { flagIn, isTree, listIn, pathOf, stringOf, tagged, textIn, type Tree, treeIn, Unread } from './tree.ts';
import { walk, walkValue } from './walk.ts';
import { objectPath, objectWords, quoted, relationPath, roleName, typeText } from './words.ts';
import type { Trait } from '../../model/action.ts';

/** What CREATE adds: it can be taken away again, unless it replaces what was there. */
interface Making {
  readonly operation: Operation;
  readonly kind: string;
  /** Field of the name: a RangeVar, a list of names, or text. */
  readonly name: string;
  /** It runs by itself later. */
  readonly plants?: boolean;
  readonly traits?: readonly Trait[];
}

function making(statement: string, making: Making): Reader {
  return (tree, reading) => {
    const path = nameIn(tree, making.name);
    const replaces = flagIn(tree, 'replace');
    const relation = tree[making.name];
    const temporary = isTree(relation) && textIn(relation, 'relpersistence') === 't';
    reading.facts.replaces ||= replaces;
    reading.facts.ifExists ||= flagIn(tree, 'if_not_exists');
    reading.facts.plants ||= making.plants ?? false;
    reading.facts.temporary ||= temporary;
    reading.part({
      operation: making.operation,
      destroys: replaces,
      inverse: temporary ? 'nothing' : replaces ? 'set-back' : 'remove',
      traits: making.traits ?? [],
      on: named(making.kind, path, reading),
      sentence: `makes${temporary ? ' temporary' : ''} ${words(making.kind)} ${quoted(path)}`,
    });
    walk(statement, tree, reading, inDefinition, [making.name]);
  };
}

function named(kind: string, path: readonly string[], reading: Reading): ObjectName {
  const relation = ['table', 'view', 'sequence', 'foreign-table'].includes(kind);
  return relation ? reading.relation(kind, path, 'define') : reading.object(kind, path);
}

/** A name, however the grammar holds it. */
function nameIn(tree: Tree, field: string): readonly string[] {
  const value = tree[field];
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.map(stringOf);
  const relation = treeIn(tree, field);
  return relation === undefined ? [] : relationPath(relation);
}

function words(kind: string): string {
  return kind.replaceAll('-', ' ');
}

export const createReaders: Readers = {
  CreateStmt: (tree, reading) => readTable('CreateStmt', tree, reading, 'table'),
  CreateForeignTableStmt: (tree, reading) => {
    const base = treeIn(tree, 'base');
    if (base === undefined) throw new Unread('there is no table to make');
    readTable('CreateStmt', base, reading, 'foreign-table');
    reading.object('foreign-server', [textIn(tree, 'servername') ?? '']);
  },
  CreateSchemaStmt: (tree, reading) => {
    const owner = treeIn(tree, 'authrole');
    const name = textIn(tree, 'schemaname') ?? (owner === undefined ? '' : roleName(owner));
    reading.facts.ifExists = flagIn(tree, 'if_not_exists');
    reading.part({
      operation: 'postgres:create-schema',
      inverse: 'remove',
      on: reading.object('schema', [name]),
      sentence: `makes schema ${quoted(name)}`,
    });
    walk('CreateSchemaStmt', tree, reading, inDefinition, ['schemaElts']);
    for (const one of listIn(tree, 'schemaElts')) {
      const element = tagged(one);
      if (element === undefined) throw new Unread('an element of the schema is missing');
      const inner = reading.context.alone(element, reading.text, reading.context);
      reading.hold('creates', inner);
      reading.take(inner);
    }
  },
  IndexStmt: readIndex,
  ViewStmt: (tree, reading) => {
    const view = treeIn(tree, 'view') ?? {};
    const replaces = flagIn(tree, 'replace');
    const temporary = textIn(view, 'relpersistence') === 't';
    reading.facts.replaces = replaces;
    reading.facts.temporary = temporary;
    reading.facts.plants = true;
    const path = relationPath(view);
    reading.part({
      operation: 'postgres:create-view',
      destroys: replaces,
      inverse: temporary ? 'nothing' : replaces ? 'set-back' : 'remove',
      on: reading.relation('view', path, 'define'),
      sentence: `makes${replaces ? ' or replaces' : ''} view ${quoted(path)}`,
    });
    walk('ViewStmt', tree, reading, inDefinition, ['view', 'aliases', 'options']);
  },
  CreateSeqStmt: making('CreateSeqStmt', { operation: 'postgres:create-sequence', kind: 'sequence', name: 'sequence' }),
  CreateDomainStmt: making('CreateDomainStmt', {
    operation: 'postgres:create-type',
    kind: 'type',
    name: 'domainname',
    plants: true,
  }),
  CompositeTypeStmt: making('CompositeTypeStmt', { operation: 'postgres:create-type', kind: 'type', name: 'typevar' }),
  CreateEnumStmt: making('CreateEnumStmt', { operation: 'postgres:create-type', kind: 'type', name: 'typeName' }),
  CreateRangeStmt: (tree, reading) => {
    making('CreateRangeStmt', { operation: 'postgres:create-type', kind: 'type', name: 'typeName', plants: true })(
      tree,
      reading,
      inDefinition,
    );
    readDefinition(listIn(tree, 'params'), reading);
  },
  CreateStatsStmt: (tree, reading) => {
    const path = listIn(tree, 'defnames').map(stringOf);
    reading.facts.ifExists = flagIn(tree, 'if_not_exists');
    reading.part({
      operation: 'postgres:create-statistics',
      inverse: 'remove',
      on: reading.object('statistics', path),
      sentence: `makes statistics${path.length === 0 ? '' : ` ${quoted(path)}`}`,
    });
    walk('CreateStatsStmt', tree, reading, inDefinition, ['defnames', 'stat_types']);
  },
  DefineStmt: (tree, reading) => {
    const kind = objectWords.get(textIn(tree, 'kind') ?? '');
    const operation = kind === undefined ? undefined : defined.get(kind);
    if (kind === undefined || operation === undefined) throw new Unread('it defines something that is not known here');
    const path = listIn(tree, 'defnames').map(stringOf);
    const replaces = flagIn(tree, 'replace');
    const runs = kind !== 'collation';
    reading.facts.plants = runs;
    reading.facts.replaces = replaces;
    reading.facts.ifExists = flagIn(tree, 'if_not_exists');
    reading.part({
      operation,
      destroys: replaces,
      inverse: replaces ? 'set-back' : 'remove',
      on: reading.object(kind, path),
      sentence: `defines ${words(kind)} ${quoted(path)}`,
    });
    readDefinition(listIn(tree, 'definition'), reading);
    walk('DefineStmt', tree, reading, inDefinition, ['defnames', 'definition']);
  },
  CreateOpClassStmt: making('CreateOpClassStmt', {
    operation: 'postgres:create-operator-class',
    kind: 'operator-class',
    name: 'opclassname',
    plants: true,
  }),
  CreateOpFamilyStmt: making('CreateOpFamilyStmt', {
    operation: 'postgres:create-operator-class',
    kind: 'operator-family',
    name: 'opfamilyname',
  }),
  CreateConversionStmt: (tree, reading) => {
    support(listIn(tree, 'func_name').map(stringOf), reading);
    making('CreateConversionStmt', {
      operation: 'postgres:create-conversion',
      kind: 'conversion',
      name: 'conversion_name',
      plants: true,
    })(tree, reading, inDefinition);
  },
  CreateCastStmt: (tree, reading) => {
    const from = typeText(treeIn(tree, 'sourcetype') ?? {});
    const to = typeText(treeIn(tree, 'targettype') ?? {});
    supportIn(tree, 'func', reading);
    reading.facts.plants = true;
    reading.part({
      operation: 'postgres:create-cast',
      inverse: 'remove',
      on: reading.object('cast', [from, to]),
      sentence: `makes a cast from ${quoted(from)} to ${quoted(to)}`,
    });
    walk('CreateCastStmt', tree, reading, inDefinition, ['func']);
  },
  CreateTransformStmt: (tree, reading) => {
    supportIn(tree, 'fromsql', reading);
    supportIn(tree, 'tosql', reading);
    reading.facts.plants = true;
    const replaces = flagIn(tree, 'replace');
    const type = typeText(treeIn(tree, 'type_name') ?? {});
    const language = textIn(tree, 'lang') ?? '';
    reading.part({
      operation: 'postgres:create-transform',
      destroys: replaces,
      inverse: replaces ? 'set-back' : 'remove',
      on: reading.object('transform', [type, language]),
      sentence: `makes a transform of ${quoted(type)} for ${quoted(language)}`,
    });
    walk('CreateTransformStmt', tree, reading, inDefinition, ['fromsql', 'tosql']);
  },
};

function readTable(statement: string, tree: Tree, reading: Reading, kind: 'table' | 'foreign-table'): void {
  const relation = treeIn(tree, 'relation');
  if (relation === undefined) throw new Unread('there is no table to make');
  const path = relationPath(relation);
  const temporary = textIn(relation, 'relpersistence') === 't';
  reading.facts.temporary = temporary;
  reading.facts.ifExists = flagIn(tree, 'if_not_exists');
  reading.part({
    operation: kind === 'table' ? 'postgres:create-table' : 'postgres:create-foreign-table',
    inverse: temporary ? 'nothing' : 'remove',
    on: reading.relation(kind, path, 'define'),
    sentence: `makes ${temporary ? 'temporary ' : ''}${words(kind)} ${quoted(path)}`,
  });
  walk(statement, tree, reading, inDefinition, ['relation', 'options']);
}

function readIndex(tree: Tree, reading: Reading): void {
  const relation = treeIn(tree, 'relation');
  if (relation === undefined) throw new Unread('there is no table to index');
  const table = relationPath(relation);
  const name = textIn(tree, 'idxname');
  const concurrently = flagIn(tree, 'concurrent');
  reading.facts.concurrently = concurrently;
  reading.facts.ifExists = flagIn(tree, 'if_not_exists');
  const path = name === undefined ? [] : [...table.slice(0, -1), name];
  reading.relation('table', table, 'alter', !flagIn(relation, 'inh'));
  if (name !== undefined) reading.names.relation({ role: 'define', path, only: false });
  reading.part({
    operation: 'postgres:create-index',
    class: concurrently ? 'unrollable' : 'provisional',
    inverse: 'remove',
    on: { kind: 'index', path: name === undefined ? table : path },
    sentence: `makes an index on ${quoted(table)}${concurrently ? ' while others write' : ''}`,
  });
  walk('IndexStmt', tree, reading, inDefinition, ['relation', 'options']);
}

const defined: ReadonlyMap<string, Operation> = new Map([
  ['function', 'postgres:create-function'],
  ['operator', 'postgres:create-operator'],
  ['type', 'postgres:create-type'],
  ['collation', 'postgres:create-collation'],
  ['text-search', 'postgres:create-text-search'],
]);

/** Members of a definition whose value names a function; the grammar writes such a name as a type. */
const functionMembers: ReadonlySet<string> = new Set(
  `sfunc finalfunc combinefunc serialfunc deserialfunc msfunc minvfunc mfinalfunc procedure function restrict join input output
receive send typmod_in typmod_out analyze subscript subtype_diff canonical start gettoken end lextypes headline init lexize`.split(
    /\s+/,
  ),
);

const typeMembers: ReadonlySet<string> = new Set(
  'leftarg rightarg basetype stype mstype like element subtype'.split(' '),
);

/** Names in the definition of an aggregate, operator, type or text search object. */
export function readDefinition(definition: readonly unknown[], reading: Reading): void {
  for (const one of definition) {
    const element = tagged(one)?.tree;
    if (element === undefined) continue;
    const member = (textIn(element, 'defname') ?? '').toLowerCase();
    const value = tagged(element['arg']);
    if (value === undefined) continue;
    if (functionMembers.has(member)) support(nameOf(value.kind, value.tree, element['arg']), reading);
    else if (typeMembers.has(member) && value.kind === 'TypeName') walkValue([element['arg']], reading, inDefinition);
  }
}

function nameOf(kind: string, tree: Tree, value: unknown): readonly string[] {
  return kind === 'TypeName' ? listIn(tree, 'names').map(stringOf) : pathOf(value);
}

function support(path: readonly string[], reading: Reading): void {
  if (path.length > 0) reading.names.function({ path, use: 'support', arguments: [], variadic: false });
}

function supportIn(tree: Tree, field: string, reading: Reading): void {
  const object = treeIn(tree, field);
  if (object !== undefined) support(objectPath({ ObjectWithArgs: object }).path, reading);
}
