import { inDefinition, type Readers, type Reading } from './reading.ts';
import { flagIn, tagged, textIn, type Tree, treeIn, Unread } from './tree.ts';
import { walk } from './walk.ts';
import { quoted, relationPath } from './words.ts';

/** COPY, in all directions. From and to the client it is the INSERT or the SELECT it stands for (K4). */
export const copyReaders: Readers = {
  CopyStmt: (tree, reading, place) => {
    const into = flagIn(tree, 'is_from');
    const target = textIn(tree, 'filename');
    const via = flagIn(tree, 'is_program') ? 'program' : target === undefined ? 'stream' : 'file';
    reading.facts.copy = Object.freeze({
      direction: into ? 'in' : 'out',
      via,
      ...(target === undefined ? {} : { target }),
    });
    if (via !== 'stream') readServerSide(via, into, reading);
    const relation = treeIn(tree, 'relation');
    if (relation !== undefined) readTable(relation, into, reading);
    else readQuery(tree, reading);
    walk('CopyStmt', tree, reading, relation === undefined ? inDefinition : place, [
      'relation',
      'query',
      'attlist',
      'options',
    ]);
  },
};

function readServerSide(via: 'file' | 'program', into: boolean, reading: Reading): void {
  const program = via === 'program';
  reading.part({
    operation: program ? 'postgres:copy-program' : 'postgres:copy-file',
    class: 'unrollable',
    destroys: !into || program,
    inverse: 'lost',
    traits: program ? ['runs-code'] : [],
    sentence: program
      ? 'runs a command on the database server'
      : `${into ? 'reads' : 'writes'} a file on the database server`,
  });
}

function readTable(relation: Tree, into: boolean, reading: Reading): void {
  const path = relationPath(relation);
  const on = reading.relation('table', path, into ? 'insert' : 'read', !flagIn(relation, 'inh'));
  reading.part(
    into
      ? { operation: 'postgres:insert', inverse: 'remove', on, sentence: `copies rows into ${quoted(path)}` }
      : {
          operation: 'postgres:select',
          class: 'read-candidate',
          on,
          sentence: `copies out all rows of ${quoted(path)}`,
        },
  );
}

/** COPY (query) TO: the query runs as it would alone, writing ones too. */
function readQuery(tree: Tree, reading: Reading): void {
  const query = tagged(tree['query']);
  if (query === undefined) throw new Unread('there is nothing to copy');
  const inner = reading.context.alone(query, reading.text, reading.context);
  reading.hold('copies', inner);
  reading.take(inner);
}
