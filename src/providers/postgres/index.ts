import { proveCommit } from './prove.ts';
import { readMessage, readTransaction } from './reading.ts';
import type { Looking } from '../../contract/lookup.ts';
import type { Provider, PutBack } from '../../contract/provider.ts';
import { operations, type Sql } from '../../languages/sql/index.ts';

/** PostgreSQL by its own grammar and its own catalogue. */
export function postgresProvider(sql: Sql): Provider & Required<Pick<Provider, 'readInside' | 'readPlan'>> {
  return Object.freeze({
    name: 'postgres',
    hosts: [],
    catalogue: operations.map((operation) => ({
      operation,
      reversibility: 'unknown' as const,
      traits: [],
      why: operation,
      resolver: 'live' as const,
    })),
    presets: { 'postgres:all': operations },
    credentialHeaders: [],
    looksLikeCredential: () => false,
    read: (message) => readMessage(sql, message, 'alone'),
    readInside: (message) => readMessage(sql, message, 'inside'),
    readPlan: (plan) => readTransaction(sql, plan),
    prove: proveCommit,
    *putBack(): Looking<PutBack> {
      yield* [];
      return { plans: [], conflicts: [], notUndone: ['nothing was captured'] };
    },
  } satisfies Provider);
}
