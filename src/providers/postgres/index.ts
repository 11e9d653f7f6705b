import { proveCommit } from './prove.ts';
import { putBackAdded } from './put-back.ts';
import { readMessage, readTransaction } from './reading.ts';
import type { Provider } from '../../contract/provider.ts';
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
    putBack: putBackAdded,
  } satisfies Provider);
}
