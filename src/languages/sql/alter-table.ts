import type { Operation } from './operations.ts';
import { inDefinition, type Readers, type Reading } from './reading.ts';
import type { Inverse, ObjectName } from './statement.ts';
import { flagIn, listIn, tagged, textIn, type Tree, treeIn, Unread } from './tree.ts';
import { walk, walkValue } from './walk.ts';
import { objectWords, quoted, relationPath } from './words.ts';
import type { Trait } from '../../model/action.ts';

interface Change {
  readonly operation: Operation;
  readonly inverse: Inverse;
  readonly destroys?: boolean;
  readonly traits?: readonly Trait[];
  /** What it does, before the name of the table. */
  readonly words: string;
}

const settings: Change = { operation: 'postgres:alter-table', inverse: 'set-back', words: 'changes settings of' };
const addColumn: Change = { operation: 'postgres:add-column', inverse: 'remove', words: 'adds a column to' };
const defaults: Change = { operation: 'postgres:alter-column', inverse: 'set-back', words: 'changes a default of' };
const column: Change = { operation: 'postgres:alter-column', inverse: 'set-back', words: 'changes a column of' };
const addConstraint: Change = {
  operation: 'postgres:add-constraint',
  inverse: 'remove',
  words: 'adds a constraint to',
};
const identity: Change = {
  operation: 'postgres:alter-column',
  inverse: 'set-back',
  words: 'changes an identity column of',
};
const triggersOff: Change = {
  operation: 'postgres:disable-trigger',
  inverse: 'set-back',
  traits: ['privilege'],
  words: 'switches off triggers or rules of',
};
const triggersOn: Change = {
  operation: 'postgres:enable-trigger',
  inverse: 'set-back',
  words: 'switches on triggers or rules of',
};
const rowSecurity: Change = {
  operation: 'postgres:alter-row-security',
  inverse: 'set-back',
  traits: ['privilege'],
  words: 'changes row security of',
};
const inherits: Change = {
  operation: 'postgres:alter-table',
  inverse: 'set-back',
  words: 'changes what is inherited by',
};
/** Only made by the server itself while it rewrites a table; text never has them. */
const serverOnly = undefined;

/** Every subcommand of ALTER TABLE (`AlterTableType`). */
export const tableChanges: Readonly<Record<string, Change | undefined>> = {
  AT_AddColumn: addColumn,
  AT_AddColumnToView: serverOnly,
  AT_ColumnDefault: defaults,
  AT_CookedColumnDefault: serverOnly,
  AT_DropNotNull: column,
  AT_SetNotNull: column,
  AT_SetExpression: { ...column, destroys: true, inverse: 'image', words: 'computes a column anew in' },
  AT_DropExpression: { ...column, inverse: 'lost', words: 'stops computing a column of' },
  AT_SetStatistics: settings,
  AT_SetOptions: settings,
  AT_ResetOptions: settings,
  AT_SetStorage: settings,
  AT_SetCompression: settings,
  AT_DropColumn: { operation: 'postgres:drop-column', destroys: true, inverse: 'image', words: 'drops a column of' },
  AT_AddIndex: serverOnly,
  AT_ReAddIndex: serverOnly,
  AT_AddConstraint: addConstraint,
  AT_ReAddConstraint: serverOnly,
  AT_ReAddDomainConstraint: serverOnly,
  AT_AlterConstraint: { ...addConstraint, inverse: 'set-back', words: 'changes a constraint of' },
  AT_ValidateConstraint: { ...addConstraint, inverse: 'nothing', words: 'checks a constraint of' },
  AT_AddIndexConstraint: serverOnly,
  AT_DropConstraint: {
    operation: 'postgres:drop-constraint',
    destroys: true,
    inverse: 'set-back',
    words: 'drops a constraint of',
  },
  AT_ReAddComment: serverOnly,
  AT_AlterColumnType: {
    operation: 'postgres:alter-column-type',
    destroys: true,
    inverse: 'image',
    words: 'changes the type of a column of',
  },
  AT_AlterColumnGenericOptions: column,
  AT_ChangeOwner: {
    operation: 'postgres:alter-owner',
    inverse: 'set-back',
    traits: ['privilege'],
    words: 'changes the owner of',
  },
  AT_ClusterOn: settings,
  AT_DropCluster: settings,
  AT_SetLogged: settings,
  AT_SetUnLogged: {
    operation: 'postgres:set-unlogged',
    inverse: 'set-back',
    traits: ['weakens-backup'],
    words: 'takes out of the log, and so out of backups,',
  },
  AT_DropOids: settings,
  AT_SetAccessMethod: settings,
  AT_SetTableSpace: settings,
  AT_SetRelOptions: settings,
  AT_ResetRelOptions: settings,
  AT_ReplaceRelOptions: serverOnly,
  AT_EnableTrig: triggersOn,
  AT_EnableAlwaysTrig: triggersOn,
  AT_EnableReplicaTrig: triggersOff,
  AT_DisableTrig: triggersOff,
  AT_EnableTrigAll: triggersOn,
  AT_DisableTrigAll: triggersOff,
  AT_EnableTrigUser: triggersOn,
  AT_DisableTrigUser: triggersOff,
  AT_EnableRule: triggersOn,
  AT_EnableAlwaysRule: triggersOn,
  AT_EnableReplicaRule: triggersOff,
  AT_DisableRule: triggersOff,
  AT_AddInherit: inherits,
  AT_DropInherit: inherits,
  AT_AddOf: settings,
  AT_DropOf: settings,
  AT_ReplicaIdentity: { ...settings, traits: ['weakens-backup'], words: 'changes what replication sees of' },
  AT_EnableRowSecurity: { ...rowSecurity, words: 'switches on row security of' },
  AT_DisableRowSecurity: { ...rowSecurity, words: 'switches off row security of' },
  AT_ForceRowSecurity: rowSecurity,
  AT_NoForceRowSecurity: rowSecurity,
  AT_GenericOptions: settings,
  AT_AttachPartition: { operation: 'postgres:attach-partition', inverse: 'set-back', words: 'attaches a partition to' },
  AT_DetachPartition: { operation: 'postgres:detach-partition', inverse: 'set-back', words: 'detaches a partition of' },
  AT_DetachPartitionFinalize: {
    operation: 'postgres:detach-partition',
    inverse: 'set-back',
    words: 'finishes detaching a partition of',
  },
  AT_AddIdentity: identity,
  AT_SetIdentity: identity,
  AT_DropIdentity: { ...identity, inverse: 'lost' },
  AT_ReAddStatistics: serverOnly,
};

/** ALTER TABLE, INDEX, VIEW, SEQUENCE, MATERIALIZED VIEW, FOREIGN TABLE and TYPE … with subcommands: one part each. */
export const alterTableReaders: Readers = {
  AlterTableStmt: (tree, reading) => {
    const relation = treeIn(tree, 'relation');
    const kind = objectWords.get(textIn(tree, 'objtype') ?? '');
    if (relation === undefined || kind === undefined) throw new Unread('it alters something that is not known here');
    const path = relationPath(relation);
    reading.facts.ifExists = flagIn(tree, 'missing_ok');
    const on =
      kind === 'type' ? reading.object('type', path) : reading.relation(kind, path, 'alter', !flagIn(relation, 'inh'));
    for (const one of listIn(tree, 'cmds')) {
      const command = tagged(one);
      if (command?.kind !== 'AlterTableCmd') throw new Unread('a subcommand is not known here');
      readCommand(command.tree, on, reading);
    }
  },
};

function readCommand(tree: Tree, on: ObjectName, reading: Reading): void {
  const change = tableChanges[textIn(tree, 'subtype') ?? ''];
  if (change === undefined) throw new Unread('a subcommand is not known here');
  const cascade = textIn(tree, 'behavior') === 'DROP_CASCADE';
  reading.facts.cascade ||= cascade;
  const partition = tagged(tree['def']);
  const concurrently = partition?.kind === 'PartitionCmd' && flagIn(partition.tree, 'concurrent');
  reading.facts.concurrently ||= concurrently;
  const name = textIn(tree, 'name');
  reading.part({
    operation: change.operation,
    class: concurrently || tree['subtype'] === 'AT_DetachPartitionFinalize' ? 'unrollable' : 'provisional',
    destroys: change.destroys ?? false,
    inverse: change.inverse,
    traits: change.traits ?? [],
    on,
    sentence: [
      `${change.words} ${quoted(on.path)}`,
      ...(name === undefined ? [] : [`(${quoted(name)})`]),
      ...(cascade ? ['and all that depends on it'] : []),
    ].join(' '),
  });
  if (change === addColumn || change === defaults) plantDefault(tree, reading);
  if (partition?.kind === 'PartitionCmd') {
    const other = treeIn(partition.tree, 'name');
    if (other !== undefined) reading.relation('table', relationPath(other), 'alter');
  }
  walk('AlterTableCmd', tree, reading, inDefinition, partition?.kind === 'PartitionCmd' ? ['def'] : []);
  const bound = partition?.kind === 'PartitionCmd' ? treeIn(partition.tree, 'bound') : undefined;
  if (bound !== undefined) walkValue([{ PartitionBoundSpec: bound }], reading, inDefinition);
}

/** A default runs at each INSERT from now on. */
function plantDefault(tree: Tree, reading: Reading): void {
  if (tree['def'] !== undefined) reading.facts.plants ||= JSON.stringify(tree['def']).includes('"FuncCall"');
}
