import { readAnswer } from './ask.ts';
import { isObject } from './arguments.ts';
import { answerLimits, readStrictJson } from '../../languages/graphql/index.ts';
import type { Answer } from '../../contract/upstream.ts';
import { httpAnswer } from '../../model/http-message.ts';
import type { Json } from '../../model/json.ts';

/**
 * What the answer of an effect proves. `errors` with no data at all ⇒ nothing ran to its end; data beside errors, an
 * error beneath the root field (it ran, and null spread upwards), a server error or no GraphQL ⇒ unknown. With several root fields an error leaves open what the others did.
 */
export function outcomeOf(answer: Answer, rootFields: number): 'done' | 'failed' | 'unknown' {
  const { status, body } = httpAnswer(answer);
  if (status >= 500) return 'unknown';
  const read = readAnswer(answer);
  if (!read.readable) return batchOutcome(body) ?? (status >= 400 ? 'failed' : 'unknown');
  if (read.errors.length === 0)
    return status < 300 && read.data !== null ? 'done' : status >= 400 ? 'failed' : 'unknown';
  const nothing = read.data === null || Object.values(read.data).every((value) => value === null);
  if (!nothing || rootFields !== 1 || read.beneath) return 'unknown';
  return read.errors.every(provesNothingRan) ? 'failed' : 'unknown';
}

/** An internal or time-out error says nothing of what was done before it. */
function provesNothingRan(message: string): boolean {
  return !/time(?:d)?[ -]?out|internal|unexpected|problem processing|unavailable|try again|gateway/i.test(message);
}

function batchOutcome(body: Uint8Array): 'done' | 'unknown' | undefined {
  try {
    const read = readStrictJson(new TextDecoder().decode(body), answerLimits);
    if (!Array.isArray(read)) return undefined;
    const fine = (read as readonly Json[]).every(
      (one) => isObject(one) && one['errors'] === undefined && isObject(one['data']),
    );
    return fine ? 'done' : 'unknown';
  } catch {
    return undefined;
  }
}

const refusals =
  /not authorized|unauthorized|forbidden|permission|access denied|invalid (?:api )?token|unauthenticated|2fa required/i;

/** Railway's own refusal of the credential, in its words; undefined when it is none. */
export function providerRefusalOf(answer: Answer): string | undefined {
  const { status, body } = httpAnswer(answer);
  // Most answers cannot have a member `errors`, and are not read for it.
  const errors = mayHaveErrors(body) ? readAnswer(answer).errors : [];
  const refused = errors.find((message) => refusals.test(message));
  if (refused !== undefined) return refused.replaceAll(/\p{C}/gu, ' ').slice(0, 200);
  return status === 401 || status === 403 ? `HTTP ${status}` : undefined;
}

/** Whether the text of a JSON answer can have a member `errors`: plainly, or spelled with an escape. */
function mayHaveErrors(body: Uint8Array): boolean {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  return bytes.includes('"errors"') || bytes.includes('\\u');
}
