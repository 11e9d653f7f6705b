import { flat } from './arguments.ts';
import { operationName, rowOf } from './catalogue.ts';
import { sights } from './classes/queries.ts';
import type { Target } from './classes/row.ts';
import { firing } from './escalations.ts';
import { shown } from './shown.ts';
import type { GraphqlOperation, RootField } from '../../languages/graphql/index.ts';
import type { Action, Resource, Trait } from '../../model/action.ts';
import type { Json } from '../../model/json.ts';
import { type Reversibility, worse } from '../../model/reversibility.ts';

/** One root field with its class, arguments looked at, ids not yet resolved. */
export interface Judged {
  readonly kind: 'query' | 'mutation';
  readonly field: RootField;
  readonly target: Target;
  readonly action: Action;
  /** Which element of a batch it stands in. */
  readonly element: number;
  readonly batch: boolean;
}

/** The class of a root field with these arguments. */
export function judge(
  operation: Pick<GraphqlOperation, 'kind'>,
  field: RootField,
  at: { readonly element: number; readonly batch: boolean },
): Judged {
  const row = rowOf(operation.kind, field.name);
  const name = operationName(operation.kind, field.name);
  if (row === undefined) {
    const action: Action = {
      operation: name,
      reversibility: 'unknown',
      traits: [],
      resources: [],
      why: 'nobody has classified it',
    };
    return { kind: operation.kind, field, target: 'none', action, ...at };
  }
  const [reversibility, target, why, ...traits] = row;
  const rules = operation.kind === 'mutation' ? firing(field.name, field.arguments) : [];
  const action: Action = {
    operation: name,
    reversibility: rules.reduce<Reversibility>(
      (worst, rule) => worse(worst, rule.reversibility ?? worst),
      reversibility,
    ),
    traits: union(traits, ...rules.map((rule) => rule.traits)),
    resources: namedResources(operation.kind, field, target),
    why: [why, ...rules.map((rule) => rule.why)].join('; '),
  };
  return { kind: operation.kind, field, target, action, ...at };
}

export function union(...lists: readonly (readonly Trait[])[]): readonly Trait[] {
  return [...new Set(lists.flat())];
}

/** An action made worse by what was found out about its target. */
export function raise(
  action: Action,
  reversibility: Reversibility,
  why: string,
  traits: readonly Trait[] = [],
): Action {
  return {
    ...action,
    reversibility: worse(action.reversibility, reversibility),
    traits: union(action.traits, traits),
    why: shown(`${action.why}; ${why}`, 600),
  };
}

const idArguments: readonly (readonly [argument: string, kind: string])[] = [
  ['volumeInstanceBackupId', 'backup'],
  ['volumeInstanceId', 'volume-instance'],
  ['volumeId', 'volume'],
  ['deploymentId', 'deployment'],
  ['serviceDomainId', 'service-domain'],
  ['bucketId', 'bucket'],
  ['serviceId', 'service'],
  ['rootServiceId', 'service'],
  ['environmentId', 'environment'],
  ['projectId', 'project'],
  ['workspaceId', 'workspace'],
];

const idKinds: Partial<Record<Target, string>> = {
  variables: 'service',
  place: 'project',
  'service-in': 'service',
  'dns-record': 'domain',
};

/** The ids that the arguments name, unresolved: for `explain` and for people, never for a verdict. */
function namedResources(kind: 'query' | 'mutation', field: RootField, target: Target): readonly Resource[] {
  const args = flat(field.arguments);
  const named: Resource[] = [];
  const add = (what: string, id: Json | undefined): void => {
    if (typeof id === 'string') named.push({ kind: `railway:${what}`, id, environments: [] });
  };
  if (kind === 'mutation') add(idKinds[target] ?? target, args['id']);
  else add(sights.get(field.name) === 'inventory' ? field.name : 'thing', args['id']);
  for (const [argument, what] of idArguments) add(what, args[argument]);
  return named;
}
