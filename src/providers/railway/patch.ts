import type { Json } from '../../model/json.ts';
import { holdsCredential } from './sensitive.ts';
import { readStrictJson } from '../../languages/graphql/index.ts';

/** What an EnvironmentConfig or RailwayChangeSet would take away or run, as far as its opaque JSON says. */
export interface PatchReading {
  /** Paths of deletions and nulls: `volumes.<id>.isDeleted`. */
  readonly deletions: readonly string[];
  /** Paths that decide which code runs. */
  readonly code: readonly string[];
  readonly variables: readonly string[];
  /** Everything else that it sets: the way to it, and the value as text. */
  readonly settings: readonly (readonly [path: string, value: string])[];
  /** It could not be read as an object, so it may hold anything. */
  readonly opaque: boolean;
}

const codeKeys = new Set([
  'startcommand',
  'predeploycommand',
  'buildcommand',
  'cronschedule',
  'source',
  'image',
  'repo',
  'branch',
  'dockerfilepath',
  'rootdirectory',
  'nixpacksplan',
  'railwayconfigfile',
  'configfile',
  'builder',
  'registrycredentials',
]);
const deletingKeys = /^(?:is_?deleted|deleted(?:_?at)?|delete|remove|removed|destroy|wipe|replace)$/i;
const deletingWords =
  /^(?:delete|deleted|deleting|remove|removed|destroy|detach|unset|drop|wipe|purge|reset)(?:$|[^a-z]|[A-Z])/i;

/** An intent in a change set: `volume.delete`, `removeService`. */
const deletingVerb = /delet|remov|destroy|detach|unset|drop|wipe|purge|reset|disconnect|clear/i;

/** Reads the JSON scalar, also when it was passed as a string. */
export function readPatch(value: Json | undefined): PatchReading {
  const parsed = typeof value === 'string' ? parsedString(value) : value;
  if (typeof parsed !== 'object' || parsed === null) {
    return { deletions: [], code: [], variables: [], settings: [], opaque: value !== undefined && value !== null };
  }
  const found: Found = { deletions: [], code: [], variables: [], settings: [] };
  walk(parsed, [], found);
  return { ...found, opaque: false };
}

function parsedString(text: string): Json | undefined {
  try {
    return readStrictJson(text);
  } catch {
    return undefined;
  }
}

interface Found {
  readonly deletions: string[];
  readonly code: string[];
  readonly variables: string[];
  readonly settings: [path: string, value: string][];
}

const hidden = '(not shown)';

/** Credentials of a registry, and whatever else looks like one. */
function letsIn(path: readonly string[], value: Json): boolean {
  return (
    path.some((step) => step.toLowerCase() === 'registrycredentials') ||
    path.some((step) => holdsCredential(step)) ||
    (typeof value === 'string' && holdsCredential('', value))
  );
}

/** Below a variable's name lies its value, which is never shown. */
function isVariable(path: readonly string[]): boolean {
  return path.slice(0, -1).some((step) => step === 'variables' || step === 'sharedVariables');
}

function walk(value: Json, path: readonly string[], found: Found): void {
  const here = path.join('.');
  if (value === null) {
    found.deletions.push(here);
    return;
  }
  if (Array.isArray(value)) {
    value.forEach((item: Json, index) => walk(item, [...path, String(index)], found));
    return;
  }
  if (
    typeof value === 'string' &&
    ['op', 'kind', 'type', 'action', 'state'].includes(path.at(-1)?.toLowerCase() ?? '')
  ) {
    if (deletingVerb.test(value)) found.deletions.push(here);
  }
  if (typeof value !== 'object') {
    if (!isVariable(path)) found.settings.push([here, letsIn(path, value) ? hidden : String(value)]);
    return;
  }
  if (value instanceof Uint8Array) return;
  for (const [key, member] of Object.entries(value)) {
    if (member === undefined) continue;
    const at = [...path, key].join('.');
    if (deletingKeys.test(key) && member !== false) found.deletions.push(at);
    if (deletingWords.test(key) && typeof member === 'object') found.deletions.push(at);
    if (codeKeys.has(key.toLowerCase())) found.code.push(at);
    if (path.at(-1) === 'variables' || path.at(-1) === 'sharedVariables') found.variables.push(at);
    walk(member, [...path, key], found);
  }
}
