import { BeforeTransactions } from './before.ts';
import { actionsIn, catalogueOf, offlineMessage } from './catalogue.ts';
import { introspectionOf } from './introspection.ts';
import { indexesImageIn, putBackIndexes } from './objects/dropped-indexes.ts';
import { withSequences } from './objects/restarted.ts';
import { presets } from './presets.ts';
import { proveCommit } from './prove.ts';
import { putBackAdded } from './put-back.ts';
import { rowsBeside } from './rows/beside.ts';
import { rowsImageIn } from './rows/image.ts';
import { putBackRows } from './rows/put-back.ts';
import { readMessage, readTransaction } from './reading.ts';
import { repeatable } from './repeatable.ts';
import { FitRoles } from './roles.ts';
import { Multixacts } from './rows/multixacts.ts';
import type { Remembering } from './remembering.ts';
import type { OperationClass, Provider, Reading } from '../../contract/provider.ts';
import type { Sql } from '../../languages/sql/index.ts';
import type { PostgresMessage } from '../../model/postgres-message.ts';

/** PostgreSQL by its own grammar and its own catalogue. Remembers for a while which roles are fit for agents. */
export function postgresProvider(sql: Sql): Provider & Required<Pick<Provider, 'readInside' | 'readPlan'>> {
  const memory: Memory = {
    roles: new FitRoles(),
    transactions: new BeforeTransactions(),
    multixacts: new Multixacts(),
  };
  let catalogue: readonly OperationClass[] | undefined;
  return Object.freeze({
    name: 'postgres',
    hosts: [],
    // Made when it is first looked at: what only wants the name of a provider need not wait for it.
    get catalogue() {
      return (catalogue ??= catalogueOf(sql));
    },
    presets,
    credentialHeaders: [],
    looksLikeCredential: (text) => /^postgres(?:ql)?:\/\/[^\s:@/]+:[^\s@]+@/i.test(text),
    language: 'sql',
    messageOf: (text) => offlineMessage(text),
    actionsIn: (text) => actionsIn(sql, text),
    read: (message) => repeatable(sql, message, 'alone', known(memory, readMessage(sql, message, 'alone'))),
    readInside: (message) => repeatable(sql, message, 'inside', known(memory, readMessage(sql, message, 'inside'))),
    readPlan: (plan) => known(memory, readTransaction(sql, plan)),
    prove: proveCommit,
    introspection: introspectionOf(sql),
    *putBack(image, { undoneBefore = [], undoLine = false, toSchema }) {
      const rows = rowsImageIn(image);
      if (rows !== undefined && toSchema !== undefined) return yield* rowsBeside(rows, toSchema);
      const indexes = indexesImageIn(image);
      if (indexes !== undefined) return yield* putBackIndexes(indexes);
      if (rows === undefined) return yield* putBackAdded(image);
      return yield* withSequences(rows, yield* putBackRows(rows, undoLine, undoneBefore));
    },
  } satisfies Provider);
}

/** What is remembered between one statement and the next. */
interface Memory {
  readonly roles: FitRoles;
  readonly transactions: BeforeTransactions;
  readonly multixacts: Multixacts;
}

/**
 * The same reading, with what is remembered. For agents it is of sessions alone whose role they may have: whatever is
 * resolved, the role is looked at first.
 */
function known({ roles, transactions, multixacts }: Memory, reading: Reading): Reading {
  return {
    ...reading,
    *resolve(context) {
      const [first] = reading.plan.steps;
      if (first !== undefined && context.principal !== 'human') yield* roles.require(first as PostgresMessage);
      const before =
        first === undefined ? undefined : yield* multixacts.before(first as PostgresMessage, reading, context);
      const remembering: Remembering = {
        ...context,
        transactions,
        ...(before === undefined ? {} : { multixact: before }),
      };
      return yield* reading.resolve(remembering);
    },
  };
}
