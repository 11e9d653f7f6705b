import type { BeforeTransactions } from './before.ts';
import type { ResolveContext } from '../../contract/provider.ts';

/** What is resolved with, beside what the road says. */
export type Remembering = ResolveContext & {
  readonly transactions: BeforeTransactions;
  /** The first multixact that the transaction's own can be; undefined where nobody asked in time. */
  readonly multixact?: string;
};
