import { z } from 'zod';

/** What several parts of `holdpoint.yaml` are written in. */

export const slug = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,39}$/, 'a name is lower-case letters, digits and hyphens, beginning with a letter');
export const duration = z
  .string()
  .regex(/^\d{1,9}(s|m|h|d)$/, { error: 'a duration is a number and s, m, h or d: 48h', abort: true })
  .refine((text) => milliseconds(text) <= 366 * 86_400_000, 'a duration is at most 366 days');
export const size = z
  .string()
  .regex(/^\d{1,6}(MB|GB)$/, { error: 'a size is a number and MB or GB: 2GB', abort: true })
  .refine((text) => bytesOf(text) > 0, 'a size is more than nothing');
/** `vault:<name>` */
export const vaultEntry = z
  .string()
  .regex(/^vault:[a-z][a-z0-9-]{0,39}$/, 'a credential is `vault:<name>`; secrets never stand in this file');

/** Of a database the path is its name. True also for what is no address at all, which has an error of its own. */
export function isOrigin(text: string): boolean {
  const url = URL.parse(text);
  if (url !== null && /^postgres(ql)?:$/.test(url.protocol))
    return url.username === '' && url.password === '' && /^\/[^/]+$/.test(url.pathname) && url.hash === '';
  return url === null || (url.pathname === '/' && url.search === '' && url.hash === '');
}

/** Milliseconds of `48h`, `15m`, `3d`. */
export function milliseconds(text: string): number {
  const [, digits, letter] = /^(\d+)([smhd])$/.exec(text) ?? [];
  const unit = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }[letter ?? ''];
  const count = Number(digits);
  if (unit === undefined || !Number.isSafeInteger(count)) throw new RangeError(`\`${text}\` is not a duration`);
  return count * unit;
}

/** Bytes of `500MB`, `2GB`. */
export function bytesOf(text: string): number {
  const [, digits, unit] = /^(\d+)(MB|GB)$/.exec(text) ?? [];
  return Number(digits ?? 0) * (unit === 'GB' ? 1024 ** 3 : 1024 ** 2);
}
