import type { Context } from 'hono';
import type { Refusal, RefusalCode } from '../../model/refusal.ts';

const statusOf: { readonly [code in RefusalCode]: 400 | 401 | 403 | 202 | 502 | 503 } = {
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

/** The RFC 9457 problem document of a refusal. */
export function problem(c: Context, refusal: Refusal): Response {
  const body = {
    type: `https://holdpoint.dev/problems/${refusal.code.toLowerCase()}`,
    title: refusal.code,
    status: statusOf[refusal.code],
    ...refusal,
    code: `HOLDPOINT_${refusal.code}`,
  };
  return c.json(body, statusOf[refusal.code], { 'content-type': 'application/problem+json' });
}
