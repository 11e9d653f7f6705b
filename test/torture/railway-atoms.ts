import { Kind, type OperationDefinitionNode, OperationTypeNode, parse, print, visit } from 'graphql';
import { mutationNames, queryNames } from '../../demo/railway/arguments.ts';
import { type Double, validArguments } from '../../demo/railway/double.ts';
import type { EnvironmentName } from '../../demo/railway/seeded.ts';
import { escalatedCalls } from '../golden/railway-escalated.ts';
import { ordinaryCalls } from '../golden/railway-ordinary.ts';

/** One operation with valid arguments, taken apart so that documents can be put together from several. */
export interface Atom {
  readonly name: string;
  readonly kind: 'query' | 'mutation';
  /** Its root fields and declarations, once for each prefix of its variables' names. */
  readonly forms: readonly AtomForm[];
  /** By their names without a prefix. */
  readonly variables: Readonly<Record<string, unknown>>;
}

export interface AtomForm {
  readonly fields: readonly string[];
  readonly declarations: readonly { readonly name: string; readonly bare: string; readonly type: string }[];
  readonly fragments: string;
}

/** So many atoms stand in one document at most. */
export const prefixes = ['a_', 'b_', 'c_', 'd_'] as const;

const environments: readonly EnvironmentName[] = ['production', 'staging'];

/** Every mutation and query of the schema aimed at both environments, what escalates, and what is ordinary. */
export function railwayAtoms(double: Double): readonly Atom[] {
  const names = [...mutationNames(double.schema), ...queryNames(double.schema)];
  const valid = environments.flatMap((environment) => names.map((name) => validArguments(name, double, environment)));
  const escalated = environments.flatMap((environment) => escalatedCalls(double, environment));
  return [...valid, ...escalated, ...ordinaryCalls(double)].map(({ query, variables }) => atomOf(query, variables));
}

function atomOf(query: string, variables: Readonly<Record<string, unknown>>): Atom {
  const document = parse(query);
  const operation = document.definitions.find(
    (one): one is OperationDefinitionNode => one.kind === Kind.OPERATION_DEFINITION,
  );
  const [first] = operation?.selectionSet.selections ?? [];
  if (operation === undefined || first === undefined) throw new Error(`nothing is asked in \`${query}\``);
  return {
    name: first.kind === Kind.FIELD ? first.name.value : '',
    kind: operation.operation === OperationTypeNode.MUTATION ? 'mutation' : 'query',
    forms: prefixes.map((prefix) => formOf(query, prefix)),
    variables,
  };
}

function formOf(query: string, prefix: string): AtomForm {
  const renamed = visit(parse(query), {
    Variable: (node) => ({ ...node, name: { ...node.name, value: prefix + node.name.value } }),
    FragmentDefinition: (node) => ({ ...node, name: { ...node.name, value: prefix + node.name.value } }),
    FragmentSpread: (node) => ({ ...node, name: { ...node.name, value: prefix + node.name.value } }),
  });
  const operations = renamed.definitions.filter((one) => one.kind === Kind.OPERATION_DEFINITION);
  return {
    fields: operations.flatMap((one) => one.selectionSet.selections.map((field) => print(field))),
    declarations: operations
      .flatMap((one) => one.variableDefinitions ?? [])
      .map(({ variable, type }) => ({
        name: variable.name.value,
        bare: variable.name.value.slice(prefix.length),
        type: print(type),
      })),
    fragments: renamed.definitions
      .filter((one) => one.kind === Kind.FRAGMENT_DEFINITION)
      .map((one) => print(one))
      .join('\n'),
  };
}
