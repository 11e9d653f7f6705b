import type { Provider, Tongue } from '../../contract/provider.ts';
import type { Refusal, RefusalCode } from '../../model/refusal.ts';

/** A whole answer of ours. Header names in lower case. */
export interface Spoken {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

const statuses: { readonly [code in RefusalCode]: number } = {
  HELD: 403,
  SCHEDULED: 202,
  DENIED: 403,
  FROZEN: 403,
  BAD_TOKEN: 401,
  BAD_REQUEST: 400,
  EXPOSED_CREDENTIAL: 403,
  OUTCOME_UNKNOWN: 502,
  UNAVAILABLE: 503,
};

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

/** Which tongue a request's sender understands: as its provider says, else problem documents. */
export function tongueOf(provider: Pick<Provider, 'tongue'>, message: { readonly path: string }): Tongue {
  return provider.tongue?.(message) ?? 'problem';
}

export function sayRefusal(refusal: Refusal, tongue: Tongue, status?: number): Spoken {
  return tongue === 'graphql' ? graphqlErrors(refusal) : problemDocument(refusal, status);
}

/** An RFC 9457 problem document; `code`, `hint`, `hold` and `reasons` are extension members. */
export function problemDocument(refusal: Refusal, status: number = statuses[refusal.code]): Spoken {
  const document = {
    type: `https://holdpoint.dev/problems/${refusal.code}`,
    title: titles[refusal.code],
    status,
    detail: refusal.detail,
    code: `HOLDPOINT_${refusal.code}`,
    hint: refusal.hint,
    hold: refusal.hold,
    reasons: refusal.reasons,
  };
  const headers: [string, string][] = [['content-type', 'application/problem+json']];
  if (status === 401) headers.push(['www-authenticate', 'Bearer realm="holdpoint"']);
  return { status, headers, body: JSON.stringify(document) };
}

/**
 * A GraphQL answer with one error that carries the whole instruction: Railway's command line shows nothing but
 * `errors[0].message`, and only of an HTTP 200.
 */
function graphqlErrors(refusal: Refusal): Spoken {
  const { code, hint, hold, reasons } = refusal;
  const errors = [{ message: instruction(refusal), extensions: { code: `HOLDPOINT_${code}`, hold, hint, reasons } }];
  return {
    status: 200,
    headers: [['content-type', 'application/json; charset=utf-8']],
    body: JSON.stringify({ data: null, errors }),
  };
}

/** `HELD hp_7K3QXM: this would … . Stop here; …` */
export function instruction(refusal: Refusal): string {
  const hold = refusal.hold === undefined ? '' : ` ${refusal.hold}`;
  return notRewritten(`${refusal.code}${hold}: ${stopped(refusal.detail)} ${capital(stopped(refusal.hint))}`);
}

/** Railway's command line replaces messages that have these words by advice to log in again, and drops ours. */
function notRewritten(text: string): string {
  return text
    .replaceAll(/not authorized|unauthorized/gi, 'not permitted')
    .replaceAll(/project token not found/gi, 'no such project token');
}

function stopped(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
