import { actionsOf } from './actions.ts';
import { statementOf } from './reading.ts';
import { samples } from './samples.ts';
import { commonNames } from './trusted.ts';
import type { OperationClass } from '../../contract/provider.ts';
import { operations, type Operation, type Sql, type Statement } from '../../languages/sql/index.ts';
import type { Action, Trait } from '../../model/action.ts';
import { postgresMessage, type PostgresMessage } from '../../model/postgres-message.ts';
import { refuse } from '../../model/refusal.ts';
import { worst } from '../../model/reversibility.ts';

/** What texts are read as where no server is there to say: the newest that the grammar knows. */
export const newestMajor = 18;

/** Every operation with the class that it has by form, before its names are resolved: what reads statements, reads these. */
export function catalogueOf(sql: Sql): readonly OperationClass[] {
  return Object.freeze(operations.map((operation) => Object.freeze(classOf(sql, operation))));
}

/** Decided by code that only the server has, or at run time. */
const decidedLater: ReadonlySet<Operation> = new Set<Operation>(['postgres:call', 'postgres:do', 'postgres:execute']);

/** Taken by no gate, whatever a scope says: two-phase commit leaves a transaction that nobody owns, SET ROLE another role. */
const neverTaken: ReadonlySet<Operation> = new Set<Operation>([
  'postgres:commit-prepared',
  'postgres:prepare-transaction',
  'postgres:rollback-prepared',
  'postgres:set-role',
]);

function classOf(sql: Sql, operation: Operation): OperationClass {
  const text = samples[operation];
  if (text === undefined) return { operation, ...unclear };
  const message = offlineMessage(text);
  if (neverTaken.has(operation))
    return { operation, ...unclear, resolver: 'none', why: 'no gate takes it: what it leads to is not followed' };
  if (decidedLater.has(operation)) return { operation, ...unclear };
  const found = actionsOf({ message, statement: statementOf(sql, message) }, 'alone').filter(
    (one) => one.operation === operation,
  );
  if (found.length === 0) return { operation, ...unclear };
  return {
    operation,
    reversibility: worst(found.map((one) => one.reversibility)),
    traits: [...new Set<Trait>(found.flatMap((one) => one.traits))],
    why: found.map((one) => withoutNames(one.why)).join('; '),
    resolver: 'live',
  };
}

const unclear = {
  reversibility: 'unknown',
  traits: [],
  why: 'it is not understood, or decided only when it runs',
  resolver: 'live',
} as const;

/** A text on nobody's database, for `explain`. */
export function offlineMessage(text: string): PostgresMessage {
  return postgresMessage({ entry: 'offline', major: newestMajor }, 'statement', text, 'simple');
}

/**
 * What a text would do by its form, for `explain`: one or several statements. Nobody resolves its names, so a function
 * that is not by its name one of PostgreSQL's own that only compute is `unknown`. Throws `Refused` (`BAD_REQUEST`).
 */
export function actionsIn(sql: Sql, text: string): readonly Action[] {
  const message = offlineMessage(text);
  const settings = { standardConformingStrings: true, clientEncoding: 'UTF8', serverMajor: newestMajor };
  const statements = sql.read(text, settings);
  if (statements.length === 0) throw refuse('BAD_REQUEST', 'there is no statement in this text');
  return statements.flatMap((statement) => {
    const stranger = strangerIn(statement);
    const taken = neverTaken.has(statement.verb);
    return actionsOf({ message, statement }, 'alone').map((action): Action => {
      if (taken) return { ...action, reversibility: 'unknown', why: `${action.why}; no gate takes it` };
      if (stranger === undefined) return action;
      const why = `${action.why}; what \`${stranger}\` does, only the server can say`;
      return { ...action, reversibility: 'unknown', why };
    });
  });
}

function strangerIn({ names }: Statement): string | undefined {
  const found = names.functions.find(({ path }) => {
    const [schema, bare] = path.length > 1 ? path.slice(-2) : ['pg_catalog', path[0]];
    return schema !== 'pg_catalog' || !commonNames.has(bare ?? '');
  });
  return found?.path.join('.');
}

/** A sample's own names say nothing of the operation. */
function withoutNames(sentence: string): string {
  return sentence.replaceAll(/`[^`]*`/g, '…');
}
