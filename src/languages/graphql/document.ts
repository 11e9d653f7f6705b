import {
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  parse,
  print,
  validate,
  visit,
} from 'graphql';
import { graphqlLimits } from './envelope.ts';
import { exactNumber } from './json.ts';
import { refuse } from '../../model/refusal.ts';

/**
 * What a provider has changed in a document before it is judged and sent: the same tree, or another one. Rewriting its own
 * result has to leave that as it is: what was planned is read again before it runs.
 */
export type Rewrite = (document: DocumentNode) => DocumentNode;

/** A document cut down to the operation that will run, as it will be sent. */
export interface ChosenDocument {
  readonly operation: OperationDefinitionNode;
  /** Only those that the operation reaches. */
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  /** Printed from the very tree that is judged. */
  readonly text: string;
}

const documentHint = 'send one plain operation that the published schema knows';

/**
 * Parses by graphql-js within bounds, validates against the schema, chooses the operation, drops the others. Throws
 * `BAD_REQUEST` for everything that cannot be read, is ambiguous, or is a subscription.
 */
export function readDocument(
  schema: GraphQLSchema,
  source: string,
  operationName: string | undefined,
  rewrite?: Rewrite,
): ChosenDocument {
  if (Buffer.byteLength(source) > graphqlLimits.documentBytes) {
    throw refuse('BAD_REQUEST', `the document is larger than ${graphqlLimits.documentBytes} bytes`, documentHint);
  }
  if (source.includes('\0')) throw refuse('BAD_REQUEST', 'the document holds NUL', documentHint);
  const document = plainDocument(parse(source, { maxTokens: graphqlLimits.tokens }));
  refuseCostly(document);
  refuseInvalid(schema, document);
  const chosen = chooseOperation(document, operationName);
  if (chosen.operation === OperationTypeNode.SUBSCRIPTION) {
    throw refuse('BAD_REQUEST', 'subscriptions are not carried here', 'ask again by a query');
  }
  const reached = reachedFragments(document, chosen);
  const asked: DocumentNode = { kind: Kind.DOCUMENT, definitions: [chosen, ...reached.values()] };
  const kept = rewrite?.(asked) ?? asked;
  // What was put in can clash with what stands there.
  if (kept !== asked) refuseInvalid(schema, kept);
  const operation = kept === asked ? chosen : chooseOperation(kept, undefined);
  const fragments = kept === asked ? reached : reachedFragments(kept, operation);
  const text = print(kept);
  if (Buffer.byteLength(text) > graphqlLimits.documentBytes) {
    throw refuse(
      'BAD_REQUEST',
      `the document is larger than ${graphqlLimits.documentBytes} bytes when it is written out`,
      documentHint,
    );
  }
  return { operation, fragments, text };
}

function refuseInvalid(schema: GraphQLSchema, document: DocumentNode): void {
  const [error] = validate(schema, document, undefined, { maxErrors: 1, hideSuggestions: true });
  if (error !== undefined)
    throw refuse('BAD_REQUEST', `the schema does not know this: ${clean(error.message)}`, documentHint);
}

/** Comparing fields under one key, and fragments with each other, is quadratic in the validator: bounded before it runs. */
function refuseCostly(document: DocumentNode): void {
  const fragments = document.definitions.filter((node) => node.kind === Kind.FRAGMENT_DEFINITION).length;
  if (fragments > graphqlLimits.fragments) {
    throw refuse('BAD_REQUEST', `the document has more than ${graphqlLimits.fragments} fragments`, documentHint);
  }
  visit(document, {
    SelectionSet: ({ selections }) => {
      const seen = new Map<string, number>();
      for (const selection of selections) {
        if (selection.kind !== Kind.FIELD) continue;
        const key = selection.alias?.value ?? selection.name.value;
        const count = (seen.get(key) ?? 0) + 1;
        if (count > graphqlLimits.repeats)
          throw refuse('BAD_REQUEST', 'the document selects one field too often', documentHint);
        seen.set(key, count);
      }
    },
  });
}

/** Parser and validator messages quote the document: no control characters, bounded. */
export function clean(message: string): string {
  return message.replaceAll(/\p{C}/gu, ' ').slice(0, 200);
}

function chooseOperation(document: DocumentNode, name: string | undefined): OperationDefinitionNode {
  const operations = document.definitions.filter((node) => node.kind === Kind.OPERATION_DEFINITION);
  const others = document.definitions.length - operations.length;
  const fragments = document.definitions.filter((node) => node.kind === Kind.FRAGMENT_DEFINITION).length;
  if (others !== fragments)
    throw refuse('BAD_REQUEST', 'the document defines more than operations and fragments', documentHint);
  const fitting = name === undefined ? operations : operations.filter((node) => node.name?.value === name);
  const [chosen] = fitting;
  if (chosen === undefined) throw refuse('BAD_REQUEST', 'the document has no such operation', documentHint);
  if (fitting.length > 1)
    throw refuse('BAD_REQUEST', 'it is not said which operation should run', 'name it in `operationName`');
  return chosen;
}

function reachedFragments(
  document: DocumentNode,
  operation: OperationDefinitionNode,
): ReadonlyMap<string, FragmentDefinitionNode> {
  const all = new Map<string, FragmentDefinitionNode>();
  for (const node of document.definitions) if (node.kind === Kind.FRAGMENT_DEFINITION) all.set(node.name.value, node);
  const reached = new Set<string>();
  const waiting: (OperationDefinitionNode | FragmentDefinitionNode)[] = [operation];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    visit(node, {
      FragmentSpread: (spread) => {
        const fragment = all.get(spread.name.value);
        if (fragment === undefined || reached.has(fragment.name.value)) return;
        reached.add(fragment.name.value);
        waiting.push(fragment);
      },
    });
  }
  return new Map([...all].filter(([name]) => reached.has(name)));
}

/**
 * The same tree with every block string as a plain one (their printing is where parsers differ), no descriptions and
 * no locations; names that begin with `__` are kept for introspection alone.
 */
function plainDocument(document: DocumentNode): DocumentNode {
  return visit(document, {
    StringValue: (node) => {
      if (node.value.includes('\0') || !node.value.isWellFormed()) {
        throw refuse('BAD_REQUEST', 'a string in the document holds NUL or a lone surrogate', documentHint);
      }
      return node.block === true ? { kind: Kind.STRING, value: node.value, block: false } : undefined;
    },
    IntValue: (node) => exact(node.value),
    FloatValue: (node) => exact(node.value),
    Name: (node, key, parent) => {
      if (!node.value.startsWith('__')) return;
      const field = key === 'name' && isKind(parent, Kind.FIELD);
      const type = isKind(parent, Kind.NAMED_TYPE);
      if (!field && !type) throw refuse('BAD_REQUEST', 'a name begins with `__`', documentHint);
    },
    OperationDefinition: (node) => withoutDescription(node),
    FragmentDefinition: (node) => withoutDescription(node),
  }) as DocumentNode;
}

function isKind(node: unknown, kind: Kind): boolean {
  return typeof node === 'object' && node !== null && (node as { kind?: unknown }).kind === kind;
}

function withoutDescription<T extends { readonly description?: unknown }>(node: T): T | undefined {
  if (node.description === undefined) return undefined;
  const { description: _dropped, ...rest } = node;
  return rest as T;
}

function exact(literal: string): void {
  if (!exactNumber(literal))
    throw refuse('BAD_REQUEST', 'a number does not fit a double exactly', 'send it as a string');
}
