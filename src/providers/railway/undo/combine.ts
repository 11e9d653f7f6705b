import { hashOf, type ImageItem, imageSchema, madeOf, needsLook } from './image.ts';
import { isObject } from '../arguments.ts';
import type { Settled } from '../resolve/settled.ts';
import { answerLimits, readStrictJson } from '../../../languages/graphql/index.ts';
import type { Looking } from '../../../contract/lookup.ts';
import type { Capture } from '../../../contract/provider.ts';
import type { Answer } from '../../../contract/upstream.ts';
import { httpAnswer } from '../../../model/http-message.ts';
import type { Json, JsonObject } from '../../../model/json.ts';

/** The capture of a whole request: there is one when every write in it has a true undo of its own. */
export function combine(settled: readonly Settled[]): (() => Looking<Capture>) | undefined {
  const writes = settled.filter((one) => one.judged.kind === 'mutation' && one.action.reversibility !== 'read');
  const undoables = writes.flatMap((one) => (one.undoable === undefined ? [] : [one.undoable]));
  if (writes.length === 0 || undoables.length < writes.length) return undefined;
  return function* () {
    const items: ImageItem[] = [];
    for (const undoable of undoables) items.push(...(yield* undoable.capture()));
    return captureOf(items);
  };
}

function captureOf(items: readonly ImageItem[]): Capture {
  const image: JsonObject = { schema: imageSchema, items: items as unknown as Json };
  const created = items.some((item) => item.kind === 'created');
  return {
    image,
    hashes: items.map(hashOf).sort(),
    ...(created ? { fromAnswer: (answer: Answer) => ({ answered: answeredIds(items, answer) }) } : {}),
    ...(items.some(needsLook) ? { afterwards: () => madeOf(items) } : {}),
  };
}

/** Ids of what was made, by the place of their item in the image; absent where the answer does not name one. */
function answeredIds(items: readonly ImageItem[], answer: Answer): JsonObject {
  const body = httpAnswer(answer).body;
  let read: Json;
  try {
    read = readStrictJson(new TextDecoder().decode(body), answerLimits);
  } catch {
    return {};
  }
  const ids = items.flatMap((item, index) => {
    const id = item.kind === 'created' ? at(read, item.answered) : undefined;
    return typeof id === 'string' || typeof id === 'number' ? [[String(index), id] as const] : [];
  });
  return Object.fromEntries(ids);
}

function at(value: Json, path: readonly (string | number)[]): Json | undefined {
  let here: Json | undefined = value;
  for (const step of path) {
    if (typeof step === 'number') here = Array.isArray(here) ? (here as readonly Json[])[step] : undefined;
    else here = isObject(here) ? here[step] : undefined;
  }
  return here;
}
