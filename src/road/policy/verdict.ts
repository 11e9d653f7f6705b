import type { Rule } from './rules.ts';

/** What a human has brought: different people's signatures over exactly this, and the varying fact typed. */
export interface Signed {
  readonly signatures: number;
  readonly typedFact: boolean;
}

/** What Cedar said of one question at one level of signing. */
export type Verdict =
  | { readonly kind: 'permit' | 'forbid'; readonly rules: readonly Rule[] }
  /** An evaluation error, an exception or a fact that does not fit the schema: never an allow. */
  | { readonly kind: 'broken'; readonly detail: string };
