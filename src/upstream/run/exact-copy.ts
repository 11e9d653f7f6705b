import type { Json, JsonObject } from '../../model/json.ts';
import type { Message } from '../../model/plan.ts';

/**
 * A message as it stands now, in memory that nobody else holds: bytes copied, members read once, all of it frozen. What
 * is judged at this moment is what is sent later, whatever becomes of the original. Throws for what is no JSON or bytes.
 */
export function exactCopy(message: Message): Message {
  return copyOf(message) as Message;
}

function copyOf(value: unknown): Json {
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (Array.isArray(value)) return Object.freeze(value.map((item: unknown) => copyOf(item)));
  if (typeof value === 'object' && value !== null) {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) throw new TypeError('a message holds plain values only');
    const copy: { [name: string]: Json } = {};
    for (const name of Object.keys(value)) {
      const member: unknown = (value as { [name: string]: unknown })[name];
      // Assigning to it would set the prototype.
      if (name === '__proto__') throw new TypeError('a message has no member of that name');
      if (member !== undefined) copy[name] = copyOf(member);
    }
    return Object.freeze(copy);
  }
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new TypeError('a message holds plain values only');
}

/**
 * Whether a message says exactly what a copy says, byte for byte. Stricter than equal digests: bytes are never equal to
 * the text that stands for them.
 */
export function saysTheSame(copy: Json | undefined, value: unknown): boolean {
  if (copy instanceof Uint8Array) return value instanceof Uint8Array && Buffer.compare(copy, value) === 0;
  if (isList(copy)) {
    return (
      Array.isArray(value) &&
      value.length === copy.length &&
      copy.every((item, index) => saysTheSame(item, value[index]))
    );
  }
  if (typeof copy === 'object' && copy !== null) return sameMembers(copy, value);
  return Object.is(copy, value);
}

function sameMembers(copy: JsonObject, value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Uint8Array) return false;
  let same = 0;
  for (const name of Object.keys(value)) {
    const member: unknown = (value as { [name: string]: unknown })[name];
    if (member === undefined) continue;
    if (!Object.hasOwn(copy, name) || !saysTheSame(copy[name], member)) return false;
    same++;
  }
  return same === Object.keys(copy).length;
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}
