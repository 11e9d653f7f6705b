import { actionsIn, catalogueOf, offlineMessage } from './catalogue.ts';
import { introspectionOf } from './introspection.ts';
import { presets } from './presets.ts';
import { proveCommit } from './prove.ts';
import { putBackAdded } from './put-back.ts';
import { readMessage, readTransaction } from './reading.ts';
import { repeatable } from './repeatable.ts';
import { FitRoles } from './roles.ts';
import type { OperationClass, Provider, Reading } from '../../contract/provider.ts';
import type { Sql } from '../../languages/sql/index.ts';
import type { PostgresMessage } from '../../model/postgres-message.ts';

/** PostgreSQL by its own grammar and its own catalogue. Remembers for a while which roles are fit for agents. */
export function postgresProvider(sql: Sql): Provider & Required<Pick<Provider, 'readInside' | 'readPlan'>> {
  const roles = new FitRoles();
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
    read: (message) => repeatable(sql, message, fitAlone(roles, readMessage(sql, message, 'alone'))),
    readInside: (message) => fitAlone(roles, readMessage(sql, message, 'inside')),
    readPlan: (plan) => fitAlone(roles, readTransaction(sql, plan)),
    prove: proveCommit,
    introspection: introspectionOf(sql),
    putBack: putBackAdded,
  } satisfies Provider);
}

/** The same reading, for sessions whose role agents may have: whatever is resolved, the role is looked at first. */
function fitAlone(roles: FitRoles, reading: Reading): Reading {
  return {
    ...reading,
    *resolve(context) {
      const [first] = reading.plan.steps;
      if (first !== undefined && context.principal !== 'human') yield* roles.require(first as PostgresMessage);
      return yield* reading.resolve(context);
    },
  };
}
