import type { GraphQLSchema } from 'graphql';
import { accountRows } from './classes/account.ts';
import { networkRows } from './classes/network.ts';
import { projectRows } from './classes/projects.ts';
import { mintingQueries, sights } from './classes/queries.ts';
import type { Row, Rows } from './classes/row.ts';
import { serviceRows } from './classes/services.ts';
import { storageRows } from './classes/storage.ts';
import type { OperationClass } from '../../contract/provider.ts';

/** Every mutation's class. */
export const mutationRows: Rows = { ...serviceRows, ...storageRows, ...networkRows, ...projectRows, ...accountRows };

/** `railway:volumeDelete`, `railway:query.variables`: one name may be both a query's and a mutation's. */
export function operationName(kind: 'query' | 'mutation', field: string): string {
  return kind === 'mutation' ? `railway:${field}` : `railway:query.${field}`;
}

/** The class of a root field before its arguments are looked at; undefined for what nobody classified. */
export function rowOf(kind: 'query' | 'mutation', field: string): Row | undefined {
  if (kind === 'mutation') {
    // Telling type names apart asks nothing of the server's state.
    if (field === '__typename') return ['read', 'nothing', 'names a type'];
    return Object.hasOwn(mutationRows, field) ? mutationRows[field] : undefined;
  }
  const minting = mintingQueries.get(field);
  if (minting !== undefined) return ['irreversible', 'account', minting, 'credential', 'privilege'];
  return sights.has(field) ? ['read', 'nothing', 'changes nothing'] : undefined;
}

/** Every root field of the schema with its class; one without a class stands as `unknown` and is denied. */
export function catalogueOf(schema: GraphQLSchema): readonly OperationClass[] {
  const mutations = Object.keys(schema.getMutationType()?.getFields() ?? {}).map((name) => entry('mutation', name));
  const queries = Object.keys(schema.getQueryType()?.getFields() ?? {}).map((name) => entry('query', name));
  const subscriptions = Object.keys(schema.getSubscriptionType()?.getFields() ?? {}).map((name): OperationClass => ({
    operation: `railway:subscription.${name}`,
    reversibility: 'read',
    traits: [],
    why: 'subscriptions are not carried: ask again by a query',
    resolver: 'none',
  }));
  // Every schema has them, and no schema lists them.
  const introspection = ['__schema', '__type', '__typename'].map((name) => entry('query', name));
  return [...mutations, ...queries, ...introspection, entry('mutation', '__typename'), ...subscriptions];
}

function entry(kind: 'query' | 'mutation', field: string): OperationClass {
  const row = rowOf(kind, field);
  const operation = operationName(kind, field);
  if (row === undefined)
    return { operation, reversibility: 'unknown', traits: [], why: 'nobody has classified it', resolver: 'none' };
  const [reversibility, target, why, ...traits] = row;
  return { operation, reversibility, traits, why, resolver: target === 'none' ? 'none' : 'live' };
}
