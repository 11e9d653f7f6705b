import { isObject } from '../arguments.ts';
import { ask } from '../ask.ts';
import type { Looking } from '../../../contract/lookup.ts';
import type { Trait } from '../../../model/action.ts';
import { digestOf } from '../../../model/digest.ts';
import { canonicalJson, type Json, type JsonObject } from '../../../model/json.ts';

/** Where a record can be read: a query and the way to the record in its answer. */
export interface Look {
  readonly query: string;
  readonly variables: JsonObject;
  /** Members from `data` to the record; a connection stands for the list of its nodes. */
  readonly path: readonly string[];
  /** Which record of a list. */
  readonly where?: JsonObject;
}

/** A mutation that puts something back. */
export interface Inverse {
  readonly query: string;
  readonly variables: JsonObject;
}

/** Captured members of a record, and how to write them again. */
export interface RestoreItem {
  readonly kind: 'restore';
  readonly title: string;
  readonly look: Look;
  readonly before: JsonObject;
  /** What the act writes; a member of which nothing that is sent says what it will be is absent. */
  readonly wrote: JsonObject;
  readonly inverse: Inverse;
  readonly notUndone: readonly string[];
}

/** Something made by the act; its id comes with the answer, and goes into the inverse's variables, where `into` says. */
export interface CreatedItem {
  readonly kind: 'created';
  readonly title: string;
  /** The way to the id in the answer. */
  readonly answered: readonly (string | number)[];
  readonly inverse: Inverse;
  /** Members from the inverse's variables to where the id belongs. */
  readonly into: readonly string[];
  readonly notUndone: readonly string[];
}

/** Something made by the act whose id no answer names: what is there afterwards and was not before. */
export interface ListedItem {
  readonly kind: 'listed';
  readonly title: string;
  readonly look: Look;
  /** Ids that were there before. */
  readonly before: readonly string[];
  readonly inverse: Inverse;
  readonly into: readonly string[];
  readonly notUndone: readonly string[];
}

export type ImageItem = RestoreItem | CreatedItem | ListedItem;

/** A true undo: what it does in a sentence, and how its image is captured. */
export interface Undoable {
  readonly sentence: string;
  readonly capture: () => Looking<readonly ImageItem[]>;
  /** What the act writes, and where it can be read afterwards: whether it took effect is asked there. */
  readonly written?: { readonly look: Look; readonly wrote: JsonObject };
}

export interface Impossible {
  /** Why there is no true undo. */
  readonly impossible: string;
  /** What this makes of the act besides. */
  readonly traits?: readonly Trait[];
}

export const imageSchema = 'holdpoint/railway-image/v1';

/** The record, or undefined where there is none. */
export function* looked(look: Look, what: string): Looking<JsonObject | undefined> {
  const found = yield* lookedAll(look, what);
  const fitting = found.filter((record) =>
    Object.entries(look.where ?? {}).every(([key, value]) => same(record[key], value)),
  );
  return fitting[0];
}

/** All records that a look leads to. */
export function* lookedAll(look: Look, what: string): Looking<readonly JsonObject[]> {
  let value: Json | undefined = yield* ask(what, look.query, look.variables);
  for (const member of look.path) {
    if (!isObject(value)) return [];
    value = listed(value[member]);
  }
  if (Array.isArray(value)) return (value as readonly Json[]).filter((one) => isObject(one));
  return isObject(value) ? [value] : [];
}

function listed(value: Json | undefined): Json | undefined {
  if (!isObject(value) || !Array.isArray(value['edges'])) return value;
  return (value['edges'] as readonly Json[]).map((edge) => (isObject(edge) ? (edge['node'] ?? null) : null));
}

/** Equal as JSON, absent being null. */
export function same(left: Json | undefined, right: Json | undefined): boolean {
  return canonicalJson(left ?? null) === canonicalJson(right ?? null);
}

/** The named members, absent ones as null. */
export function pick(record: JsonObject, members: readonly string[]): JsonObject {
  return Object.fromEntries(members.map((member) => [member, record[member] ?? null]));
}

/** Whether nothing that is sent says what the act makes of some member: it has to be looked at afterwards. */
export function needsLook(item: ImageItem): item is RestoreItem {
  return item.kind === 'restore' && Object.keys(item.before).some((member) => item.wrote[member] === undefined);
}

/** What acts made of the members that were captured, by the place of their item in the image. */
export function* madeOf(items: readonly ImageItem[]): Looking<JsonObject> {
  const after: Record<string, Json> = {};
  for (const [index, item] of items.entries()) {
    if (!needsLook(item)) continue;
    const record = yield* looked(item.look, item.title);
    if (record !== undefined) after[String(index)] = pick(record, Object.keys(item.before));
  }
  return { after };
}

/** One hash a captured record: if what would be hit is not what was shown, it differs. */
export function hashOf(item: ImageItem): string {
  return digestOf('holdpoint/railway-state/v1', {
    title: item.title,
    before: item.kind === 'created' ? null : item.before,
  });
}

export interface RestoreSpec {
  readonly title: string;
  readonly look: Look;
  readonly members: readonly string[];
  readonly wrote: JsonObject;
  /** The inverse for these captured members, or why there is none. */
  readonly inverse: (before: JsonObject, record: JsonObject) => Inverse | Impossible;
  readonly notUndone?: readonly string[];
  /** What the undo does, where it is no putting back of what is written over. */
  readonly sentence?: string;
}

/**
 * The undo of a change to readable state. Its image is made of what is read here, to see whether there is one: the same
 * exchange captures it with nothing sent in between, and asking again would only keep the resource locked for longer.
 */
export function* restoring(specs: readonly RestoreSpec[]): Looking<Undoable | Impossible> {
  const items: ImageItem[] = [];
  for (const spec of specs) {
    const item = yield* restoreItem(spec);
    if ('impossible' in item) return item;
    items.push(item);
  }
  const [only] = specs;
  const provable = only !== undefined && specs.length === 1 && Object.keys(only.wrote).length > 0;
  return {
    ...(provable ? { written: { look: only.look, wrote: only.wrote } } : {}),
    sentence: only?.sentence ?? `puts back ${specs.map((spec) => spec.title).join(', ')}`,
    *capture() {
      yield* [];
      return items;
    },
  };
}

function* restoreItem(spec: RestoreSpec): Looking<RestoreItem | Impossible> {
  const record = yield* looked(spec.look, spec.title);
  if (record === undefined) return { impossible: `${spec.title} cannot be read back` };
  const before = pick(record, spec.members);
  const inverse = spec.inverse(before, record);
  if ('impossible' in inverse) return inverse;
  return {
    kind: 'restore',
    title: spec.title,
    look: spec.look,
    before,
    wrote: spec.wrote,
    inverse,
    notUndone: spec.notUndone ?? [],
  };
}
