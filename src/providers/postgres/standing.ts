import type { Row } from './ask.ts';
import { harmlessWriters, knownExtensions, mislabelled, pureOfExtensions, pureVolatile } from './trusted.ts';

/**
 * What code does, worst last.
 * - `pure`: changes nothing
 * - `rolls-back`: whatever it changes, the transaction can take back
 * - `unknown`: nobody here can say
 */
export type Standing = 'pure' | 'rolls-back' | 'unknown';

const order: readonly Standing[] = ['pure', 'rolls-back', 'unknown'];

export function worse(left: Standing, right: Standing): Standing {
  return order.indexOf(left) >= order.indexOf(right) ? left : right;
}

/** A function as the catalogue has it. */
export interface Definition {
  /** `schema.name`. */
  readonly name: string;
  readonly bare: string;
  readonly system: boolean;
  readonly language: string;
  readonly volatile: boolean;
  readonly definer: boolean;
  readonly owner: string;
  /** `search_path=…`, its own. */
  readonly path: string | undefined;
  /** It sets something else than search_path. */
  readonly sets: boolean;
  readonly extension: string | undefined;
  /** CREATE FUNCTION, where its body is text that can be read. */
  readonly text: string | undefined;
  /** Its body was parsed when it was made: BEGIN ATOMIC or RETURN. */
  readonly parsed: boolean;
  /** Oids of the functions that an aggregate is made of. */
  readonly parts: readonly string[];
}

export function definitionOf(row: Row): Definition {
  const [, schema, bare, system, language, volatility, definer, path, extension, text, , parts, owner, sets, parsed] =
    row;
  return {
    name: `${schema}.${bare}`,
    bare: bare ?? '',
    system: system === 'true',
    language: language ?? '',
    volatile: volatility !== 'i' && volatility !== 's',
    definer: definer === 'true',
    owner: owner ?? '',
    path: path ?? undefined,
    sets: sets === 'true',
    parsed: parsed === 'true',
    extension: extension ?? undefined,
    text: text ?? undefined,
    parts: JSON.parse(parts ?? '[]') as readonly string[],
  };
}

type Found =
  | { readonly kind: 'known'; readonly standing: Standing }
  /** Its body has to be read. */
  | { readonly kind: 'body' }
  | { readonly kind: 'unknown'; readonly why: string };

const known = (standing: Standing): Found => ({ kind: 'known', standing });
const unknown = (why: string): Found => ({ kind: 'unknown', why });

/** What a function is known for, by its oid's own entry in the catalogue and never by the name it was called by. */
export function standingOf(one: Definition, role: string): Found {
  if (one.system) return ofServer(one);
  if (one.parts.length > 0) return known('pure');
  if (one.definer && one.owner !== role) return unknown(`\`${one.name}\` runs with the rights of \`${one.owner}\``);
  if (one.sets) return unknown(`\`${one.name}\` changes settings`);
  if (one.language === 'c' || one.language === 'internal') return ofExtension(one);
  if (one.text !== undefined) return { kind: 'body' };
  return unknown(`\`${one.name}\` is written in ${one.language}, which is not read here`);
}

function ofServer(one: Definition): Found {
  if (mislabelled.has(one.bare)) return unknown(`\`${one.bare}\` runs text that it is given, or reads files`);
  if (!one.volatile || one.parts.length > 0 || pureVolatile.has(one.bare)) return known('pure');
  if (harmlessWriters.has(one.bare)) return known('rolls-back');
  return unknown(`\`${one.bare}\` has effects that a rollback does not take back, or none that are known here`);
}

function ofExtension(one: Definition): Found {
  if (one.extension === undefined || !knownExtensions.has(one.extension))
    return unknown(`\`${one.name}\` is machine code that is not known here`);
  if (!one.volatile || pureOfExtensions.has(one.bare)) return known('pure');
  return unknown(`\`${one.name}\` of \`${one.extension}\` has effects that are not known here`);
}
