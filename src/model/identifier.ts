import { randomBytes } from 'node:crypto';

const crockford = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/**
 * Kinds of id: `hp` a hold, `cl` a clearance, `im` a before-image, `pr` a principal, `tk` a token, `sg` a signer, `lk` a
 * goal lock, `al` an alarm.
 */
export type IdPrefix = 'hp' | 'cl' | 'im' | 'pr' | 'tk' | 'sg' | 'lk' | 'al';

/** A prefixed ULID: `hp_` and 26 Crockford characters; sorts by time of making. */
export function newId(prefix: IdPrefix, now: number = Date.now()): string {
  let text = '';
  let time = now;
  for (let index = 0; index < 10; index++) {
    text = crockford.charAt(time % 32) + text;
    time = Math.floor(time / 32);
  }
  return `${prefix}_${text}${randomCharacters(16)}`;
}

/** `length` characters of Crockford's base 32, each an independent 5 random bits. */
export function randomCharacters(length: number): string {
  let text = '';
  for (const byte of randomBytes(length)) text += crockford.charAt(byte & 31);
  return text;
}
