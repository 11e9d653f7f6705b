import {
  type CreatedItem,
  type ImageItem,
  imageSchema,
  type Inverse,
  type ListedItem,
  lookedAll,
  looked,
  pick,
  type RestoreItem,
  same,
} from './image.ts';
import { isObject } from '../arguments.ts';
import type { Looking } from '../../../contract/lookup.ts';
import type { PutBack } from '../../../contract/provider.ts';
import type { HttpMessage } from '../../../model/http-message.ts';
import type { Json, JsonObject } from '../../../model/json.ts';
import { refuse } from '../../../model/refusal.ts';

interface Part {
  readonly inverses: readonly Inverse[];
  readonly conflicts: readonly string[];
  readonly notUndone: readonly string[];
}

const nothing: Part = { inverses: [], conflicts: [], notUndone: [] };

/** Builds what puts an image back, last first; says what was written since. `message` serialises as the reader would. */
export function* putBackImage(image: JsonObject, message: (inverse: Inverse) => HttpMessage): Looking<PutBack> {
  const { schema, items, answered, after } = image;
  if (schema !== imageSchema || !Array.isArray(items)) {
    throw refuse(
      'BAD_REQUEST',
      'this image is none of railway, or of a later version',
      'undo it with the holdpoint that made it',
    );
  }
  const parts: Part[] = [];
  for (const [index, item] of (items as unknown as readonly ImageItem[]).entries()) {
    parts.push(yield* partOf(item, at(answered, index), at(after, index)));
  }
  parts.reverse();
  return {
    plans: parts.flatMap((part) => part.inverses.map(message)),
    conflicts: parts.flatMap((part) => part.conflicts),
    notUndone: parts.flatMap((part) => part.notUndone),
  };
}

function at(byIndex: Json | undefined, index: number): Json | undefined {
  return isObject(byIndex) ? byIndex[String(index)] : undefined;
}

function* partOf(item: ImageItem, answered: Json | undefined, after: Json | undefined): Looking<Part> {
  switch (item.kind) {
    case 'restore':
      return yield* restored(item, isObject(after) ? after : {});
    case 'created':
      return uncreated(item, answered);
    case 'listed':
      return yield* unlisted(item);
  }
}

/** What differs from what the act made of it, or is not known to be that, was changed by somebody else since. */
function* restored(item: RestoreItem, after: JsonObject): Looking<Part> {
  const record = yield* looked(item.look, item.title);
  if (record === undefined) return { ...nothing, notUndone: [`${item.title}: it is not there any more`] };
  const now = pick(record, Object.keys(item.before));
  if (same(now, item.before)) return nothing;
  const changed = Object.keys(item.before).filter((member) => {
    if (same(now[member], item.before[member])) return false;
    const made = item.wrote[member] === undefined ? after[member] : item.wrote[member];
    return made === undefined || !same(now[member], made);
  });
  return {
    inverses: [item.inverse],
    conflicts: changed.length === 0 ? [] : [`${item.title}: changed since by somebody else, and would be overwritten`],
    notUndone: item.notUndone,
  };
}

function uncreated(item: CreatedItem, answered: Json | undefined): Part {
  if (typeof answered !== 'string' && typeof answered !== 'number') {
    return { ...nothing, notUndone: [`${item.title}: the answer did not say which one was made`] };
  }
  return { inverses: [filled(item.inverse, item.into, answered)], conflicts: [], notUndone: item.notUndone };
}

function* unlisted(item: ListedItem): Looking<Part> {
  const now = yield* lookedAll(item.look, item.title);
  const fresh = now
    .map((record) => record['id'])
    .filter((id): id is string => typeof id === 'string' && !item.before.includes(id));
  const [only, ...others] = fresh;
  if (only === undefined) return { ...nothing, notUndone: [`${item.title}: there is none that was not there before`] };
  if (others.length > 0)
    return {
      ...nothing,
      notUndone: [`${item.title}: ${fresh.length} were made since, so which one it was is not certain`],
    };
  return { inverses: [filled(item.inverse, item.into, only)], conflicts: [], notUndone: item.notUndone };
}

/** The inverse with the id put where it belongs. */
function filled(inverse: Inverse, into: readonly string[], id: string | number): Inverse {
  return { query: inverse.query, variables: withMember(inverse.variables, into, id) };
}

function withMember(object: JsonObject, path: readonly string[], value: Json): JsonObject {
  const [member, ...rest] = path;
  if (member === undefined) return object;
  const below = object[member];
  return { ...object, [member]: rest.length === 0 ? value : withMember(isObject(below) ? below : {}, rest, value) };
}
