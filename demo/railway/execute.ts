import fs from 'node:fs';
import {
  buildClientSchema,
  type DocumentNode,
  execute,
  type ExecutionResult,
  GraphQLError,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  type IntrospectionQuery,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  parse,
  type SelectionSetNode,
  validate,
} from 'graphql';
import type { Caller } from './callers.ts';
import { resolveField } from './fields.ts';
import { isObject, type JsonObject, plain } from './json.ts';
import { mutations } from './mutations/all.ts';
import { typeOfRow } from './type-fields.ts';
import type { GraphQLRequest } from './wire.ts';
import { Call, type World } from './world.ts';

/**
 * Railway's published schema. It deprecates fields of `Team` that its interface `Node` does not, which graphql-js 17 holds
 * against it; hence `assumeValid`.
 */
export function railwaySchema(): GraphQLSchema {
  const file = new URL('./schema.json', import.meta.url);
  return buildClientSchema(JSON.parse(fs.readFileSync(file, 'utf8')) as IntrospectionQuery, { assumeValid: true });
}

export interface Prepared {
  readonly request: GraphQLRequest;
  readonly document: DocumentNode | null;
  readonly errors: readonly GraphQLError[];
  /** Root fields the document names, through fragments too. */
  readonly operations: readonly string[];
}

export function prepare(schema: GraphQLSchema, request: GraphQLRequest): Prepared {
  try {
    const document = parse(request.query);
    return { request, document, errors: validate(schema, document), operations: rootFields(document) };
  } catch (error) {
    const reason = error instanceof GraphQLError ? error : new GraphQLError(String(error));
    return { request, document: null, errors: [reason], operations: [] };
  }
}

function rootFields(document: DocumentNode): readonly string[] {
  const fragments = new Map(
    document.definitions.flatMap((one) =>
      one.kind === Kind.FRAGMENT_DEFINITION ? [[one.name.value, one] as const] : [],
    ),
  );
  const seen = new Set<string>();
  const walk = (set: SelectionSetNode): readonly string[] =>
    set.selections.flatMap((one) => {
      if (one.kind === Kind.FIELD) return [one.name.value];
      if (one.kind === Kind.INLINE_FRAGMENT) return walk(one.selectionSet);
      const fragment = fragments.get(one.name.value);
      if (fragment === undefined || seen.has(one.name.value)) return [];
      seen.add(one.name.value);
      return walk(fragment.selectionSet);
    });
  const isOperation = (one: { readonly kind: string }): one is OperationDefinitionNode =>
    one.kind === Kind.OPERATION_DEFINITION;
  return document.definitions.filter(isOperation).flatMap((one) => walk(one.selectionSet));
}

/** Executes one prepared request for a caller; `null` is nobody, to whom only the schema itself is open. */
export async function run(
  schema: GraphQLSchema,
  world: World,
  prepared: Prepared,
  caller: Caller | null,
  request: number,
): Promise<ExecutionResult> {
  if (prepared.document === null || prepared.errors.length > 0) return { errors: prepared.errors };
  const call = new Call(world, caller, request);
  return execute({
    schema,
    document: prepared.document,
    contextValue: call,
    variableValues: prepared.request.variables,
    operationName: prepared.request.operationName,
    fieldResolver: (source: unknown, args: unknown, context: unknown, info: GraphQLResolveInfo): unknown =>
      resolve(source, args, context as Call, info),
    typeResolver: typeOfRow,
  });
}

function resolve(source: unknown, args: unknown, call: Call, info: GraphQLResolveInfo): unknown {
  const { operation } = info.operation;
  if (info.path.prev !== undefined) return resolveField(source, args, call, info);
  if (operation === OperationTypeNode.SUBSCRIPTION) throw new Error(`not simulated: ${info.fieldName}`);
  const act = operation === OperationTypeNode.MUTATION ? mutate : resolveRootQuery;
  return logged(call, info, plain(args) as JsonObject, act);
}

type Act = (call: Call, args: JsonObject, info: GraphQLResolveInfo) => unknown;

function resolveRootQuery(call: Call, args: JsonObject, info: GraphQLResolveInfo): unknown {
  return resolveField(undefined, args, call, info);
}

async function mutate(call: Call, args: JsonObject, info: GraphQLResolveInfo): Promise<unknown> {
  call.known();
  const act = mutations[info.fieldName];
  if (act === undefined) throw new Error(`not simulated: ${info.fieldName}`);
  return act(call, args);
}

/** Runs a root field and writes down what it was asked, how it ended and how many rows it changed. */
async function logged(call: Call, info: GraphQLResolveInfo, args: JsonObject, act: Act): Promise<unknown> {
  const before = call.state.version;
  const end = (error: string | null) => {
    call.world.log.append({
      kind: 'operation',
      request: call.request,
      type: info.operation.operation,
      name: info.fieldName,
      alias: String(info.path.key),
      arguments: args,
      ok: error === null,
      error,
      changes: call.state.version - before,
    });
  };
  try {
    const result = await act(call, args, info);
    end(null);
    return result;
  } catch (error) {
    end(error instanceof Error ? error.message : String(error));
    throw error;
  }
}

/** The result as Railway sends it: `errors[].message` is all that its command line shows. */
export function body(result: ExecutionResult): JsonObject {
  const errors = (result.errors ?? []).map((error) => plain(error.toJSON()));
  const data = plain(result.data ?? null);
  return {
    ...(errors.length > 0 ? { errors } : {}),
    ...(result.data === undefined ? {} : { data: isObject(data) ? data : null }),
  };
}
