import type { Operation } from './operations.ts';
import type { Readers, Reading } from './reading.ts';
import type { FrameFact, TransactionModes } from './statement.ts';
import { constantOf, flagIn, listIn, tagged, textIn, type Tree, Unread } from './tree.ts';
import { quoted } from './words.ts';

const acts: ReadonlyMap<string, readonly [FrameFact['act'], Operation, string]> = new Map([
  ['TRANS_STMT_BEGIN', ['begin', 'postgres:begin', 'begins a transaction']],
  ['TRANS_STMT_START', ['begin', 'postgres:begin', 'begins a transaction']],
  ['TRANS_STMT_COMMIT', ['commit', 'postgres:commit', 'commits the transaction']],
  ['TRANS_STMT_ROLLBACK', ['rollback', 'postgres:rollback', 'takes the transaction back']],
  ['TRANS_STMT_SAVEPOINT', ['savepoint', 'postgres:savepoint', 'sets savepoint']],
  ['TRANS_STMT_RELEASE', ['release', 'postgres:savepoint', 'forgets savepoint']],
  ['TRANS_STMT_ROLLBACK_TO', ['rollback-to', 'postgres:savepoint', 'goes back to savepoint']],
  ['TRANS_STMT_PREPARE', ['prepare', 'postgres:prepare-transaction', 'hands the transaction over as']],
  ['TRANS_STMT_COMMIT_PREPARED', ['commit-prepared', 'postgres:commit-prepared', 'commits the handed-over']],
  ['TRANS_STMT_ROLLBACK_PREPARED', ['rollback-prepared', 'postgres:rollback-prepared', 'takes back the handed-over']],
]);

/** BEGIN, COMMIT, ROLLBACK, savepoints and two-phase commit. The gate owns all of them. */
export const frameReaders: Readers = {
  TransactionStmt: (tree, reading) => {
    const known = acts.get(textIn(tree, 'kind') ?? '');
    if (known === undefined) throw new Unread('it moves the transaction in a way that is not known here');
    const [act, operation, words] = known;
    const name = textIn(tree, 'savepoint_name') ?? textIn(tree, 'gid');
    reading.facts.frame = Object.freeze({
      act,
      ...(name === undefined ? {} : { name }),
      chain: flagIn(tree, 'chain'),
      modes: modesIn(listIn(tree, 'options')),
    });
    const sentence = name === undefined ? words : `${words} ${quoted(name)}`;
    // What was handed over outlives the session, and ends by a statement in any other one.
    const destroys = act === 'rollback-prepared';
    reading.part({ operation, class: 'frame', destroys, inverse: destroys ? 'lost' : 'nothing', sentence });
  },
  ConstraintsSetStmt: (tree, reading) => {
    for (const one of listIn(tree, 'constraints')) nameConstraint(one, reading);
    const when = flagIn(tree, 'deferred') ? 'at the end of the transaction' : 'now';
    reading.part({ operation: 'postgres:set-constraints', sentence: `checks deferrable constraints ${when}` });
  },
};

function nameConstraint(value: unknown, reading: Reading): void {
  const relation = tagged(value);
  if (relation?.kind !== 'RangeVar') throw new Unread('a constraint has no plain name');
  const schema = textIn(relation.tree, 'schemaname');
  const name = textIn(relation.tree, 'relname') ?? '';
  reading.object('constraint', schema === undefined ? [name] : [schema, name]);
}

/** ISOLATION LEVEL, READ ONLY or WRITE, DEFERRABLE of BEGIN and SET TRANSACTION; the last one said counts. */
export function modesIn(options: readonly unknown[]): TransactionModes {
  const modes: { isolation?: string; readOnly?: boolean; deferrable?: boolean } = {};
  for (const one of options) {
    const element = tagged(one);
    const name = element === undefined ? undefined : textIn(element.tree, 'defname');
    const value = element === undefined ? undefined : constantOf(element.tree['arg']);
    if (value === undefined) throw new Unread('a transaction mode is not known here');
    if (name === 'transaction_isolation') modes.isolation = value;
    else if (name === 'transaction_read_only') modes.readOnly = isOn(value);
    else if (name === 'transaction_deferrable') modes.deferrable = isOn(value);
    else throw new Unread('a transaction mode is not known here');
  }
  return Object.freeze(modes);
}

function isOn(value: string): boolean {
  return value !== '0' && value !== 'false';
}

/** Whether a boolean option of a DefElem is on: bare, or with any value but PostgreSQL's words for off. */
export function optionOn(element: Tree): boolean {
  const argument = tagged(element['arg']);
  if (argument === undefined) return true;
  const value = constantOf(element['arg']);
  return value === undefined || !['0', 'false', 'off'].includes(value.toLowerCase());
}
