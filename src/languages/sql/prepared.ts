import { optionOn } from './frame.ts';
import { readInto } from './query.ts';
import { inDefinition, type Readers, type Reading } from './reading.ts';
import type { Statement } from './statement.ts';
import { listIn, numberIn, tagged, textIn, type Tree, treeIn, Unread } from './tree.ts';
import { queryIn, walk } from './walk.ts';
import { quoted } from './words.ts';

/** Bits of `DeclareCursorStmt.options` (parsenodes.h). */
const holdOption = 0x20;

/** Statements that hold another one: EXPLAIN, PREPARE and EXECUTE, cursors, CREATE TABLE AS. */
export const holdingReaders: Readers = {
  ExplainStmt: (tree, reading) => {
    const inner = readInner(tree, reading, 'explains');
    const runs = listIn(tree, 'options').some((one) => {
      const option = tagged(one);
      return option !== undefined && textIn(option.tree, 'defname') === 'analyze' && optionOn(option.tree);
    });
    reading.facts.explain = runs ? 'analyze' : 'plan';
    reading.facts.returnsRows = true;
    if (runs || inner.class === 'unknown') reading.take(inner);
    // Planning alone runs functions that are labelled IMMUTABLE, so the names still have to be proved.
    const sentence = runs ? 'and shows how it went' : `shows the plan of a statement that ${inner.sentence}`;
    reading.part({ operation: 'postgres:explain', class: 'read-candidate', sentence });
  },
  PrepareStmt: (tree, reading) => {
    const inner = readInner(tree, reading, 'prepares');
    reading.take(inner);
    const name = textIn(tree, 'name') ?? '';
    reading.facts.setting = preparedFact(name);
    walk('PrepareStmt', tree, reading, inDefinition, ['query']);
    reading.part({
      operation: 'postgres:prepare',
      class: 'read-candidate',
      sentence: `kept as prepared statement ${quoted(name)}`,
    });
  },
  ExecuteStmt: (tree, reading) => {
    const name = textIn(tree, 'name') ?? '';
    reading.names.prepared(name);
    reading.facts.returnsRows = true;
    reading.part({
      operation: 'postgres:execute',
      class: 'unknown',
      destroys: true,
      inverse: 'lost',
      sentence: `runs prepared statement ${quoted(name)}`,
    });
    walk('ExecuteStmt', tree, reading, { scope: undefined, role: 'read' });
  },
  DeclareCursorStmt: (tree, reading) => {
    const inner = readInner(tree, reading, 'declares');
    reading.take(inner);
    reading.facts.withHold = (numberIn(tree, 'options') & holdOption) !== 0;
    const name = textIn(tree, 'portalname') ?? '';
    reading.part({
      operation: 'postgres:declare-cursor',
      class: 'read-candidate',
      sentence: `by cursor ${quoted(name)}${reading.facts.withHold ? ', which outlives the transaction' : ''}`,
    });
  },
  FetchStmt: (tree, reading) => {
    const name = textIn(tree, 'portalname') ?? '';
    reading.names.cursor(name);
    const moves = tree['ismove'] === true;
    reading.facts.returnsRows = !moves;
    reading.part({
      operation: 'postgres:fetch',
      class: 'read-candidate',
      sentence: `${moves ? 'moves' : 'fetches from'} cursor ${quoted(name)}`,
    });
  },
  ClosePortalStmt: (tree, reading) => {
    const name = textIn(tree, 'portalname');
    if (name !== undefined) reading.names.cursor(name);
    const sentence = name === undefined ? 'closes all cursors' : `closes cursor ${quoted(name)}`;
    reading.part({ operation: 'postgres:close-cursor', class: 'read-candidate', sentence });
  },
  CreateTableAsStmt: (tree, reading, place) => {
    const into = treeIn(tree, 'into');
    if (into === undefined) throw new Unread('there is no table to make');
    const kind = textIn(tree, 'objtype') === 'OBJECT_MATVIEW' ? 'materialized-view' : 'table';
    reading.facts.ifExists = tree['if_not_exists'] === true;
    readInto(into, reading, place, kind);
    const inner = readInner(tree, reading, 'creates');
    for (const part of inner.parts) if (part.operation !== 'postgres:select') reading.parts.push(part);
    // WITH NO DATA plans the query only, which is never less than this.
  },
};

function readInner(tree: Tree, reading: Reading, holding: 'explains' | 'prepares' | 'declares' | 'creates'): Statement {
  const inner = reading.context.alone(queryIn(tree, 'query'), reading.text, reading.context);
  reading.hold(holding, inner);
  return inner;
}

function preparedFact(name: string): NonNullable<Statement['facts']['setting']> {
  return Object.freeze({
    name: 'prepared',
    act: 'set',
    scope: 'session',
    values: Object.freeze([name]),
    standing: 'relied',
  });
}
