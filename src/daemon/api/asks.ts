import type { Context } from 'hono';
import { z } from 'zod';
import type { ApiVariables } from './context.ts';
import { actKinds } from '../../model/act.ts';
import { parseDigest } from '../../model/digest.ts';
import type { Principal } from '../../model/principal.ts';
import { refuse } from '../../model/refusal.ts';
import { requireHuman } from '../../road/identity/identity.ts';

/** The human behind a request; throws `Refused` for agents and CI. */
export function human(c: Context<ApiVariables>): Principal {
  return requireHuman(c.get('bearer'));
}

/** The JSON body, checked. Throws `Refused` (`BAD_REQUEST`) naming the first thing that is wrong. */
export async function body<T>(c: Context, schema: z.ZodType<T>): Promise<T> {
  let json: unknown;
  try {
    json = await c.req.json();
  } catch {
    throw refuse('BAD_REQUEST', 'the body is not JSON', 'see /openapi.json');
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw refuse(
    'BAD_REQUEST',
    `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not as it should be'}`,
    'see /openapi.json',
  );
}

const digest = z.string().transform((text, context) => {
  const read = parseDigest(text);
  if (read !== undefined) return read;
  context.addIssue('not 64 lower-case hex characters');
  return z.NEVER;
});

/** An Approval as it arrives; its content is checked against the hold when it is taken. */
export const approvalSchema = z.strictObject({
  statement: z.strictObject({
    digest,
    hold: z.string(),
    verdict: z.enum(['approve', 'deny']),
    mode: z.enum(['now', 'delayed']),
    notBefore: z.iso.datetime(),
    notAfter: z.iso.datetime(),
    typed: z.string().max(500),
    signer: z.string(),
    number: z.string(),
    signedAt: z.iso.datetime(),
    note: z.string().max(280).exactOptional(),
  }),
  signature: z.string(),
});

export const actSchema = z.strictObject({
  statement: z.strictObject({
    kind: z.enum(actKinds),
    body: z.record(z.string(), z.json()),
    signer: z.string(),
    signedAt: z.iso.datetime(),
    number: z.string(),
  }),
  signature: z.string(),
});
