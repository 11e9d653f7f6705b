import type { Context } from 'hono';
import { problemOf, problemType } from '../../model/problem.ts';
import type { Refusal } from '../../model/refusal.ts';

/** The RFC 9457 problem document of a refusal, as the answer. */
export function problem(c: Context, refusal: Refusal): Response {
  const document = problemOf(refusal);
  return c.json(document, document.status, { 'content-type': problemType });
}
