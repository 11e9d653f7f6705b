import { argumentOf } from './naming.ts';
import { type Body, readPlpgsql } from './plpgsql.ts';
import { atTop, inDefinition, type Readers, type Reading } from './reading.ts';
import type { Statement, StatementClass } from './statement.ts';
import {
  constantOf,
  flagIn,
  isTree,
  listIn,
  stringOf,
  tagged,
  type Tagged,
  textIn,
  type Tree,
  treeIn,
  Unread,
} from './tree.ts';
import { walk } from './walk.ts';
import { objectPath, quoted } from './words.ts';

/** Languages in which only a trusted human's rights stand between the text and the server's files and network. */
const readLanguages: ReadonlySet<string> = new Set(['sql', 'plpgsql']);

/** DO and CALL, and what leaves code behind: functions, triggers, rules. */
export const codeReaders: Readers = {
  DoStmt: (tree, reading) => {
    const options = optionsIn(tree, 'args');
    const language = options.get('language') ?? 'plpgsql';
    reading.object('language', [language]);
    const body = language === 'plpgsql' ? bodyOf(reading) : undefined;
    if (body === undefined) reading.facts.opaque = true;
    reading.part({
      operation: 'postgres:do',
      class: doClass(body),
      destroys: body === undefined || body.dynamic,
      inverse: body === undefined || body.dynamic ? 'lost' : 'nothing',
      traits: readLanguages.has(language) ? [] : ['runs-code'],
      sentence: body === undefined ? 'runs code that can’t be read here' : `runs code${endOf(body)}`,
    });
    for (const type of body?.types ?? []) reading.names.merge(type.names);
    for (const statement of body?.statements ?? []) {
      reading.hold('does', statement);
      for (const part of statement.parts) {
        if (part.class !== 'read-candidate')
          reading.parts.push(Object.freeze({ ...part, class: insideBody(part.class) }));
      }
    }
  },
  CallStmt: (tree, reading) => {
    const call = treeIn(tree, 'funccall');
    if (call === undefined) throw new Unread('there is nothing to call');
    const path = listIn(call, 'funcname').map(stringOf);
    const given = listIn(call, 'args').map(argumentOf);
    reading.names.function({ path, use: 'procedure', arguments: given, variadic: flagIn(call, 'func_variadic') });
    reading.facts.returnsRows = true;
    reading.part({ operation: 'postgres:call', sentence: `calls procedure ${quoted(path)}` });
    walk('FuncCall', call, reading, atTop, ['funcname']);
  },
  CreateFunctionStmt: readFunction,
  CreateTrigStmt: (tree, reading) => {
    const relation = treeIn(tree, 'relation');
    const path = relation === undefined ? [] : objectPath({ RangeVar: relation }).path;
    const name = textIn(tree, 'trigname') ?? '';
    const replaces = flagIn(tree, 'replace');
    plant(reading, replaces);
    reading.names.function({
      path: listIn(tree, 'funcname').map(stringOf),
      use: 'trigger',
      arguments: [],
      variadic: false,
    });
    if (relation !== undefined) reading.relation('table', path, 'alter');
    reading.part({
      operation: 'postgres:create-trigger',
      destroys: replaces,
      inverse: replaces ? 'set-back' : 'remove',
      on: reading.object('trigger', [...path, name]),
      sentence: `has every change of ${quoted(path)} run trigger ${quoted(name)}`,
    });
    walk('CreateTrigStmt', tree, reading, inDefinition, ['relation', 'funcname', 'args', 'columns']);
  },
  RuleStmt: (tree, reading) => {
    const relation = treeIn(tree, 'relation');
    const path = relation === undefined ? [] : objectPath({ RangeVar: relation }).path;
    const name = textIn(tree, 'rulename') ?? '';
    const replaces = flagIn(tree, 'replace');
    plant(reading, replaces);
    reading.relation('table', path, 'alter');
    reading.part({
      operation: 'postgres:create-rule',
      destroys: replaces,
      inverse: replaces ? 'set-back' : 'remove',
      on: reading.object('rule', [...path, name]),
      sentence: `has statements on ${quoted(path)} rewritten by rule ${quoted(name)}`,
    });
    walk('RuleStmt', tree, reading, inDefinition, ['relation', 'actions']);
    for (const one of listIn(tree, 'actions')) plantStatement(tagged(one), reading);
  },
};

/** A part of a body: settings and frames in one can't be followed by the gate. */
function insideBody(one: StatementClass): StatementClass {
  return one === 'setting' || one === 'frame' ? 'unknown' : one;
}

function doClass(body: Body | undefined): StatementClass {
  if (body === undefined || body.dynamic) return 'unknown';
  return body.transactionControl ? 'unrollable' : 'provisional';
}

function endOf(body: Body): string {
  if (body.dynamic) return ' that puts statements together as it runs';
  return body.transactionControl ? ' that commits or rolls back by itself' : '';
}

/** The PL/pgSQL body of this statement; undefined where it can't be read to the end. */
function bodyOf(reading: Reading): Body | undefined {
  try {
    const body = readPlpgsql(reading.text, reading.context);
    reading.facts.dynamic ||= body.dynamic;
    reading.facts.transactionControl ||= body.transactionControl;
    return body;
  } catch {
    return undefined;
  }
}

function optionsIn(tree: Tree, field: string): ReadonlyMap<string, string> {
  const options = new Map<string, string>();
  for (const one of listIn(tree, field)) {
    const element = tagged(one)?.tree;
    const name = element === undefined ? undefined : textIn(element, 'defname');
    if (element === undefined || name === undefined) throw new Unread('an option has no name');
    const value = constantOf(element['arg']);
    if (value !== undefined) options.set(name, value);
  }
  return options;
}

function plant(reading: Reading, replaces: boolean): void {
  reading.facts.plants = true;
  reading.facts.replaces ||= replaces;
}

function plantStatement(node: Tagged | undefined, reading: Reading): void {
  if (node === undefined) return;
  const { context } = reading;
  reading.hold('plants', context.alone(node, reading.text, { ...context, bodies: context.bodies + 1 }));
}

/** CREATE FUNCTION and PROCEDURE. What the body does is read and told, but does not happen now. */
function readFunction(tree: Tree, reading: Reading): void {
  const path = listIn(tree, 'funcname').map(stringOf);
  const options = optionsIn(tree, 'options');
  const language = options.get('language') ?? 'sql';
  const replaces = flagIn(tree, 'replace');
  plant(reading, replaces);
  reading.facts.definer = options.get('security') === 'true';
  reading.object('language', [language]);
  for (const statement of plantedIn(tree, language, reading)) reading.hold('plants', statement);
  reading.part({
    operation: 'postgres:create-function',
    destroys: replaces,
    inverse: replaces ? 'set-back' : 'remove',
    traits: [
      ...(readLanguages.has(language) ? [] : (['runs-code'] as const)),
      ...(reading.facts.definer ? (['privilege'] as const) : []),
    ],
    on: reading.object('function', path),
    sentence: `${replaces ? 'makes or replaces' : 'makes'} function ${quoted(path)}`,
  });
  walk('CreateFunctionStmt', tree, reading, inDefinition, ['funcname', 'options', 'sql_body']);
}

/** Statements of a body; none, and `opaque`, for other languages and for what can't be read. */
function plantedIn(tree: Tree, language: string, reading: Reading): readonly Statement[] {
  const inside = { ...reading.context, bodies: reading.context.bodies + 1 };
  const atomic = tree['sql_body'];
  if (atomic !== undefined) return statementsOf(atomic).map((one) => inside.alone(one, reading.text, inside));
  if (language === 'plpgsql') {
    const body = bodyOf(reading);
    if (body !== undefined) return body.statements;
  }
  const text = language === 'sql' ? sqlText(tree) : undefined;
  if (text !== undefined) {
    try {
      return inside.text(text, inside);
    } catch {
      // Falls through: a text that the parser can't read is as good as one in another language.
    }
  }
  reading.facts.opaque = true;
  return [];
}

function sqlText(tree: Tree): string | undefined {
  for (const one of listIn(tree, 'options')) {
    const element = tagged(one)?.tree;
    if (element === undefined || textIn(element, 'defname') !== 'as') continue;
    const list = tagged(element['arg']);
    const parts = list?.kind === 'List' ? listIn(list.tree, 'items') : [];
    return parts.length === 1 ? stringOf(parts[0]) : undefined;
  }
  return undefined;
}

/** RETURN expression, or the statements of BEGIN ATOMIC … END. */
function statementsOf(body: unknown): readonly Tagged[] {
  const node = tagged(body);
  if (node === undefined) return [];
  if (node.kind === 'List') return listIn(node.tree, 'items').flatMap(statementsOf);
  if (node.kind !== 'ReturnStmt') return [node];
  const value = node.tree['returnval'];
  if (!isTree(value)) throw new Unread('there is nothing to return');
  return [{ kind: 'SelectStmt', tree: { targetList: [{ ResTarget: { val: value } }] } }];
}
