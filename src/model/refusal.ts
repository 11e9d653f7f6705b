/** Why nothing was done. Each gate says it in its protocol's own tongue. */
export const refusalCodes = [
  'HELD',
  'SCHEDULED',
  'DENIED',
  'FROZEN',
  'BAD_TOKEN',
  'BAD_REQUEST',
  'EXPOSED_CREDENTIAL',
  'OUTCOME_UNKNOWN',
  'UNAVAILABLE',
] as const;

export type RefusalCode = (typeof refusalCodes)[number];

export interface Refusal {
  readonly code: RefusalCode;
  /** What would have happened and why it did not. Written by us; holds no agent text. */
  readonly detail: string;
  /** What to do now. */
  readonly hint: string;
  /** Public id of the hold that asks the human, where there is one. */
  readonly hold?: string;
  readonly reasons?: readonly string[];
}

/** Carries a Refusal through code that cannot go on. Everything else that is thrown counts as `UNAVAILABLE`. */
export class Refused extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal, options?: ErrorOptions) {
    super(`${refusal.code}: ${refusal.detail}`, options);
    this.name = 'Refused';
    this.refusal = refusal;
  }
}

const stopAndAsk = 'stop here; tell the person you work for what you wanted and why; do not try another way';

export function refuse(
  code: RefusalCode,
  detail: string,
  hint: string = stopAndAsk,
  more: Partial<Refusal> = {},
): Refused {
  return new Refused({ code, detail, hint, ...more });
}

/** The Refusal in whatever was thrown; anything that is not ours becomes `UNAVAILABLE`, with no inner text shown. */
export function refusalIn(thrown: unknown): Refusal {
  if (thrown instanceof Refused) return thrown.refusal;
  return {
    code: 'UNAVAILABLE',
    detail: 'holdpoint could not carry this through, so nothing was sent',
    hint: 'tell the person you work for; the daemon keeps the cause in its diagnostics',
  };
}
