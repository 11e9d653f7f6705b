import type { Provider } from '../contract/provider.ts';
import { openSql } from '../languages/sql/index.ts';
import { postgresProvider } from '../providers/postgres/index.ts';
import { railway } from '../providers/railway/index.ts';

/** PostgreSQL's grammar: WebAssembly, opened once. */
export const sql = await openSql();

export const postgres = postgresProvider(sql);

/** Every provider there is. A new one is its folder and its name here. */
export const providers: readonly Provider[] = Object.freeze([railway, postgres]);

/** Hosts that are judged, never tunnelled. */
export const claimed: readonly string[] = providers.flatMap((one) => one.hosts);
