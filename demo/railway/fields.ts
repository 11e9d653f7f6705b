import {
  getNamedType,
  getNullableType,
  type GraphQLNamedType,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  isEnumType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import { isObject, type Json, type JsonObject, plain, type Row } from './json.ts';
import { queries } from './queries.ts';
import { type TableName, tableByColumn, tableOfType } from './tables.ts';
import { typeFields } from './type-fields.ts';
import type { Call } from './world.ts';

/**
 * How a field that has no resolver of its own is answered: from the row, from the rows that point to it or that it points to,
 * and, for what nobody has ever set, an empty value of the right type. Ids, names and relations are never made up.
 */
export function resolveField(source: unknown, given: unknown, call: Call, info: GraphQLResolveInfo): unknown {
  const args = plain(given) as JsonObject;
  const parent = info.parentType.name;
  if (parent === 'Query') return resolveQuery(args, call, info);
  const row: JsonObject = isObject(source) ? source : {};
  const own = typeFields[`${parent}.${info.fieldName}`];
  if (own !== undefined) return shaped(own(call, row, args), args, info);
  const value = row[info.fieldName];
  if (value !== undefined && !(value === null && isNonNullType(info.returnType))) return shaped(value, args, info);
  return shaped(related(call, row, info), args, info);
}

function resolveQuery(args: JsonObject, call: Call, info: GraphQLResolveInfo): unknown {
  call.known();
  const own = queries[info.fieldName];
  if (own !== undefined) return shaped(own(call, args), args, info);
  const type = nodeType(info.returnType);
  const table = tableOfType(type.name);
  if (table === undefined) return shaped(undefined, args, info);
  const wanted = {
    ...args,
    ...(isObject(args['input']) ? args['input'] : {}),
    ...(isObject(args['filter']) ? args['filter'] : {}),
  };
  if (isMany(info.returnType)) return shaped(listed(call, table, wanted), args, info);
  return shaped(single(call, table, type.name, wanted, isNonNullType(info.returnType)), args, info);
}

/** Rows whose columns agree with each argument that is a column; every id among the arguments must be within reach. */
function listed(call: Call, table: TableName, args: JsonObject): readonly Row[] {
  for (const [name, id] of Object.entries(args)) {
    const target = tableByColumn[name];
    if (target !== undefined && typeof id === 'string') call.need(target, id);
  }
  return call.list(table, (row) => agrees(row, args));
}

function single(call: Call, table: TableName, type: string, args: JsonObject, required: boolean): Row | null {
  const id = args['id'] ?? args[`${type.charAt(0).toLowerCase()}${type.slice(1)}Id`];
  if (typeof id === 'string') {
    if (!required && call.state.get(table, id) === undefined) return null;
    return call.need(table, id);
  }
  const found = listed(call, table, args)[0];
  if (found === undefined && required) throw new Error(`${type} not found`);
  return found ?? null;
}

function agrees(row: Row, args: JsonObject): boolean {
  return Object.entries(args).every(([key, value]) => value === null || row[key] === undefined || row[key] === value);
}

function related(call: Call, row: JsonObject, info: GraphQLResolveInfo): unknown {
  const type = nodeType(info.returnType);
  const table = tableOfType(type.name);
  if (table === undefined) return undefined;
  const parent = info.parentType.name;
  const column = `${parent.charAt(0).toLowerCase()}${parent.slice(1)}Id`;
  const id = row['id'];
  if (isMany(info.returnType)) return typeof id === 'string' ? call.list(table, { [column]: id }) : [];
  const pointer = row[`${info.fieldName}Id`];
  if (typeof pointer === 'string') return visible(call, table, call.state.get(table, pointer), info);
  if (pointer === undefined && typeof id === 'string')
    return visible(call, table, call.state.find(table, { [column]: id }), info);
  return visible(call, table, undefined, info);
}

function visible(call: Call, table: TableName, row: Row | undefined, info: GraphQLResolveInfo): Row | null {
  if (row !== undefined && call.sees(table, row)) return row;
  if (isNonNullType(info.returnType)) throw new Error(`${nodeType(info.returnType).name} not found`);
  return null;
}

function isConnection(type: GraphQLNamedType): boolean {
  return isObjectType(type) && type.name.endsWith('Connection') && type.getFields()['edges'] !== undefined;
}

function isMany(type: GraphQLOutputType): boolean {
  return isListType(getNullableType(type)) || isConnection(getNamedType(type));
}

/** The type of the things in a list or a connection. */
function nodeType(type: GraphQLOutputType): GraphQLNamedType {
  const named = getNamedType(type);
  if (!isConnection(named) || !isObjectType(named)) return named;
  const edge = named.getFields()['edges'];
  const edgeType = edge === undefined ? named : getNamedType(edge.type);
  const node = isObjectType(edgeType) ? edgeType.getFields()['node'] : undefined;
  return node === undefined ? named : getNamedType(node.type);
}

/** Fits a value to the field's type: rows become a connection, nothing becomes the type's empty value. */
function shaped(value: unknown, args: JsonObject, info: GraphQLResolveInfo): unknown {
  const type = info.returnType;
  if (value instanceof Promise) return value.then((settled: unknown) => shaped(settled, args, info));
  if (isConnection(getNamedType(type)) && (value === undefined || Array.isArray(value))) {
    return connection((value ?? []) as readonly Json[], args);
  }
  if (value !== undefined && value !== null) return value;
  return isNonNullType(type) ? empty(type) : null;
}

function empty(type: GraphQLOutputType): unknown {
  if (isListType(getNullableType(type))) return [];
  const named = getNamedType(type);
  if (isEnumType(named)) return named.getValues()[0]?.name;
  if (isObjectType(named)) return {};
  switch (named.name) {
    case 'Boolean':
      return false;
    case 'Int':
    case 'Float':
    case 'BigInt':
      return 0;
    case 'String':
    case 'ID':
      return '';
    case 'DateTime':
      return new Date(0).toISOString();
    default:
      return {};
  }
}

function connection(rows: readonly Json[], args: JsonObject): unknown {
  const cursorOf = (node: Json, at: number) =>
    isObject(node) && typeof node['id'] === 'string' ? node['id'] : String(at);
  const all = rows.map((node, at) => ({ node, cursor: cursorOf(node, at) }));
  const from = typeof args['after'] === 'string' ? all.findIndex((edge) => edge.cursor === args['after']) + 1 : 0;
  const before = typeof args['before'] === 'string' ? all.findIndex((edge) => edge.cursor === args['before']) : -1;
  const to = before === -1 ? all.length : before;
  let edges = all.slice(from, to);
  if (typeof args['first'] === 'number') edges = edges.slice(0, args['first']);
  if (typeof args['last'] === 'number') edges = edges.slice(-args['last']);
  const start = edges[0] === undefined ? 0 : all.indexOf(edges[0]);
  return {
    edges,
    pageInfo: {
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
      hasPreviousPage: start > 0,
      hasNextPage: start + edges.length < all.length,
    },
  };
}
