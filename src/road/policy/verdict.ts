import type { Rule } from './rules.ts';
import type { Decision } from '../../model/decision.ts';

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

/** What is known of one question, by level of signing. Nothing broken is ever in it. */
export interface Known {
  readonly verdicts: Map<number, Verdict>;
  /** What was decided when this was the only question. */
  readonly decisions: Map<number, Decision>;
}

/** A level of signing as one number. */
export function levelOf(signed: Signed): number {
  return signed.signatures * 2 + (signed.typedFact ? 1 : 0);
}
