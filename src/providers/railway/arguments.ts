import type { Json, JsonObject } from '../../model/json.ts';

/**
 * Arguments of a mutation, and those of its `input` object where no argument has that name: an `input` of the scalar JSON
 * holds whatever the caller likes, an `environmentId` that Railway never looks at included.
 */
export function flat(args: JsonObject): JsonObject {
  const { input } = args;
  return isObject(input) ? { ...input, ...args } : args;
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

/** The first of the named arguments that is a text. */
export function textOf(args: JsonObject, ...names: readonly string[]): string | undefined {
  const values = flat(args);
  for (const name of names) {
    const value = values[name];
    if (typeof value === 'string') return value;
  }
  return undefined;
}

/** Whether an argument was given at all, null included. */
export function given(args: JsonObject, name: string): boolean {
  return flat(args)[name] !== undefined;
}

/** Names and new values that a variable mutation writes; null where it deletes. */
export function writtenVariables(operation: string, args: JsonObject): { readonly [name: string]: string | null } {
  const values = flat(args);
  const name = values['name'];
  if (operation === 'variableDelete') return typeof name === 'string' ? { [name]: null } : {};
  if (operation === 'variableUpsert') {
    const value = values['value'];
    return typeof name === 'string' && typeof value === 'string' ? { [name]: value } : {};
  }
  return variableMap(values['variables']);
}

/** A map of variables, as the EnvironmentVariables scalar carries it. */
export function variableMap(value: Json | undefined): { readonly [name: string]: string | null } {
  if (!isObject(value)) return {};
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      member === null || member === undefined ? null : typeof member === 'string' ? member : JSON.stringify(member),
    ]),
  );
}
