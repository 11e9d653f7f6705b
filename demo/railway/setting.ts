import { flag, isObject, type Json, type JsonObject, type Row } from './json.ts';
import type { Call } from './world.ts';

export interface VariablePlace {
  readonly projectId: string;
  readonly environmentId: string;
  /** null is the environment's shared variables. */
  readonly serviceId: string | null;
}

export function isAt(row: Row, place: VariablePlace): boolean {
  return row['environmentId'] === place.environmentId && (row['serviceId'] ?? null) === place.serviceId;
}

/** Sets one variable; a value is text or, in an environment's configuration, `{value, isSealed}`. */
export function setVariable(call: Call, place: VariablePlace, name: string, given: Json): void {
  const value = isObject(given) ? (given['value'] ?? '') : given;
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
    throw new Error(`variable \`${name}\` has no text value`);
  }
  const fields: JsonObject = {
    value: String(value),
    references: referencesIn(String(value)),
    ...(isObject(given) && given['isSealed'] !== undefined ? { isSealed: flag(given, 'isSealed') } : {}),
  };
  const row = call.state.find('variables', (found) => isAt(found, place) && found['name'] === name);
  if (row === undefined) call.state.insert('variables', { ...place, name, isSealed: false, ...fields });
  else call.state.update('variables', row.id, fields);
}

/** `${{ service.NAME }}` and `${{ shared.NAME }}`, without the braces. */
export function referencesIn(value: string): readonly string[] {
  return [...value.matchAll(/\$\{\{\s*(?<name>[^}]+?)\s*\}\}/gu)].map((match) => match.groups?.['name'] ?? '');
}
