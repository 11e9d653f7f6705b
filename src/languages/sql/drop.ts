import type { Operation } from './operations.ts';
import { inDefinition, type Readers } from './reading.ts';
import type { Inverse } from './statement.ts';
import { flagIn, listIn, tagged, textIn, Unread } from './tree.ts';
import { walk, walkValue } from './walk.ts';
import { objectPath, objectWords, quoted, relationWords, roleName } from './words.ts';
import type { Trait } from '../../model/action.ts';

interface Loss {
  readonly operation: Operation;
  readonly inverse: Inverse;
  readonly traits?: readonly Trait[];
}

/** What goes with each kind of object: rows come back only from an image, a definition by making it again. */
const losses: Readonly<Record<string, Loss>> = {
  table: { operation: 'postgres:drop-table', inverse: 'image' },
  'materialized-view': { operation: 'postgres:drop-materialized-view', inverse: 'set-back' },
  view: { operation: 'postgres:drop-view', inverse: 'set-back' },
  index: { operation: 'postgres:drop-index', inverse: 'set-back' },
  sequence: { operation: 'postgres:drop-sequence', inverse: 'image' },
  'foreign-table': { operation: 'postgres:drop-foreign-table', inverse: 'set-back' },
  schema: { operation: 'postgres:drop-schema', inverse: 'image' },
  type: { operation: 'postgres:drop-type', inverse: 'image' },
  function: { operation: 'postgres:drop-function', inverse: 'set-back' },
  trigger: { operation: 'postgres:drop-trigger', inverse: 'set-back' },
  rule: { operation: 'postgres:drop-rule', inverse: 'set-back' },
  policy: { operation: 'postgres:drop-policy', inverse: 'set-back', traits: ['privilege'] },
  extension: { operation: 'postgres:drop-extension', inverse: 'image' },
  operator: { operation: 'postgres:drop-operator', inverse: 'set-back' },
  'operator-class': { operation: 'postgres:drop-operator-class', inverse: 'set-back' },
  'operator-family': { operation: 'postgres:drop-operator-class', inverse: 'set-back' },
  cast: { operation: 'postgres:drop-cast', inverse: 'set-back' },
  collation: { operation: 'postgres:drop-collation', inverse: 'set-back' },
  conversion: { operation: 'postgres:drop-conversion', inverse: 'set-back' },
  statistics: { operation: 'postgres:drop-statistics', inverse: 'set-back' },
  'text-search': { operation: 'postgres:drop-text-search', inverse: 'set-back' },
  transform: { operation: 'postgres:drop-transform', inverse: 'set-back' },
  language: { operation: 'postgres:drop-language', inverse: 'set-back' },
  'access-method': { operation: 'postgres:drop-access-method', inverse: 'set-back' },
  'event-trigger': { operation: 'postgres:drop-event-trigger', inverse: 'set-back', traits: ['privilege'] },
  'foreign-data-wrapper': { operation: 'postgres:drop-foreign-data-wrapper', inverse: 'set-back' },
  'foreign-server': { operation: 'postgres:drop-foreign-server', inverse: 'set-back', traits: ['credential'] },
  publication: { operation: 'postgres:drop-publication', inverse: 'set-back', traits: ['weakens-backup'] },
};

/** DROP of every kind of object, and of everything that a role owns. */
export const dropReaders: Readers = {
  DropStmt: (tree, reading) => {
    const kind = objectWords.get(textIn(tree, 'removeType') ?? '');
    const loss = kind === undefined ? undefined : losses[kind];
    if (kind === undefined || loss === undefined) throw new Unread('it drops something that is not known here');
    const cascade = textIn(tree, 'behavior') === 'DROP_CASCADE';
    const concurrently = flagIn(tree, 'concurrent');
    reading.facts.cascade = cascade;
    reading.facts.concurrently = concurrently;
    reading.facts.ifExists = flagIn(tree, 'missing_ok');
    for (const one of listIn(tree, 'objects')) {
      const { path, signature } = objectPath(one);
      const onTable = kind === 'trigger' || kind === 'rule' || kind === 'policy';
      if (onTable) reading.names.relation({ role: 'alter', path: path.slice(0, -1), only: false });
      reading.part({
        operation: loss.operation,
        class: concurrently ? 'unrollable' : 'provisional',
        destroys: true,
        // CASCADE can take columns and tables with it, whatever was named.
        inverse: cascade ? 'image' : loss.inverse,
        traits: loss.traits ?? [],
        on: relationWords.has(kind) ? reading.relation(kind, path, 'drop') : reading.object(kind, path, signature),
        sentence: `drops ${kind.replaceAll('-', ' ')} ${quoted(path)}${cascade ? ' and all that depends on it' : ''}`,
      });
      if (tagged(one)?.kind === 'ObjectWithArgs') walkValue([one], reading, inDefinition);
    }
  },
  DropOwnedStmt: (tree, reading) => {
    reading.facts.cascade = textIn(tree, 'behavior') === 'DROP_CASCADE';
    const roles = listIn(tree, 'roles').map((one) => roleName(tagged(one)?.tree ?? {}));
    reading.part({
      operation: 'postgres:drop-owned',
      destroys: true,
      inverse: 'image',
      traits: ['privilege'],
      sentence: `drops everything owned by ${roles.map((role) => quoted(role)).join(', ')}`,
    });
    walk('DropOwnedStmt', tree, reading, inDefinition);
  },
};
