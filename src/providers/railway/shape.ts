import { isObject } from './arguments.ts';
import type { Judged } from './judge.ts';
import { askedFor, askedKey, isAdded } from './rewrite.ts';
import { withoutFraming } from './secrets.ts';
import { answerLimits, readStrictJson, type RootField } from '../../languages/graphql/index.ts';
import type { Answer } from '../../contract/upstream.ts';
import { httpAnswer } from '../../model/http-message.ts';
import type { Json, JsonObject } from '../../model/json.ts';

/** Nobody is told that something is gone which can still be kept (U3). */
const scheduledText =
  'SCHEDULED, not done: the project is still there; railway deletes it 48 hours from now unless a human cancels that; do not ask again';

/**
 * The answer in the shape that the client asked for: without the ids that we put in, and with what was sent in place of
 * a deletion said as what it is. Costs nothing where nothing was changed.
 */
export function shapeOf(all: readonly Judged[]): (answer: Answer) => Answer {
  const changed = all.filter(({ field }) => askedFor(field) !== undefined || field.children.some(isAdded));
  if (changed.length === 0) return (answer) => answer;
  return (answer) => {
    const content = httpAnswer(answer);
    const read = parsed(content.body);
    // What cannot be read holds nothing that was asked for.
    if (read === undefined) return answer;
    const shaped = Array.isArray(read)
      ? (read as readonly Json[]).map((one, element) => shapedResult(one, inElement(changed, element)))
      : shapedResult(read, inElement(changed, 0));
    const body = new TextEncoder().encode(JSON.stringify(shaped));
    return { ...answer, content: { ...content, headers: withoutFraming(content.headers), body } };
  };
}

function inElement(all: readonly Judged[], element: number): readonly RootField[] {
  return all.filter((one) => one.element === element).map((one) => one.field);
}

function shapedResult(result: Json, fields: readonly RootField[]): Json {
  if (!isObject(result)) return result;
  const { data, errors } = result;
  if (!isObject(data)) return result;
  const members = { ...data };
  const said: Json[] = [];
  for (const field of fields) {
    if (!Object.hasOwn(members, field.key)) continue;
    const value = members[field.key];
    if (askedFor(field) === undefined) {
      if (isObject(value)) members[field.key] = withoutAdded(value, field);
      continue;
    }
    const key = askedKey(field);
    delete members[field.key];
    members[key] = null;
    // An error of its own says why already.
    if (value !== null) said.push({ message: scheduledText, path: [key], extensions: { code: 'HOLDPOINT_SCHEDULED' } });
  }
  const before = Array.isArray(errors) ? (errors as readonly Json[]) : [];
  return { ...result, data: members, ...(said.length === 0 ? {} : { errors: [...before, ...said] }) };
}

function withoutAdded(value: JsonObject, field: RootField): JsonObject {
  const added = new Set(field.children.filter(isAdded).map((child) => child.key));
  return Object.fromEntries(Object.entries(value).filter(([key]) => !added.has(key)));
}

function parsed(body: Uint8Array): Json | undefined {
  try {
    return readStrictJson(new TextDecoder().decode(body), answerLimits);
  } catch {
    return undefined;
  }
}
