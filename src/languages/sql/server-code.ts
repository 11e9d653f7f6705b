import type { Operation } from './operations.ts';
import { inDefinition, type Reader, type Readers, type Reading } from './reading.ts';
import type { Inverse, StatementClass } from './statement.ts';
import { flagIn, listIn, stringOf, textIn, type Tree, treeIn } from './tree.ts';
import { walk } from './walk.ts';
import { quoted, roleName } from './words.ts';
import type { Trait } from '../../model/action.ts';

interface Manner {
  readonly operation: Operation;
  readonly kind: string;
  readonly name: string;
  readonly verb: string;
  readonly inverse: Inverse;
  readonly class?: StatementClass;
  readonly destroys?: boolean;
  readonly traits?: readonly Trait[];
  readonly plants?: boolean;
  /** Fields that name functions. */
  readonly functions?: readonly string[];
}

function acting(statement: string, manner: Manner): Reader {
  return (tree, reading) => {
    const name = textIn(tree, manner.name) ?? '';
    reading.facts.ifExists ||= flagIn(tree, 'if_not_exists') || flagIn(tree, 'missing_ok');
    reading.facts.replaces ||= flagIn(tree, 'replace');
    reading.facts.plants ||= manner.plants ?? false;
    reading.facts.cascade ||= textIn(tree, 'behavior') === 'DROP_CASCADE';
    for (const field of manner.functions ?? []) support(tree, field, reading);
    reading.part({
      operation: manner.operation,
      class: manner.class ?? 'provisional',
      destroys: manner.destroys ?? false,
      inverse: manner.inverse,
      traits: manner.traits ?? [],
      on: reading.object(manner.kind, [name]),
      sentence: `${manner.verb} ${manner.kind.replaceAll('-', ' ')} ${quoted(name)}`,
    });
    walk(statement, tree, reading, inDefinition, [
      ...(manner.functions ?? []),
      'options',
      'func_options',
      'whenclause',
    ]);
  };
}

function support(tree: Tree, field: string, reading: Reading): void {
  const path = listIn(tree, field).map(stringOf);
  if (path.length > 0) reading.names.function({ path, use: 'support', arguments: [], variadic: false });
}

const plants: readonly Trait[] = ['runs-code', 'privilege'];

/** What brings code or another server in reach: extensions, languages, event triggers, foreign data, replication. */
export const serverCodeReaders: Readers = {
  CreateExtensionStmt: acting('CreateExtensionStmt', {
    operation: 'postgres:create-extension',
    kind: 'extension',
    name: 'extname',
    verb: 'installs',
    inverse: 'remove',
    traits: ['runs-code'],
    plants: true,
  }),
  AlterExtensionStmt: acting('AlterExtensionStmt', {
    operation: 'postgres:alter-extension',
    kind: 'extension',
    name: 'extname',
    verb: 'runs the update scripts of',
    inverse: 'lost',
    destroys: true,
    traits: ['runs-code'],
    plants: true,
  }),
  AlterExtensionContentsStmt: acting('AlterExtensionContentsStmt', {
    operation: 'postgres:alter-extension',
    kind: 'extension',
    name: 'extname',
    verb: 'changes what belongs to',
    inverse: 'set-back',
  }),
  CreatePLangStmt: acting('CreatePLangStmt', {
    operation: 'postgres:create-language',
    kind: 'language',
    name: 'plname',
    verb: 'makes',
    inverse: 'remove',
    traits: plants,
    plants: true,
    functions: ['plhandler', 'plinline', 'plvalidator'],
  }),
  CreateAmStmt: acting('CreateAmStmt', {
    operation: 'postgres:create-access-method',
    kind: 'access-method',
    name: 'amname',
    verb: 'makes',
    inverse: 'remove',
    traits: plants,
    plants: true,
    functions: ['handler_name'],
  }),
  CreateEventTrigStmt: acting('CreateEventTrigStmt', {
    operation: 'postgres:create-event-trigger',
    kind: 'event-trigger',
    name: 'trigname',
    verb: 'has statements of everybody run',
    inverse: 'remove',
    traits: ['privilege'],
    plants: true,
    functions: ['funcname'],
  }),
  AlterEventTrigStmt: acting('AlterEventTrigStmt', {
    operation: 'postgres:alter-event-trigger',
    kind: 'event-trigger',
    name: 'trigname',
    verb: 'switches',
    inverse: 'set-back',
    traits: ['privilege'],
  }),
  CreateFdwStmt: acting('CreateFdwStmt', {
    operation: 'postgres:create-foreign-data-wrapper',
    kind: 'foreign-data-wrapper',
    name: 'fdwname',
    verb: 'makes',
    inverse: 'remove',
    traits: plants,
    plants: true,
    functions: [],
  }),
  AlterFdwStmt: acting('AlterFdwStmt', {
    operation: 'postgres:alter-foreign-data-wrapper',
    kind: 'foreign-data-wrapper',
    name: 'fdwname',
    verb: 'changes',
    inverse: 'set-back',
    traits: plants,
    plants: true,
  }),
  CreateForeignServerStmt: acting('CreateForeignServerStmt', {
    operation: 'postgres:create-foreign-server',
    kind: 'foreign-server',
    name: 'servername',
    verb: 'makes',
    inverse: 'remove',
    traits: ['exposes'],
  }),
  AlterForeignServerStmt: acting('AlterForeignServerStmt', {
    operation: 'postgres:alter-foreign-server',
    kind: 'foreign-server',
    name: 'servername',
    verb: 'changes',
    inverse: 'set-back',
    traits: ['exposes'],
  }),
  CreateUserMappingStmt: mapping('CreateUserMappingStmt', 'postgres:create-user-mapping', 'remove', 'makes'),
  AlterUserMappingStmt: mapping('AlterUserMappingStmt', 'postgres:alter-user-mapping', 'set-back', 'changes'),
  DropUserMappingStmt: mapping('DropUserMappingStmt', 'postgres:drop-user-mapping', 'lost', 'drops'),
  ImportForeignSchemaStmt: acting('ImportForeignSchemaStmt', {
    operation: 'postgres:import-foreign-schema',
    kind: 'foreign-server',
    name: 'server_name',
    verb: 'makes a table for each that is found on',
    inverse: 'remove',
    // It asks another server, which no rollback here reaches.
    class: 'unrollable',
  }),
  CreatePublicationStmt: acting('CreatePublicationStmt', {
    operation: 'postgres:create-publication',
    kind: 'publication',
    name: 'pubname',
    verb: 'makes',
    inverse: 'remove',
    traits: ['exposes'],
  }),
  AlterPublicationStmt: acting('AlterPublicationStmt', {
    operation: 'postgres:alter-publication',
    kind: 'publication',
    name: 'pubname',
    verb: 'changes',
    inverse: 'set-back',
    traits: ['exposes', 'weakens-backup'],
  }),
  CreateSubscriptionStmt: acting('CreateSubscriptionStmt', {
    operation: 'postgres:create-subscription',
    kind: 'subscription',
    name: 'subname',
    verb: 'has rows of another server written here by',
    inverse: 'lost',
    class: 'unrollable',
    traits: ['credential', 'runs-code'],
  }),
  AlterSubscriptionStmt: acting('AlterSubscriptionStmt', {
    operation: 'postgres:alter-subscription',
    kind: 'subscription',
    name: 'subname',
    verb: 'changes',
    inverse: 'lost',
    class: 'unrollable',
    destroys: true,
    traits: ['credential', 'weakens-backup'],
  }),
  DropSubscriptionStmt: acting('DropSubscriptionStmt', {
    operation: 'postgres:drop-subscription',
    kind: 'subscription',
    name: 'subname',
    verb: 'drops, with its slot on the other server,',
    inverse: 'lost',
    class: 'unrollable',
    destroys: true,
    traits: ['weakens-backup'],
  }),
};

function mapping(statement: string, operation: Operation, inverse: Inverse, verb: string): Reader {
  return (tree, reading) => {
    const server = textIn(tree, 'servername') ?? '';
    const user = roleName(treeIn(tree, 'user') ?? {});
    reading.facts.ifExists = flagIn(tree, 'if_not_exists') || flagIn(tree, 'missing_ok');
    reading.object('foreign-server', [server]);
    reading.part({
      operation,
      inverse,
      destroys: inverse === 'lost',
      traits: ['credential'],
      on: reading.object('user-mapping', [server, user]),
      sentence: `${verb} the credential of ${quoted(user)} for server ${quoted(server)}`,
    });
    walk(statement, tree, reading, inDefinition, ['options']);
  };
}
