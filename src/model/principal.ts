/** Who acts. Every kind takes the same road; the policy differs. */
export type PrincipalKind = 'human' | 'ci' | 'agent';

export interface Principal {
  readonly kind: PrincipalKind;
  /** Stable id, `pr_…`. */
  readonly id: string;
  /** What people call it: `cursor`, `jane`. Unique among principals. */
  readonly name: string;
}
