import { type Place, type Readers, type Reading, type Scope } from './reading.ts';
import type { RowLock } from './statement.ts';
import { flagIn, listIn, tagged, textIn, type Tree, treeIn, Unread } from './tree.ts';
import { walk } from './walk.ts';
import { quoted, relationPath } from './words.ts';

const locks: ReadonlyMap<string, RowLock> = new Map([
  ['LCS_FORKEYSHARE', 'key share'],
  ['LCS_FORSHARE', 'share'],
  ['LCS_FORNOKEYUPDATE', 'no key update'],
  ['LCS_FORUPDATE', 'update'],
]);

const lockOrder: readonly RowLock[] = ['key share', 'share', 'no key update', 'update'];

/** SELECT, VALUES and TABLE. */
export const queryReaders: Readers = {
  SelectStmt: (tree, reading, place) => {
    const top = reading.parts.length === 0;
    if (top) {
      reading.facts.returnsRows = true;
      reading.part({ operation: 'postgres:select', class: 'read-candidate', sentence: 'reads' });
    }
    readSelect(tree, reading, place);
    if (top) {
      const read = reading.names.reads();
      const sentence = read.length === 0 ? 'computes values' : `reads ${read.map((path) => quoted(path)).join(', ')}`;
      const [first] = reading.parts;
      if (first !== undefined) reading.parts[0] = Object.freeze({ ...first, sentence });
    }
  },
};

/** A SELECT wherever it stands; adds a part only for what it does besides reading. */
function readSelect(tree: Tree, reading: Reading, place: Place): void {
  const inside: Place = { scope: readWith(tree, reading, place), role: 'read' };
  const into = treeIn(tree, 'intoClause');
  if (into !== undefined) readInto(into, reading, inside);
  for (const one of listIn(tree, 'lockingClause')) readLocking(one, reading);
  walk('SelectStmt', tree, reading, inside, ['withClause', 'intoClause', 'lockingClause']);
}

/** SELECT … INTO, and the head of CREATE TABLE AS: a new table. */
export function readInto(into: Tree, reading: Reading, place: Place, kind = 'table'): void {
  const relation = treeIn(into, 'rel');
  if (relation === undefined) throw new Unread('there is no table to make');
  const path = relationPath(relation);
  const temporary = textIn(relation, 'relpersistence') === 't';
  reading.facts.temporary ||= temporary;
  reading.part({
    operation: kind === 'table' ? 'postgres:create-table' : 'postgres:create-materialized-view',
    inverse: temporary ? 'nothing' : 'remove',
    on: reading.relation(kind, path, 'define'),
    sentence: `makes ${temporary ? 'temporary ' : ''}${kind} ${quoted(path)} from a query`,
  });
  walk('IntoClause', into, reading, place, ['rel', 'viewQuery', 'colNames']);
}

function readLocking(value: unknown, reading: Reading): void {
  const clause = tagged(value);
  const lock = clause?.kind === 'LockingClause' ? locks.get(textIn(clause.tree, 'strength') ?? '') : undefined;
  if (lock === undefined) throw new Unread('it locks rows in a way that is not known here');
  const before = reading.facts.rowLock;
  if (before === undefined || lockOrder.indexOf(lock) > lockOrder.indexOf(before)) reading.facts.rowLock = lock;
  if (before !== undefined) return;
  reading.part({ operation: 'postgres:lock-rows', sentence: 'locks the rows that it reads' });
}

/**
 * Reads WITH and gives the scope of what it stands before. Without RECURSIVE a CTE sees those before it; with it, all of them,
 * itself too. Targets of INSERT, UPDATE, DELETE and MERGE never mean a CTE.
 */
export function readWith(tree: Tree, reading: Reading, place: Place): Scope | undefined {
  const clause = treeIn(tree, 'withClause');
  if (clause === undefined) return place.scope;
  const expressions = listIn(clause, 'ctes').map((one) => {
    const cte = tagged(one);
    const name = cte?.kind === 'CommonTableExpr' ? textIn(cte.tree, 'ctename') : undefined;
    if (cte === undefined || name === undefined) throw new Unread('a CTE has no name');
    return { name, tree: cte.tree };
  });
  const all: Scope = { names: new Set(expressions.map(({ name }) => name)), outer: place.scope };
  const recursive = flagIn(clause, 'recursive');
  const before = new Set<string>();
  for (const cte of expressions) {
    const scope = recursive ? all : { names: new Set(before), outer: place.scope };
    if (tagged(cte.tree['ctequery'])?.kind !== 'SelectStmt') reading.facts.writingCte = true;
    walk('CommonTableExpr', cte.tree, reading, { scope, role: 'read' }, ['aliascolnames']);
    before.add(cte.name);
  }
  return all;
}
