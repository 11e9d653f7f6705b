import {
  getNamedType,
  getNullableType,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLOutputType,
  type GraphQLSchema,
  isAbstractType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import { makers, type Targets } from './arguments-table.ts';
import { isObject, type Json, type JsonObject, merged } from './json.ts';

/** A mutation ready to be sent: one operation with variables for all its arguments. */
export interface ReadyOperation {
  readonly operationName: string;
  readonly query: string;
  readonly variables: JsonObject;
}

/** All mutations the schema has. */
export function mutationNames(schema: GraphQLSchema): readonly string[] {
  return Object.keys(schema.getMutationType()?.getFields() ?? {});
}

/** All queries the schema has. */
export function queryNames(schema: GraphQLSchema): readonly string[] {
  return Object.keys(schema.getQueryType()?.getFields() ?? {});
}

/** Valid arguments for one mutation or query: required ones by their names and types, others where the table asks for them. */
export function readyOperation(schema: GraphQLSchema, name: string, to: Targets): ReadyOperation {
  const mutation = schema.getMutationType()?.getFields()[name];
  const field = mutation ?? schema.getQueryType()?.getFields()[name];
  if (field === undefined) throw new Error(`no operation \`${name}\` in the schema`);
  const made = makers[name]?.(to) ?? {};
  const variables: Record<string, Json> = {};
  for (const arg of field.args) {
    const own = made[arg.name];
    if (own === undefined && !isNonNullType(arg.type)) continue;
    variables[arg.name] = valueFor(name, arg.name, arg.type, to, own);
  }
  return {
    operationName: name,
    query: documentFor(mutation === undefined ? 'query' : 'mutation', field, variables),
    variables,
  };
}

function documentFor(kind: 'query' | 'mutation', field: GraphQLField<unknown, unknown>, variables: JsonObject): string {
  const used = field.args.filter((arg) => variables[arg.name] !== undefined);
  const declared = used.map((arg) => `$${arg.name}: ${String(arg.type)}`).join(', ');
  const passed = used.map((arg) => `${arg.name}: $${arg.name}`).join(', ');
  const head = `${kind} ${field.name}${declared === '' ? '' : `(${declared})`}`;
  return `${head} { ${field.name}${passed === '' ? '' : `(${passed})`}${selection(field.type)} }`;
}

/** The smallest selection that says which thing is meant. */
function selection(type: GraphQLOutputType): string {
  const named = getNamedType(type);
  if (isAbstractType(named)) return ' { __typename }';
  if (!isObjectType(named)) return '';
  const fields = Object.values(named.getFields());
  const leaf = fields.find((one) => one.name === 'id') ?? fields.find((one) => isLeafType(getNamedType(one.type)));
  const chosen = leaf ?? fields[0];
  return chosen === undefined ? '' : ` { ${chosen.name}${selection(chosen.type)} }`;
}

function valueFor(operation: string, name: string, type: GraphQLInputType, to: Targets, own: Json | undefined): Json {
  const bare = getNullableType(type);
  if (own !== undefined && !isObject(own)) return own;
  if (isListType(bare)) return own ?? [valueFor(operation, name, bare.ofType, to, undefined)];
  if (isInputObjectType(bare)) {
    const made: Record<string, Json> = {};
    for (const field of Object.values(bare.getFields())) {
      const given = isObject(own) ? own[field.name] : undefined;
      const needed = isNonNullType(field.type) && field.default === undefined;
      if (given !== undefined || needed) made[field.name] = valueFor(operation, field.name, field.type, to, given);
    }
    return merged(made, own ?? {});
  }
  if (own !== undefined) return own;
  if (isEnumType(bare)) return bare.getValues()[0]?.name ?? null;
  return scalar(operation, name, getNamedType(type).name, to);
}

function scalar(operation: string, name: string, type: string, to: Targets): Json {
  switch (type) {
    case 'Boolean':
      return true;
    case 'Int':
      return 3;
    case 'Float':
      return 2;
    case 'BigInt':
      return '1';
    case 'DateTime':
      return '2026-04-24T12:00:00.000Z';
    case 'String':
    case 'ID':
      return named(operation, name, to);
    case 'DisplayConfig':
      return { x: 0, y: 0, w: 6, h: 4 };
    default:
      return { made: operation };
  }
}

function named(operation: string, name: string, to: Targets): string {
  const ids: Readonly<Record<string, string>> = {
    ...to.account,
    ...to.here,
    projectId: to.ids.project,
    workspaceId: to.ids.workspace,
    serviceId: to.ids.services.counter,
    rootServiceId: to.ids.services.postgres,
    volumeId: to.environmentName === 'production' ? to.ids.volume : to.ids.ownVolume.staging,
  };
  if (name === 'id') return idFor(operation, to);
  return ids[name] ?? `${name} of ${operation}`;
}

function idFor(operation: string, to: Targets): string {
  if (operation.startsWith('project')) return to.ids.project;
  if (operation.startsWith('workspace')) return to.ids.workspace;
  return operation.startsWith('service') ? to.ids.services.counter : `id of ${operation}`;
}
