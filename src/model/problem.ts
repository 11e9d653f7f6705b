import type { Refusal, RefusalCode } from './refusal.ts';

/** HTTP status under which each refusal is said. */
const statuses = {
  HELD: 403,
  SCHEDULED: 202,
  DENIED: 403,
  FROZEN: 403,
  BAD_TOKEN: 401,
  BAD_REQUEST: 400,
  EXPOSED_CREDENTIAL: 403,
  OUTCOME_UNKNOWN: 502,
  UNAVAILABLE: 503,
} as const satisfies { readonly [code in RefusalCode]: number };

const titles: { readonly [code in RefusalCode]: string } = {
  HELD: 'Held for a human',
  SCHEDULED: 'Scheduled, not done yet',
  DENIED: 'Denied',
  FROZEN: 'Frozen',
  BAD_TOKEN: 'No valid agent token',
  BAD_REQUEST: 'Not understood',
  EXPOSED_CREDENTIAL: 'Exposed credential',
  OUTCOME_UNKNOWN: 'Outcome unknown',
  UNAVAILABLE: 'Unavailable',
};

export const problemType = 'application/problem+json';

/** An RFC 9457 problem document; `code`, `hint`, `hold` and `reasons` are extension members. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: (typeof statuses)[RefusalCode];
  readonly detail: string;
  /** `HOLDPOINT_HELD` */
  readonly code: string;
  readonly hint: string;
  readonly hold?: string;
  readonly reasons?: readonly string[];
}

/** The problem document of a refusal, the same at every door that speaks HTTP. */
export function problemOf(refusal: Refusal): Problem {
  const { code, detail, hint, hold, reasons } = refusal;
  return {
    type: `https://holdpoint.dev/problems/${code}`,
    title: titles[code],
    status: statuses[code],
    detail,
    code: `HOLDPOINT_${code}`,
    hint,
    ...(hold === undefined ? {} : { hold }),
    ...(reasons === undefined ? {} : { reasons }),
  };
}
