import { isObject } from './arguments.ts';
import { ownMessage } from './message.ts';
import { shown } from './shown.ts';
import { answerLimits, readStrictJson } from '../../languages/graphql/index.ts';
import type { Looking } from '../../contract/lookup.ts';
import type { Answer } from '../../contract/upstream.ts';
import { httpAnswer } from '../../model/http-message.ts';
import type { Json, JsonObject } from '../../model/json.ts';
import { refuse, type Refused } from '../../model/refusal.ts';

/** A GraphQL answer, read: `data` null where there is none. */
export interface GraphqlAnswer {
  readonly status: number;
  readonly data: JsonObject | null;
  /** Messages of `errors`. */
  readonly errors: readonly string[];
  /** Whether an error stands beneath a root field, which had then run already. */
  readonly beneath: boolean;
  /** Whether it was GraphQL JSON at all. */
  readonly readable: boolean;
}

/** One for all: making one is dearer than what it decodes. */
const decoder = new TextDecoder('utf-8', { fatal: true });

export function readAnswer(answer: Answer): GraphqlAnswer {
  const { status, body } = httpAnswer(answer);
  try {
    const read = readStrictJson(decoder.decode(body), answerLimits);
    if (!isObject(read)) return { status, data: null, errors: [], beneath: false, readable: false };
    const { data, errors } = read as JsonObject;
    const list = Array.isArray(errors) ? (errors as readonly Json[]) : [];
    return {
      status,
      data: isObject(data) ? data : null,
      errors: list.map((error) =>
        isObject(error) && typeof error['message'] === 'string' ? error['message'] : 'an error',
      ),
      beneath: list.some((error) => isObject(error) && Array.isArray(error['path']) && error['path'].length > 1),
      readable: data !== undefined || Array.isArray(errors),
    };
  } catch {
    return { status, data: null, errors: [], beneath: false, readable: false };
  }
}

/** Denied because the answer does not settle what the target is. */
export function unresolved(detail: string): Refused {
  return refuse(
    'DENIED',
    shown(detail, 400),
    'stop here; tell the person you work for which id you used and where you found it',
  );
}

/** Asks a read-only question; throws `DENIED` when Railway does not answer it whole. */
export function* ask(purpose: string, query: string, variables: JsonObject): Looking<JsonObject> {
  const found = yield* tryAsk(purpose, query, variables);
  if (found === undefined)
    throw unresolved(`railway does not answer about ${purpose}: the id is unknown, or this credential cannot see it`);
  return found;
}

/** The same, undefined where Railway says no. Anything but a GraphQL answer is a denial: nobody knows what it means. */
export function* tryAsk(purpose: string, query: string, variables: JsonObject): Looking<JsonObject | undefined> {
  const answer = readAnswer(yield { message: ownMessage(query, variables), purpose });
  if (!answer.readable || answer.status >= 500)
    throw unresolved(`railway could not be asked about ${purpose} (status ${answer.status})`);
  return answer.errors.length === 0 && answer.data !== null && answer.status === 200 ? answer.data : undefined;
}

/** Nodes of a connection; throws `DENIED` when there are more than the answer shows. */
export function nodes(connection: Json | undefined, what: string): readonly JsonObject[] {
  if (!isObject(connection)) throw unresolved(`railway does not say which ${what} there are`);
  const { edges, pageInfo } = connection;
  if (!isObject(pageInfo) || pageInfo['hasNextPage'] !== false)
    throw unresolved(`there are more ${what} than can be seen at once`);
  if (!Array.isArray(edges)) throw unresolved(`railway does not say which ${what} there are`);
  return (edges as readonly Json[]).map((edge) => {
    const node = isObject(edge) ? edge['node'] : undefined;
    if (!isObject(node)) throw unresolved(`railway does not say which ${what} there are`);
    return node;
  });
}

/** Objects of a list. */
export function items(list: Json | undefined, what: string): readonly JsonObject[] {
  if (!Array.isArray(list)) throw unresolved(`railway does not say which ${what} there are`);
  return (list as readonly Json[]).filter((item) => isObject(item));
}

/** A text member that must be there. */
export function must(object: JsonObject, member: string): string {
  const value = object[member];
  if (typeof value !== 'string') throw unresolved(`railway's answer lacks \`${member}\``);
  return value;
}

/** The most questions in one look-up: the reader bounds root fields. */
const together = 40;

/**
 * One question about each of several ids, as few look-ups as will do. `field` is called with `argument: <id>` and what
 * `shared` passes to all of them; the answers come back in the order of the ids.
 */
export function* askEach(
  purpose: string,
  question: {
    readonly field: string;
    readonly argument: string;
    readonly selection: string;
    readonly shared?: { readonly [name: string]: string };
  },
  ids: readonly string[],
): Looking<readonly (Json | undefined)[]> {
  const { field, argument, selection, shared = {} } = question;
  const passed = Object.keys(shared)
    .map((name) => `, ${name}: $${name}`)
    .join('');
  const answers: (Json | undefined)[] = [];
  for (let from = 0; from < ids.length; from += together) {
    const some = ids.slice(from, from + together);
    const declared = [
      ...some.map((_, index) => `$i${index}: String!`),
      ...Object.keys(shared).map((name) => `$${name}: String!`),
    ];
    const asked = some.map((_, index) => `a${index}: ${field}(${argument}: $i${index}${passed}) { ${selection} }`);
    const variables = { ...Object.fromEntries(some.map((id, index) => [`i${index}`, id])), ...shared };
    const data = yield* ask(purpose, `query (${declared.join(', ')}) { ${asked.join(' ')} }`, variables);
    answers.push(...some.map((_, index) => data[`a${index}`]));
  }
  return answers;
}
