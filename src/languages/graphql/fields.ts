import {
  type FragmentDefinitionNode,
  getArgumentValues,
  getNamedType,
  getVariableValues,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLSchema,
  isCompositeType,
  isUnionType,
  Kind,
  type OperationDefinitionNode,
  type FieldNode,
  SchemaMetaFieldDef,
  type SelectionSetNode,
  typeFromAST,
  TypeMetaFieldDef,
  TypeNameMetaFieldDef,
} from 'graphql';
import { clean } from './document.ts';
import { graphqlLimits } from './envelope.ts';
import { exactNumber, type StrictJson } from './json.ts';
import type { JsonObject } from '../../model/json.ts';
import { refuse } from '../../model/refusal.ts';

/** A selected field, wherever fragments put it. Two fields under one key stand side by side. */
export interface SelectedField {
  /** The key it has in the answer: alias or name. */
  readonly key: string;
  readonly name: string;
  /** `Type.field`, the type being the one that the selection was made on. */
  readonly coordinate: string;
  /** Named type of its value, list and non-null taken off. */
  readonly type: string;
  /** Under `@skip` or `@include`: it is judged all the same, but the answer may lack it. */
  readonly conditional: boolean;
  readonly children: readonly SelectedField[];
}

/** A root field with what the server will see as its arguments: variables put in, defaults filled, values coerced. */
export interface RootField extends SelectedField {
  readonly arguments: JsonObject;
}

export type Fragments = ReadonlyMap<string, FragmentDefinitionNode>;
type Variables = NonNullable<ReturnType<typeof getVariableValues>['variableValues']>;

/** Coerced variables of the operation: exactly those that it declares. Throws `BAD_REQUEST`. */
export function coerceVariables(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  inputs: { readonly [name: string]: StrictJson },
): Variables {
  const read = getVariableValues(schema, operation.variableDefinitions ?? [], inputs, {
    maxErrors: 1,
    hideSuggestions: true,
  });
  if (read.variableValues !== undefined) return read.variableValues;
  throw refuse(
    'BAD_REQUEST',
    `a variable does not fit: ${clean(read.errors[0]?.message ?? '')}`,
    'send values of the declared types',
  );
}

/** Every root field of the operation, unfolded through fragments, whatever `@skip` and `@include` say. */
export function readRootFields(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  fragments: Fragments,
  variables: Variables,
): readonly RootField[] {
  const root = schema.getRootType(operation.operation);
  if (root === undefined || root === null) throw refuse('BAD_REQUEST', `the schema has no ${operation.operation}`);
  const walk = new Walk(schema, fragments);
  const found = walk.nodes(operation.selectionSet, root, false, 0);
  if (found.length > graphqlLimits.rootFields) {
    throw refuse(
      'BAD_REQUEST',
      `more than ${graphqlLimits.rootFields} operations in one document`,
      'send fewer at once',
    );
  }
  return found.map((one) => ({
    ...walk.field(one),
    arguments: plainArguments(getArgumentValues(one.definition, one.node, variables, undefined, true)),
  }));
}

interface FoundField {
  readonly node: FieldNode;
  readonly definition: GraphQLField<unknown, unknown>;
  readonly parent: GraphQLCompositeType;
  readonly conditional: boolean;
  readonly depth: number;
}

class Walk {
  readonly #schema: GraphQLSchema;
  readonly #fragments: Fragments;
  #seen = 0;

  constructor(schema: GraphQLSchema, fragments: Fragments) {
    this.#schema = schema;
    this.#fragments = fragments;
  }

  field({ node, definition, parent, conditional, depth }: FoundField): SelectedField {
    const type = getNamedType(definition.type);
    const below =
      node.selectionSet !== undefined && isCompositeType(type)
        ? this.nodes(node.selectionSet, type, false, depth + 1)
        : [];
    return {
      key: node.alias?.value ?? node.name.value,
      name: node.name.value,
      coordinate: `${parent.name}.${node.name.value}`,
      type: type.name,
      conditional,
      children: below.map((found) => this.field(found)),
    };
  }

  nodes(selections: SelectionSetNode, parent: GraphQLCompositeType, conditional: boolean, depth: number): FoundField[] {
    if (depth > graphqlLimits.depth)
      throw refuse('BAD_REQUEST', `the document nests deeper than ${graphqlLimits.depth}`);
    const found: FoundField[] = [];
    for (const selection of selections.selections) {
      this.#seen += 1;
      if (this.#seen > graphqlLimits.fields) {
        throw refuse(
          'BAD_REQUEST',
          `the document selects more than ${graphqlLimits.fields} fields`,
          'ask for less at once',
        );
      }
      const unsure = conditional || (selection.directives?.length ?? 0) > 0;
      switch (selection.kind) {
        case Kind.FIELD:
          found.push({
            node: selection,
            definition: this.#definition(parent, selection),
            parent,
            conditional: unsure,
            depth,
          });
          break;
        case Kind.INLINE_FRAGMENT: {
          const on = selection.typeCondition === undefined ? parent : this.#type(selection.typeCondition.name.value);
          found.push(...this.nodes(selection.selectionSet, on, unsure, depth + 1));
          break;
        }
        case Kind.FRAGMENT_SPREAD: {
          const fragment = this.#fragments.get(selection.name.value);
          if (fragment === undefined) throw refuse('BAD_REQUEST', 'a fragment is not defined');
          found.push(
            ...this.nodes(fragment.selectionSet, this.#type(fragment.typeCondition.name.value), unsure, depth + 1),
          );
          break;
        }
      }
    }
    return found;
  }

  #type(name: string): GraphQLCompositeType {
    const type = typeFromAST(this.#schema, { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: name } });
    if (!isCompositeType(type)) throw refuse('BAD_REQUEST', 'a fragment is on a type that has no fields');
    return type;
  }

  #definition(parent: GraphQLCompositeType, node: FieldNode): GraphQLField<unknown, unknown> {
    const name = node.name.value;
    if (name === TypeNameMetaFieldDef.name) return TypeNameMetaFieldDef;
    if (parent === this.#schema.getQueryType()) {
      if (name === SchemaMetaFieldDef.name) return SchemaMetaFieldDef;
      if (name === TypeMetaFieldDef.name) return TypeMetaFieldDef;
    }
    const definition = isUnionType(parent) ? undefined : parent.getFields()[name];
    if (definition === undefined) throw refuse('BAD_REQUEST', `\`${parent.name}\` has no field \`${clean(name)}\``);
    return definition;
  }
}

/** Coerced values as plain frozen-able JSON; a custom scalar that coerced to something else is refused. */
function plainArguments(values: { readonly [name: string]: unknown }): JsonObject {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, plainValue(value, 0)]));
}

export function plainValue(value: unknown, depth: number): StrictJson {
  if (depth > 64) throw refuse('BAD_REQUEST', 'a value nests deeper than 64');
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number' && exactNumber(String(value))) return value;
  if (Array.isArray(value)) return value.map((item) => plainValue(item, depth + 1));
  if (typeof value === 'object') {
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    if (members.some(([key]) => key === '__proto__')) throw refuse('BAD_REQUEST', 'a value has a key `__proto__`');
    return Object.fromEntries(members.map(([key, member]) => [key, plainValue(member, depth + 1)]));
  }
  throw refuse('BAD_REQUEST', 'a value is not plain JSON');
}
