/** JSON as the double stores it, and strict ways to read a named member. A wrong shape throws: the schema promised otherwise. */

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

export interface JsonObject {
  readonly [key: string]: Json;
}

/** One record of the double's state. */
export interface Row extends JsonObject {
  readonly id: string;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function text(from: JsonObject, key: string): string {
  const value = from[key];
  if (typeof value !== 'string') throw new TypeError(`\`${key}\` is not a string`);
  return value;
}

export function maybeText(from: JsonObject, key: string): string | null {
  const value = from[key];
  return typeof value === 'string' ? value : null;
}

export function int(from: JsonObject, key: string): number {
  const value = from[key];
  if (typeof value !== 'number') throw new TypeError(`\`${key}\` is not a number`);
  return value;
}

export function maybeInt(from: JsonObject, key: string): number | null {
  const value = from[key];
  return typeof value === 'number' ? value : null;
}

export function flag(from: JsonObject, key: string): boolean {
  return from[key] === true;
}

export function list(from: JsonObject, key: string): readonly Json[] {
  const value = from[key];
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}

export function texts(from: JsonObject, key: string): readonly string[] {
  return list(from, key).filter((item): item is string => typeof item === 'string');
}

export function object(from: JsonObject, key: string): JsonObject {
  const value = from[key];
  return isObject(value) ? value : {};
}

/** The members of `from` named in `keys` that are there at all; `null` counts as there. */
export function pick(from: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(keys.flatMap((key) => (from[key] === undefined ? [] : [[key, from[key]]])));
}

/** Copies plain data, dropping `undefined` members and the null prototypes that graphql-js gives argument objects. */
export function plain(value: unknown): Json {
  if (value === undefined || value === null) return null;
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Date) return value.toISOString();
  if (typeof value !== 'object') return null;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, member]) => (member === undefined ? [] : [[key, plain(member)]])),
  );
}

/** Member-order-free text of a value, for comparing. */
export function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(canonical).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const members = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonical(value[key] ?? null)}`);
  return `{${members.join(',')}}`;
}

/** Lays `patch` over `base`, objects member by member, everything else replaced. */
export function merged(base: Json, patch: Json): Json {
  if (!isObject(base) || !isObject(patch)) return patch;
  const result: Record<string, Json> = { ...base };
  for (const [key, value] of Object.entries(patch)) result[key] = merged(result[key] ?? null, value);
  return result;
}
