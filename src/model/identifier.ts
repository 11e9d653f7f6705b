import { randomBytes, randomUUID } from 'node:crypto';

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
  return `${prefix}_${text}${sixteenRandom()}`;
}

/** `length` characters of Crockford's base 32, each an independent 5 random bits. */
export function randomCharacters(length: number): string {
  let text = '';
  for (const byte of randomBytes(length)) text += crockford.charAt(byte & 31);
  return text;
}

/**
 * 16 characters out of 80 random bits. Node keeps randomness ready for UUIDs, while asking the system for ten bytes costs
 * a write more than naming it should; of a version 4 UUID only its third and fourth group are not all random.
 */
function sixteenRandom(): string {
  const uuid = randomUUID();
  const hex = uuid.slice(0, 8) + uuid.slice(-12);
  let text = '';
  for (let index = 0; index < 20; index += 5) {
    const bits = Number.parseInt(hex.slice(index, index + 5), 16);
    for (const shift of [15, 10, 5, 0]) text += crockford.charAt((bits >> shift) & 31);
  }
  return text;
}
