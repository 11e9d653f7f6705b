import { readDefinition } from './create.ts';
import type { Operation } from './operations.ts';
import { inDefinition, type Reader, type Readers, type Reading } from './reading.ts';
import { standingSetting } from './setting.ts';
import type { Inverse, ObjectName } from './statement.ts';
import { flagIn, listIn, stringOf, tagged, textIn, type Tree, treeIn, Unread } from './tree.ts';
import { walk } from './walk.ts';
import { objectPath, objectWords, quoted, relationPath, relationWords, roleName } from './words.ts';
import type { Trait } from '../../model/action.ts';

/** RENAME, SET SCHEMA, OWNER TO, and ALTER of what is no relation. */
export const alterReaders: Readers = {
  RenameStmt: (tree, reading) => {
    const on = objectIn(tree, 'renameType', reading);
    const name = textIn(tree, 'newname') ?? '';
    const piece = textIn(tree, 'subname');
    reading.part({
      operation: 'postgres:rename',
      inverse: 'set-back',
      traits: on.kind === 'role' ? ['privilege'] : [],
      on,
      sentence: `renames ${piece === undefined ? '' : `${quoted(piece)} of `}${told(on)} to ${quoted(name)}`,
    });
  },
  AlterObjectSchemaStmt: (tree, reading) => {
    const on = objectIn(tree, 'objectType', reading);
    const schema = textIn(tree, 'newschema') ?? '';
    reading.object('schema', [schema]);
    reading.part({
      operation: 'postgres:set-schema',
      inverse: 'set-back',
      on,
      sentence: `moves ${told(on)} to schema ${quoted(schema)}`,
    });
  },
  AlterOwnerStmt: (tree, reading) => {
    const on = objectIn(tree, 'objectType', reading);
    const owner = roleName(treeIn(tree, 'newowner') ?? {});
    reading.object('role', [owner]);
    reading.part({
      operation: 'postgres:alter-owner',
      inverse: 'set-back',
      traits: ['privilege'],
      on,
      sentence: `makes ${quoted(owner)} the owner of ${told(on)}`,
    });
  },
  AlterObjectDependsStmt: (tree, reading) => {
    const on = objectIn(tree, 'objectType', reading);
    reading.part({
      operation: 'postgres:alter-depends',
      inverse: 'set-back',
      on,
      sentence: `changes what ${told(on)} depends on`,
    });
  },
  AlterFunctionStmt: (tree, reading) => {
    const func = treeIn(tree, 'func') ?? {};
    const on = reading.object('function', objectPath({ ObjectWithArgs: func }).path);
    const definer = listIn(tree, 'actions').some((one) => textIn(tagged(one)?.tree ?? {}, 'defname') === 'security');
    reading.facts.plants = true;
    reading.facts.definer = definer;
    reading.part({
      operation: 'postgres:alter-function',
      inverse: 'set-back',
      traits: definer ? ['privilege'] : [],
      on,
      sentence: `changes function ${quoted(on.path)}`,
    });
    walk('AlterFunctionStmt', tree, reading, inDefinition, ['actions']);
  },
  AlterSeqStmt: altering('AlterSeqStmt', 'postgres:alter-sequence', 'sequence', 'sequence'),
  AlterCollationStmt: altering('AlterCollationStmt', 'postgres:alter-collation', 'collation', 'collname'),
  AlterStatsStmt: altering('AlterStatsStmt', 'postgres:alter-statistics', 'statistics', 'defnames'),
  AlterOpFamilyStmt: (tree, reading) => {
    reading.facts.plants = true;
    const drops = flagIn(tree, 'isDrop');
    altering('AlterOpFamilyStmt', 'postgres:alter-operator-family', 'operator-family', 'opfamilyname', {
      destroys: drops,
    })(tree, reading, inDefinition);
  },
  AlterOperatorStmt: (tree, reading) => {
    const on = reading.object('operator', objectPath({ ObjectWithArgs: treeIn(tree, 'opername') ?? {} }).path);
    reading.facts.plants = true;
    readDefinition(listIn(tree, 'options'), reading);
    reading.part({
      operation: 'postgres:alter-operator',
      inverse: 'set-back',
      on,
      sentence: `changes operator ${quoted(on.path)}`,
    });
    walk('AlterOperatorStmt', tree, reading, inDefinition, ['options']);
  },
  AlterTypeStmt: (tree, reading) => {
    reading.facts.plants = true;
    readDefinition(listIn(tree, 'options'), reading);
    altering('AlterTypeStmt', 'postgres:alter-type', 'type', 'typeName')(tree, reading, inDefinition);
  },
  AlterEnumStmt: (tree, reading) => {
    const renames = textIn(tree, 'oldVal') !== undefined;
    reading.facts.ifExists = flagIn(tree, 'skipIfNewValExists');
    // PostgreSQL has no way to take a value of an enum away again.
    altering('AlterEnumStmt', 'postgres:alter-type', 'type', 'typeName', { inverse: renames ? 'set-back' : 'lost' })(
      tree,
      reading,
      inDefinition,
    );
  },
  AlterDomainStmt: (tree, reading) => {
    const subtype = textIn(tree, 'subtype') ?? '';
    const cascade = textIn(tree, 'behavior') === 'DROP_CASCADE';
    const drops = subtype === 'AD_DropConstraint' || subtype === 'X';
    reading.facts.cascade = cascade;
    reading.facts.plants = true;
    altering('AlterDomainStmt', 'postgres:alter-type', 'type', 'typeName', { destroys: drops })(
      tree,
      reading,
      inDefinition,
    );
  },
  AlterTSDictionaryStmt: altering('AlterTSDictionaryStmt', 'postgres:alter-text-search', 'text-search', 'dictname'),
  AlterTSConfigurationStmt: altering(
    'AlterTSConfigurationStmt',
    'postgres:alter-text-search',
    'text-search',
    'cfgname',
  ),
  AlterTableMoveAllStmt: (tree, reading) => {
    const to = textIn(tree, 'new_tablespacename') ?? '';
    reading.object('tablespace', [textIn(tree, 'orig_tablespacename') ?? '']);
    reading.object('tablespace', [to]);
    reading.part({
      operation: 'postgres:alter-table',
      inverse: 'set-back',
      sentence: `moves everything of a tablespace to ${quoted(to)}`,
    });
    walk('AlterTableMoveAllStmt', tree, reading, inDefinition);
  },
  AlterDatabaseSetStmt: (tree, reading) => {
    const name = textIn(tree, 'dbname') ?? '';
    const setting = standingSetting(tree);
    reading.facts.setting = setting;
    reading.part({
      operation: 'postgres:alter-database-set',
      inverse: 'set-back',
      traits: ['privilege'],
      on: reading.object('database', [name]),
      sentence: `changes ${quoted(setting.name)} for every new session of database ${quoted(name)}`,
    });
  },
  CommentStmt: (tree, reading) => {
    const on = objectIn(tree, 'objtype', reading);
    reading.part({ operation: 'postgres:comment', inverse: 'set-back', on, sentence: `comments on ${told(on)}` });
  },
};

function altering(
  statement: string,
  operation: Operation,
  kind: string,
  field: string,
  more: { readonly destroys?: boolean; readonly inverse?: Inverse; readonly traits?: readonly Trait[] } = {},
): Reader {
  return (tree, reading) => {
    const value = tree[field];
    const path = Array.isArray(value) ? value.map(stringOf) : relationPath(treeIn(tree, field) ?? {});
    reading.facts.ifExists ||= flagIn(tree, 'missing_ok');
    const on = relationWords.has(kind) ? reading.relation(kind, path, 'alter') : reading.object(kind, path);
    reading.part({
      operation,
      destroys: more.destroys ?? false,
      inverse: more.inverse ?? 'set-back',
      traits: more.traits ?? [],
      on,
      sentence: `changes ${told(on)}`,
    });
    walk(statement, tree, reading, inDefinition, [field, 'options']);
  };
}

/** The object of a statement that works on objects of any kind. */
export function objectIn(tree: Tree, typeField: string, reading: Reading): ObjectName {
  const kind = objectWords.get(textIn(tree, typeField) ?? '');
  if (kind === undefined) throw new Unread('it works on an object of a kind that is not known here');
  reading.facts.ifExists ||= flagIn(tree, 'missing_ok');
  const relation = treeIn(tree, 'relation');
  if (relation !== undefined) {
    const path = relationPath(relation);
    const owner = relationWords.has(kind) ? kind : (objectWords.get(textIn(tree, 'relationType') ?? '') ?? 'table');
    // A composite type stands as a relation too when one of its attributes is renamed.
    if (owner === 'type') return reading.object('type', path);
    return reading.relation(relationWords.has(owner) ? owner : 'table', path, 'alter');
  }
  const { path, signature } = objectPath(tree['object']);
  if (path.length > 0) {
    if (relationWords.has(kind)) return reading.relation(kind, path, 'alter');
    return reading.object(kind, path, signature);
  }
  const name = textIn(tree, 'subname');
  return reading.object(kind, name === undefined ? [] : [name]);
}

function told(on: ObjectName): string {
  return `${on.kind.replaceAll('-', ' ')} ${quoted(on.path)}`;
}
