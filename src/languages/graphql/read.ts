import { GraphQLError, type GraphQLSchema, OperationTypeNode } from 'graphql';
import { type ChosenDocument, clean, readDocument, type Rewrite } from './document.ts';
import { type Envelope, readEnvelopes } from './envelope.ts';
import { coerceVariables, plainValue, readRootFields, type RootField, type SelectedField } from './fields.ts';
import { Lru } from './lru.ts';
import type { HttpMessage } from '../../model/http-message.ts';
import { canonicalJson, frozen, type JsonObject } from '../../model/json.ts';
import { refuse, Refused } from '../../model/refusal.ts';

/** One operation that the server would run. */
export interface GraphqlOperation {
  readonly kind: 'query' | 'mutation';
  readonly name: string | undefined;
  /** The document that will be sent: this operation and its fragments, printed from the tree that was judged. */
  readonly query: string;
  /** Coerced, defaults filled in: exactly those that the operation declares. */
  readonly variables: JsonObject;
  readonly fields: readonly RootField[];
}

/** A whole HTTP request, read: one operation, or one an element of a batch. */
export interface GraphqlRequest {
  readonly operations: readonly GraphqlOperation[];
  readonly batch: boolean;
  /** Our own canonical JSON of it: what was judged is what is sent. */
  readonly body: Uint8Array;
  /** The documents as the client wrote them. */
  readonly asked: string;
}

export type GraphqlReader = (message: HttpMessage) => GraphqlRequest;

/** Reads the document of an envelope: anew, or as it was read before. */
type DocumentReader = (envelope: Envelope) => ChosenDocument;

/** Reads one request. Throws `Refused` (`BAD_REQUEST`) for whatever cannot be understood, a stack overflow included. */
export function readGraphql(message: HttpMessage, schema: GraphQLSchema, rewrite?: Rewrite): GraphqlRequest {
  return readBy(message, schema, ({ query, operationName }) => readDocument(schema, query, operationName, rewrite));
}

function readBy(message: HttpMessage, schema: GraphQLSchema, documentOf: DocumentReader): GraphqlRequest {
  try {
    return frozen(readRequest(message, schema, documentOf));
  } catch (thrown) {
    if (thrown instanceof Refused) throw thrown;
    const detail =
      thrown instanceof GraphQLError
        ? `the document cannot be read: ${clean(thrown.message)}`
        : 'the request cannot be read';
    throw refuse('BAD_REQUEST', detail, 'send one plain operation that the published schema knows', {});
  }
}

/** What is kept of documents and of requests: whoever sends many large ones must not fill the memory with them. */
const kept = { documents: 128, documentLength: 4_096, fields: 500 } as const;

/**
 * `readGraphql` with a memory of the last `size` requests by their exact bytes, and of the last documents by theirs,
 * since the next request may come with other variables.
 */
export function graphqlReader(
  schema: GraphQLSchema,
  options: { readonly size?: number; readonly largest?: number; readonly rewrite?: Rewrite } = {},
): GraphqlReader {
  const { size = 512, largest = 16 * 1024, rewrite } = options;
  const seen = new Lru<GraphqlRequest>(size);
  const documents = new Lru<ChosenDocument>(kept.documents);
  const documentOf: DocumentReader = ({ query, operationName }) => {
    if (query.length > kept.documentLength) return readDocument(schema, query, operationName, rewrite);
    // By length, since a name can hold anything.
    const key = `${operationName?.length ?? 'none'} ${operationName ?? ''}${query}`;
    const known = documents.get(key) ?? readDocument(schema, query, operationName, rewrite);
    documents.set(key, known);
    return known;
  };
  return (message) => {
    if (message.body.byteLength > largest || message.path.length > largest)
      return readGraphql(message, schema, rewrite);
    const types = message.headers.filter(([name]) => name === 'content-type' || name === 'content-encoding');
    const key = `${message.method} ${message.path}\n${JSON.stringify(types)}\n${Buffer.from(message.body).toString('latin1')}`;
    const known = seen.get(key);
    if (known !== undefined) return known;
    const request = readBy(message, schema, documentOf);
    if (fieldsIn(request.operations, kept.fields) <= kept.fields) seen.set(key, request);
    return request;
  };
}

/** How many fields are selected, fragments unfolded; counting ends soon after `enough`. */
function fieldsIn(operations: readonly GraphqlOperation[], enough: number): number {
  let count = 0;
  const waiting = operations.map((operation) => operation.fields as readonly SelectedField[]);
  for (let fields = waiting.pop(); fields !== undefined && count <= enough; fields = waiting.pop()) {
    count += fields.length;
    for (const { children } of fields) if (children.length > 0) waiting.push(children);
  }
  return count;
}

function readRequest(message: HttpMessage, schema: GraphQLSchema, documentOf: DocumentReader): GraphqlRequest {
  const { requests, batch, get } = readEnvelopes(message);
  const operations = requests.map((envelope) => readOperation(envelope, schema, documentOf));
  if (get && operations.some((operation) => operation.kind !== 'query')) {
    throw refuse('BAD_REQUEST', 'a GET may only carry a query', 'send it by POST');
  }
  const bodies = operations.map(operationBody);
  const [single = {}] = bodies;
  return {
    operations,
    batch,
    body: new TextEncoder().encode(canonicalJson(batch ? bodies : single)),
    asked: requests.map((envelope) => envelope.query).join('\n\n'),
  };
}

function operationBody({ query, name, variables }: GraphqlOperation): JsonObject {
  return {
    query,
    operationName: name,
    variables: Object.keys(variables).length === 0 ? undefined : variables,
  };
}

function readOperation(envelope: Envelope, schema: GraphQLSchema, documentOf: DocumentReader): GraphqlOperation {
  const { operation, fragments, text } = documentOf(envelope);
  const variables = coerceVariables(schema, operation, envelope.variables);
  const coerced = Object.entries(variables.coerced).filter(([, value]) => value !== undefined);
  return {
    kind: operation.operation === OperationTypeNode.MUTATION ? 'mutation' : 'query',
    name: operation.name?.value,
    query: text,
    variables: Object.fromEntries(coerced.map(([name, value]) => [name, plainValue(value, 0)])),
    fields: readRootFields(schema, operation, fragments, variables),
  };
}
