import { randomUUID } from 'node:crypto';
import { isObject } from '../arguments.ts';
import { type Look, looked } from './image.ts';
import type { Looking } from '../../../contract/lookup.ts';
import { digestOf } from '../../../model/digest.ts';
import type { Json, JsonObject } from '../../../model/json.ts';

/**
 * How it can be asked later whether an act wrote what it should: where to look, and each written member as a salted
 * hash, since what is written can be a secret and the question is kept in the clear.
 */
export function stateIntent(look: Look, wrote: JsonObject): JsonObject {
  // 122 random bits; Node keeps randomness ready for these, while asking the system for bytes would keep the act waiting.
  const salt = randomUUID();
  const hashes = Object.entries(wrote).map(([member, value]) => [member, hashOf(salt, value)] as const);
  return { kind: 'state', look: look as unknown as Json, salt, wrote: Object.fromEntries(hashes) };
}

/** All written members are there ⇒ done; none of them is ⇒ failed. */
export function* stateWritten(intent: JsonObject): Looking<'done' | 'failed' | 'unknown'> {
  const { look, salt, wrote } = intent;
  if (!isObject(look) || !isObject(wrote) || typeof salt !== 'string') return 'unknown';
  const record = yield* looked(look as unknown as Look, 'whether it was written');
  const members = Object.entries(wrote);
  if (record === undefined || members.length === 0) return 'unknown';
  const written = members.filter(([member, hash]) => hashOf(salt, record[member]) === hash).length;
  return written === members.length ? 'done' : written === 0 ? 'failed' : 'unknown';
}

/** Absent is null, as in `same`. */
function hashOf(salt: string, value: Json | undefined): string {
  return digestOf('holdpoint/railway-wrote/v1', [salt, value ?? null]);
}
