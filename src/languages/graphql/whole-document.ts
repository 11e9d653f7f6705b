import {
  getNamedType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isRequiredArgument,
  isRequiredInputField,
  Kind,
  parse,
  parseType,
  print,
  TypeInfo,
  typeFromAST,
  visit,
  visitWithTypeInfo,
  type ArgumentNode,
  type ConstObjectFieldNode,
  type ConstValueNode,
  type DocumentNode,
  type FieldNode,
  type GraphQLInputType,
  type GraphQLSchema,
  type ObjectFieldNode,
  type ObjectValueNode,
  type OperationDefinitionNode,
  type VariableDefinitionNode,
} from 'graphql';
import { graphqlLimits } from './envelope.ts';
import type { WholeText } from '../../contract/provider.ts';
import type { Json } from '../../model/json.ts';

/** Stands for a missing id or text; nothing is called so. */
const unnamed = 'missing';
const deepest = 8;

/**
 * The document with its missing required arguments, variables and selections put in, none of what is there touched
 * Undefined when it does not parse, is too large, or lacks nothing.
 */
export function wholeDocument(
  schema: GraphQLSchema,
  text: string,
  variables: { readonly [name: string]: Json },
): WholeText | undefined {
  if (text.includes('\0') || Buffer.byteLength(text) > graphqlLimits.documentBytes) return undefined;
  try {
    const missing: string[] = [];
    const document = withFields(schema, parse(text, { maxTokens: graphqlLimits.tokens }), missing);
    const values = withValues(schema, document, variables, missing);
    return missing.length === 0 ? undefined : { text: print(document), variables: values, missing };
  } catch {
    return undefined;
  }
}

/** Arguments, members of input objects, selections and the declarations of variables. */
function withFields(schema: GraphQLSchema, document: DocumentNode, missing: string[]): DocumentNode {
  const info = new TypeInfo(schema);
  const used = new Map<string, GraphQLInputType>();
  return visit(
    document,
    visitWithTypeInfo(info, {
      Variable: (node) => {
        const type = info.getInputType();
        if (type !== undefined && type !== null) used.set(node.name.value, type);
      },
      ObjectValue: { leave: (node) => wholeObject(info.getInputType(), node, missing) },
      Field: { leave: (node) => wholeField(info, node, missing) },
      OperationDefinition: { leave: (node) => declaring(node, used, missing) },
    }),
  );
}

function wholeField(info: TypeInfo, node: FieldNode, missing: string[]): FieldNode | undefined {
  const definition = info.getFieldDef();
  if (definition === undefined || definition === null) return undefined;
  const given = new Set(node.arguments?.map((one) => one.name.value));
  const absent = definition.args.filter((one) => isRequiredArgument(one) && !given.has(one.name));
  const selects = isCompositeType(getNamedType(definition.type)) && node.selectionSet === undefined;
  if (absent.length === 0 && !selects) return undefined;
  for (const one of absent) missing.push(`${node.name.value}(${one.name})`);
  if (selects) missing.push(`${node.name.value} { … }`);
  const added = absent.map((one): ArgumentNode => ({
    kind: Kind.ARGUMENT,
    name: named(one.name),
    value: literal(one.type, 0),
  }));
  return {
    ...node,
    arguments: [...(node.arguments ?? []), ...added],
    ...(selects
      ? { selectionSet: { kind: Kind.SELECTION_SET, selections: [{ kind: Kind.FIELD, name: named('__typename') }] } }
      : {}),
  };
}

function wholeObject(type: unknown, node: ObjectValueNode, missing: string[]): ObjectValueNode | undefined {
  const plain = isNonNullType(type) ? type.ofType : type;
  if (!isInputObjectType(plain)) return undefined;
  const given = new Set(node.fields.map((one) => one.name.value));
  const absent = Object.values(plain.getFields()).filter((one) => isRequiredInputField(one) && !given.has(one.name));
  if (absent.length === 0) return undefined;
  for (const one of absent) missing.push(`${plain.name}.${one.name}`);
  const added = absent.map((one): ObjectFieldNode => ({
    kind: Kind.OBJECT_FIELD,
    name: named(one.name),
    value: literal(one.type, 0),
  }));
  return { ...node, fields: [...node.fields, ...added] };
}

/** Variables that are used and not declared, declared by where they stand. */
function declaring(
  node: OperationDefinitionNode,
  used: ReadonlyMap<string, GraphQLInputType>,
  missing: string[],
): OperationDefinitionNode | undefined {
  const declared = new Set(node.variableDefinitions?.map((one) => one.variable.name.value));
  const absent = [...used].filter(([name]) => !declared.has(name));
  if (absent.length === 0) return undefined;
  const added = absent.map(([name, type]): VariableDefinitionNode => {
    missing.push(`$${name}`);
    return {
      kind: Kind.VARIABLE_DEFINITION,
      variable: { kind: Kind.VARIABLE, name: named(name) },
      type: parseType(String(type)),
    };
  });
  return { ...node, variableDefinitions: [...(node.variableDefinitions ?? []), ...added] };
}

/** The variables with those that are declared and needed, members of input objects included. */
function withValues(
  schema: GraphQLSchema,
  document: DocumentNode,
  variables: { readonly [name: string]: Json },
  missing: string[],
): { readonly [name: string]: Json } {
  const values: { [name: string]: Json } = { ...variables };
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    for (const { variable, type: node, defaultValue } of definition.variableDefinitions ?? []) {
      const name = variable.name.value;
      const type = typeFromAST(schema, node) as GraphQLInputType | undefined;
      if (
        type === undefined ||
        (!Object.hasOwn(variables, name) && (defaultValue !== undefined || !isNonNullType(type)))
      )
        continue;
      values[name] = Object.hasOwn(variables, name)
        ? wholeValue(type, variables[name] ?? null, `$${name}`, missing)
        : invented(type, 0);
      if (!Object.hasOwn(variables, name) && !missing.includes(`$${name}`)) missing.push(`$${name}`);
    }
  }
  return values;
}

/** A given value, the needed members that it lacks put in at any depth. */
function wholeValue(type: GraphQLInputType, value: Json, path: string, missing: string[]): Json {
  const plain = isNonNullType(type) ? type.ofType : type;
  if (isListType(plain) && Array.isArray(value))
    return value.map((one: Json) => wholeValue(plain.ofType, one, `${path}[]`, missing));
  if (!isInputObjectType(plain) || !isMembers(value)) return value;
  const whole: { [name: string]: Json } = { ...value };
  for (const field of Object.values(plain.getFields())) {
    const member = value[field.name];
    if (member !== undefined) whole[field.name] = wholeValue(field.type, member, `${path}.${field.name}`, missing);
    else if (isRequiredInputField(field)) {
      whole[field.name] = invented(field.type, 0);
      missing.push(`${path}.${field.name}`);
    }
  }
  return whole;
}

function isMembers(value: Json): value is { readonly [name: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

/** A value of this type. Switches are on, lists hold something: what is not known is not taken for the milder case. */
function invented(type: GraphQLInputType, depth: number): Json {
  if (depth > deepest) throw new RangeError('the input types go too deep');
  const plain = isNonNullType(type) ? type.ofType : type;
  if (isListType(plain)) return [invented(plain.ofType, depth + 1)];
  if (isEnumType(plain)) return plain.getValues()[0]?.name ?? unnamed;
  if (isInputObjectType(plain)) {
    const needed = Object.values(plain.getFields()).filter((field) => isRequiredInputField(field));
    return Object.fromEntries(needed.map((field) => [field.name, invented(field.type, depth + 1)]));
  }
  switch (plain.name) {
    case 'Boolean':
      return true;
    case 'Int':
    case 'Float':
    case 'BigInt':
      return 1;
    case 'DateTime':
      return '2000-01-01T00:00:00.000Z';
    case 'ID':
    case 'String':
      return unnamed;
    default:
      // The provider's own scalars are objects (patches, configurations, maps of variables).
      return {};
  }
}

/** The same as a literal in a document. */
function literal(type: GraphQLInputType, depth: number): ConstValueNode {
  const plain = isNonNullType(type) ? type.ofType : type;
  if (isEnumType(plain)) return { kind: Kind.ENUM, value: plain.getValues()[0]?.name ?? unnamed };
  if (isListType(plain)) return { kind: Kind.LIST, values: [literal(plain.ofType, depth + 1)] };
  if (isInputObjectType(plain)) {
    const needed = Object.values(plain.getFields()).filter((field) => isRequiredInputField(field));
    const fields = needed.map((field): ConstObjectFieldNode => ({
      kind: Kind.OBJECT_FIELD,
      name: named(field.name),
      value: literal(field.type, depth + 1),
    }));
    return { kind: Kind.OBJECT, fields };
  }
  const value = invented(type, depth);
  if (typeof value === 'boolean') return { kind: Kind.BOOLEAN, value };
  if (typeof value === 'number') return { kind: Kind.INT, value: String(value) };
  return typeof value === 'string' ? { kind: Kind.STRING, value } : { kind: Kind.OBJECT, fields: [] };
}

function named(value: string): { readonly kind: typeof Kind.NAME; readonly value: string } {
  return { kind: Kind.NAME, value };
}
