import { optionOn } from './frame.ts';
import { inDefinition, type Readers, type Reading } from './reading.ts';
import { standingSetting } from './setting.ts';
import { flagIn, listIn, numberIn, tagged, textIn, type Tree, treeIn, Unread } from './tree.ts';
import { walk } from './walk.ts';
import { quoted, relationPath } from './words.ts';

/** Lock modes by number (lockdefs.h). */
const lockModes: readonly string[] = [
  'no',
  'access share',
  'row share',
  'row exclusive',
  'share update exclusive',
  'share',
  'share row exclusive',
  'exclusive',
  'access exclusive',
];

/** Upkeep, locks, notifications, and the server as a whole. */
export const utilityReaders: Readers = {
  VacuumStmt: (tree, reading) => {
    const vacuums = flagIn(tree, 'is_vacuumcmd');
    const full = vacuums && hasOption(tree, 'options', 'full');
    nameTables(listIn(tree, 'rels'), reading);
    reading.part({
      operation: vacuums ? (full ? 'postgres:vacuum-full' : 'postgres:vacuum') : 'postgres:analyze',
      class: vacuums ? 'unrollable' : 'provisional',
      sentence: vacuums
        ? full
          ? 'writes tables anew, locked for everybody'
          : 'gives the space of dead rows back'
        : 'counts what is in tables for the planner',
    });
    walk('VacuumStmt', tree, reading, inDefinition, ['rels', 'options']);
  },
  ClusterStmt: (tree, reading) => {
    const relation = treeIn(tree, 'relation');
    const path = relation === undefined ? [] : relationPath(relation);
    if (relation !== undefined) reading.relation('table', path, 'maintain');
    reading.part({
      operation: 'postgres:cluster',
      class: relation === undefined ? 'unrollable' : 'provisional',
      sentence:
        relation === undefined
          ? 'writes every clustered table anew'
          : `writes ${quoted(path)} anew, locked for everybody`,
    });
  },
  ReindexStmt: (tree, reading) => {
    const kind = textIn(tree, 'kind') ?? '';
    const concurrently = hasOption(tree, 'params', 'concurrently');
    const relation = treeIn(tree, 'relation');
    const path = relation === undefined ? [textIn(tree, 'name') ?? ''] : relationPath(relation);
    if (relation !== undefined) {
      reading.relation(kind === 'REINDEX_OBJECT_INDEX' ? 'index' : 'table', path, 'maintain');
    }
    const one = kind === 'REINDEX_OBJECT_INDEX' || kind === 'REINDEX_OBJECT_TABLE';
    reading.facts.concurrently = concurrently;
    reading.part({
      operation: 'postgres:reindex',
      class: one && !concurrently ? 'provisional' : 'unrollable',
      sentence: `builds indexes of ${quoted(path)} anew`,
    });
  },
  RefreshMatViewStmt: (tree, reading) => {
    const path = relationPath(treeIn(tree, 'relation') ?? {});
    reading.facts.concurrently = flagIn(tree, 'concurrent');
    reading.part({
      operation: 'postgres:refresh-materialized-view',
      on: reading.relation('materialized-view', path, 'maintain'),
      destroys: flagIn(tree, 'skipData'),
      // What it held may be all that is left of rows that are gone from its tables.
      inverse: 'lost',
      sentence: `fills materialized view ${quoted(path)} anew`,
    });
  },
  LockStmt: (tree, reading) => {
    const mode = lockModes[numberIn(tree, 'mode')];
    if (mode === undefined) throw new Unread('it locks in a way that is not known here');
    const paths = listIn(tree, 'relations').map((one) => {
      const relation = tagged(one);
      if (relation?.kind !== 'RangeVar') throw new Unread('a table has no plain name');
      const path = relationPath(relation.tree);
      reading.relation('table', path, 'lock', !flagIn(relation.tree, 'inh'));
      return path;
    });
    reading.facts.tableLock = mode;
    reading.part({
      operation: 'postgres:lock-table',
      sentence: `locks ${paths.map((path) => quoted(path)).join(', ')} (${mode})`,
    });
  },
  NotifyStmt: (tree, reading) => {
    const channel = textIn(tree, 'conditionname') ?? '';
    reading.part({
      operation: 'postgres:notify',
      inverse: 'lost',
      sentence: `tells whoever listens to ${quoted(channel)}`,
    });
  },
  CheckPointStmt: (_tree, reading) => {
    reading.part({
      operation: 'postgres:checkpoint',
      class: 'unrollable',
      sentence: 'has the server write a checkpoint',
    });
  },
  LoadStmt: (tree, reading) => {
    reading.part({
      operation: 'postgres:load',
      class: 'unrollable',
      inverse: 'lost',
      traits: ['runs-code'],
      sentence: `loads library ${quoted(textIn(tree, 'filename') ?? '')} into the server`,
    });
  },
  AlterSystemStmt: (tree, reading) => {
    const setting = standingSetting(tree);
    reading.facts.setting = setting;
    reading.part({
      operation: 'postgres:alter-system',
      class: 'unrollable',
      destroys: true,
      inverse: 'set-back',
      traits: ['privilege', 'weakens-backup'],
      sentence: `changes ${quoted(setting.name)} for the whole server`,
    });
  },
  CreatedbStmt: (tree, reading) => {
    const name = textIn(tree, 'dbname') ?? '';
    reading.part({
      operation: 'postgres:create-database',
      class: 'unrollable',
      inverse: 'remove',
      on: reading.object('database', [name]),
      sentence: `makes database ${quoted(name)}`,
    });
    walk('CreatedbStmt', tree, reading, inDefinition);
  },
  DropdbStmt: (tree, reading) => {
    const name = textIn(tree, 'dbname') ?? '';
    reading.facts.ifExists = flagIn(tree, 'missing_ok');
    reading.part({
      operation: 'postgres:drop-database',
      class: 'unrollable',
      destroys: true,
      inverse: 'image',
      on: reading.object('database', [name]),
      sentence: `drops database ${quoted(name)} with everything in it`,
    });
  },
  AlterDatabaseStmt: (tree, reading) => {
    const name = textIn(tree, 'dbname') ?? '';
    reading.part({
      operation: 'postgres:alter-database',
      // SET TABLESPACE copies files at once; the other options are rows of a catalogue.
      class: hasOption(tree, 'options', 'tablespace') ? 'unrollable' : 'provisional',
      inverse: 'set-back',
      traits: ['privilege'],
      on: reading.object('database', [name]),
      sentence: `changes database ${quoted(name)}`,
    });
  },
  AlterDatabaseRefreshCollStmt: (tree, reading) => {
    const name = textIn(tree, 'dbname') ?? '';
    const on = reading.object('database', [name]);
    reading.part({
      operation: 'postgres:alter-database',
      inverse: 'lost',
      on,
      sentence: `marks the collation of database ${quoted(name)} as checked`,
    });
  },
  CreateTableSpaceStmt: (tree, reading) => {
    const name = textIn(tree, 'tablespacename') ?? '';
    reading.part({
      operation: 'postgres:create-tablespace',
      class: 'unrollable',
      inverse: 'remove',
      on: reading.object('tablespace', [name]),
      sentence: `makes tablespace ${quoted(name)} in a directory of the server`,
    });
    walk('CreateTableSpaceStmt', tree, reading, inDefinition);
  },
  DropTableSpaceStmt: (tree, reading) => {
    const name = textIn(tree, 'tablespacename') ?? '';
    reading.part({
      operation: 'postgres:drop-tablespace',
      class: 'unrollable',
      destroys: true,
      inverse: 'set-back',
      on: reading.object('tablespace', [name]),
      sentence: `drops tablespace ${quoted(name)}`,
    });
  },
  AlterTableSpaceOptionsStmt: (tree, reading) => {
    const name = textIn(tree, 'tablespacename') ?? '';
    const on = reading.object('tablespace', [name]);
    const sentence = `changes tablespace ${quoted(name)}`;
    reading.part({ operation: 'postgres:alter-tablespace', inverse: 'set-back', on, sentence });
  },
};

function nameTables(relations: readonly unknown[], reading: Reading): void {
  for (const one of relations) {
    const relation = tagged(one)?.tree;
    const table = relation === undefined ? undefined : treeIn(relation, 'relation');
    if (table === undefined) throw new Unread('a table has no plain name');
    reading.relation('table', relationPath(table), 'maintain', !flagIn(table, 'inh'));
  }
}

function hasOption(tree: Tree, field: string, name: string): boolean {
  return listIn(tree, field).some((one) => {
    const option = tagged(one)?.tree;
    return option !== undefined && textIn(option, 'defname') === name && optionOn(option);
  });
}
