import { readWith } from './query.ts';
import { type Place, type Reader, type Readers, type Reading, of } from './reading.ts';
import type { ObjectName, RelationRole } from './statement.ts';
import { flagIn, isTree, listIn, tagged, textIn, type Tree, treeIn, Unread } from './tree.ts';
import { walk } from './walk.ts';
import { quoted, relationPath } from './words.ts';

/** INSERT, UPDATE, DELETE, MERGE and TRUNCATE, at the top or in a CTE. */
export const dmlReaders: Readers = {
  InsertStmt: changing('InsertStmt', (tree, reading) => {
    const on = target(tree, reading, 'insert');
    reading.part({
      operation: 'postgres:insert',
      inverse: 'remove',
      on,
      sentence: `inserts rows into ${quoted(on.path)}`,
    });
    const conflict = treeIn(tree, 'onConflictClause');
    if (conflict === undefined) return;
    const action = textIn(conflict, 'action');
    if (action === 'ONCONFLICT_NOTHING') {
      reading.facts.onConflict ??= 'nothing';
    } else if (action === 'ONCONFLICT_UPDATE') {
      reading.facts.onConflict = 'update';
      updates(reading, target(tree, reading, 'update'), 'where they are there already', true);
    } else {
      throw new Unread('it has a conflict clause that is not known here');
    }
  }),
  UpdateStmt: changing('UpdateStmt', (tree, reading) => {
    const bounded = looksAtColumns(tree['whereClause']);
    if (!bounded) reading.facts.unbounded = true;
    updates(reading, target(tree, reading, 'update'), bounded ? '' : 'without a condition on them', bounded);
  }),
  DeleteStmt: changing('DeleteStmt', (tree, reading) => {
    const bounded = looksAtColumns(tree['whereClause']);
    if (!bounded) reading.facts.unbounded = true;
    deletes(reading, target(tree, reading, 'delete'), bounded);
  }),
  MergeStmt: changing('MergeStmt', readMerge),
  TruncateStmt: (tree, reading) => {
    const cascade = textIn(tree, 'behavior') === 'DROP_CASCADE';
    reading.facts.cascade ||= cascade;
    reading.facts.unbounded = true;
    for (const one of listIn(tree, 'relations')) {
      const relation = tagged(one);
      if (relation?.kind !== 'RangeVar') throw new Unread('a table has no plain name');
      const path = relationPath(relation.tree);
      reading.part({
        operation: 'postgres:truncate',
        destroys: true,
        inverse: 'image',
        on: reading.relation('table', path, 'truncate', !flagIn(relation.tree, 'inh')),
        sentence: `empties ${quoted(path)}${cascade ? ' and all that refers to it' : ''}`,
      });
    }
  },
};

/** What INSERT, UPDATE, DELETE and MERGE have in common: WITH, RETURNING, and everything below. */
function changing(kind: string, read: (tree: Tree, reading: Reading) => void): Reader {
  return (tree, reading, place: Place) => {
    const top = reading.parts.length === 0;
    read(tree, reading);
    const returning = treeIn(tree, 'returningClause') !== undefined;
    reading.facts.returning ||= returning;
    if (top && returning) reading.facts.returnsRows = true;
    const inside: Place = { scope: readWith(tree, reading, place), role: 'read' };
    walk(kind, tree, reading, inside, ['withClause', 'relation']);
  };
}

function target(tree: Tree, reading: Reading, role: RelationRole): ObjectName {
  const relation = treeIn(tree, 'relation');
  if (relation === undefined) throw new Unread('there is no table to change');
  return reading.relation('table', relationPath(relation), role, !flagIn(relation, 'inh'));
}

function updates(reading: Reading, on: ObjectName, how: string, bounded: boolean): void {
  const words = how === '' ? '' : ` ${how}`;
  reading.part({
    operation: 'postgres:update',
    destroys: true,
    inverse: 'image',
    on,
    sentence: `changes ${bounded ? 'rows' : 'all rows'} of${of(on.path)}${words}`,
  });
}

function deletes(reading: Reading, on: ObjectName, bounded: boolean): void {
  reading.part({
    operation: 'postgres:delete',
    destroys: true,
    inverse: 'image',
    on,
    sentence: bounded ? `deletes rows of${of(on.path)}` : `deletes all rows of${of(on.path)}: no condition on them`,
  });
}

/** MERGE is the INSERTs, UPDATEs and DELETEs in it: the same act, the same class. */
function readMerge(tree: Tree, reading: Reading): void {
  const done = new Set<string>();
  for (const one of listIn(tree, 'mergeWhenClauses')) {
    const clause = tagged(one);
    const command = clause === undefined ? undefined : textIn(clause.tree, 'commandType');
    if (command === undefined || done.has(command)) continue;
    done.add(command);
    readMergeAction(command, tree, reading);
  }
  if (reading.parts.length === 0 || done.size === 0 || [...done].every((command) => command === 'CMD_NOTHING')) {
    reading.part({
      operation: 'postgres:lock-rows',
      on: target(tree, reading, 'lock'),
      sentence: 'compares rows and changes none',
    });
  }
}

function readMergeAction(command: string, tree: Tree, reading: Reading): void {
  if (command === 'CMD_NOTHING') return;
  if (command === 'CMD_UPDATE') updates(reading, target(tree, reading, 'update'), 'that the merge finds', true);
  else if (command === 'CMD_DELETE') deletes(reading, target(tree, reading, 'delete'), true);
  else if (command === 'CMD_INSERT') {
    const on = target(tree, reading, 'insert');
    const sentence = `inserts rows into ${quoted(on.path)}`;
    reading.part({ operation: 'postgres:insert', inverse: 'remove', on, sentence });
  } else throw new Unread('it merges in a way that is not known here');
}

/** Whether a condition depends on the rows at all; `WHERE true` and `WHERE 1 = 1` do not. */
function looksAtColumns(condition: unknown): boolean {
  const waiting: unknown[] = [condition];
  while (waiting.length > 0) {
    const one = waiting.pop();
    if (Array.isArray(one)) for (const element of one) waiting.push(element);
    else if (isTree(one)) {
      if ('ColumnRef' in one || 'CurrentOfExpr' in one) return true;
      for (const field in one) waiting.push(one[field]);
    }
  }
  return false;
}
