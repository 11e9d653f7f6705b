import type { CreatedItem, Impossible, Undoable } from './image.ts';
import { flat, textOf } from '../arguments.ts';
import type { Judged } from '../judge.ts';
import type { JsonObject } from '../../../model/json.ts';

interface Creation {
  readonly title: string;
  readonly inverse: string;
  /** Member of the answer that names what was made. */
  readonly answers: string;
  readonly into: readonly string[];
  readonly variables?: (args: JsonObject) => JsonObject;
  readonly notUndone?: readonly string[];
}

const byId = (operation: string, type = 'String!'): string => `mutation ($id: ${type}) { ${operation}(id: $id) }`;
const inEnvironment = (args: JsonObject): JsonObject => ({ environmentId: textOf(args, 'environmentId') ?? null });

/** Operation → what takes away what it made. */
const creations: { readonly [operation: string]: Creation } = {
  customDomainCreate: {
    title: 'the new custom domain',
    inverse: byId('customDomainDelete'),
    answers: 'id',
    into: ['id'],
  },
  serviceDomainCreate: {
    title: 'the new service domain',
    inverse: byId('serviceDomainDelete'),
    answers: 'id',
    into: ['id'],
  },
  serviceCreate: { title: 'the new service', inverse: byId('serviceDelete'), answers: 'id', into: ['id'] },
  environmentCreate: { title: 'the new environment', inverse: byId('environmentDelete'), answers: 'id', into: ['id'] },
  projectCreate: {
    title: 'the new project',
    inverse: byId('projectScheduleDelete'),
    answers: 'id',
    into: ['id'],
    notUndone: ['railway keeps it for 48 hours more'],
  },
  pluginCreate: {
    title: 'the new legacy database',
    inverse: byId('pluginDelete'),
    answers: 'id',
    into: ['id'],
  },
  deploymentTriggerCreate: {
    title: 'the new trigger',
    inverse: byId('deploymentTriggerDelete'),
    answers: 'id',
    into: ['id'],
  },
  notificationRuleCreate: {
    title: 'the new notification rule',
    inverse: byId('notificationRuleDelete'),
    answers: 'id',
    into: ['id'],
  },
  cloudAgentCreate: { title: 'the new machine', inverse: byId('cloudAgentDelete', 'ID!'), answers: 'id', into: ['id'] },
  volumeCreate: {
    title: 'the new volume',
    inverse: 'mutation ($id: String!) { volumeDelete(volumeId: $id) }',
    answers: 'id',
    into: ['id'],
  },
  sandboxCreate: {
    title: 'the new sandbox',
    inverse:
      'mutation ($environmentId: String!, $id: String!) { sandboxDestroy(environmentId: $environmentId, id: $id) { id } }',
    answers: 'id',
    into: ['id'],
    variables: inEnvironment,
  },
  sandboxCheckpointCreate: {
    title: 'the new checkpoint',
    inverse:
      'mutation ($environmentId: String!, $id: ID!) { sandboxCheckpointDelete(environmentId: $environmentId, id: $id) }',
    answers: 'id',
    into: ['id'],
    variables: inEnvironment,
  },
  railwayDomainDnsRecordCreate: {
    title: 'the new DNS record',
    inverse: 'mutation ($input: RailwayDomainDnsRecordDeleteInput!) { railwayDomainDnsRecordDelete(input: $input) }',
    answers: 'id',
    into: ['input', 'recordId'],
    variables: (args) => ({
      input: { domain: flat(args)['domain'] ?? null, workspaceId: flat(args)['workspaceId'] ?? null },
    }),
  },
  privateNetworkEndpointCreateOrGet: {
    title: 'the new endpoint',
    inverse: byId('privateNetworkEndpointDelete'),
    answers: 'publicId',
    into: ['id'],
  },
};

export const createdOperations: ReadonlySet<string> = new Set(Object.keys(creations));

/** The member of an answer that names what the operation made. */
export function namedBy(operation: string): string {
  return creations[operation]?.answers ?? 'id';
}

/**
 * The undo of a creation: deleting what the answer names. A request that does not ask for the id is made to
 * (`rewrite.ts`); where it may be left out all the same, nobody could say later what was made, so there is no undo.
 */
export function creation(judged: Judged): Undoable | Impossible {
  const { field } = judged;
  const made = creations[field.name];
  if (made === undefined) return { impossible: 'nothing takes away what it makes' };
  const id = field.children.find((child) => child.name === made.answers && !child.conditional);
  if (id === undefined || field.conditional) {
    return {
      impossible:
        'it may be left out of the answer, so what it makes could not be taken away: ask for it without a directive',
    };
  }
  const item: CreatedItem = {
    kind: 'created',
    title: made.title,
    answered: [...(judged.batch ? [judged.element] : []), 'data', field.key, id.key],
    inverse: { query: made.inverse, variables: made.variables?.(field.arguments) ?? {} },
    into: made.into,
    notUndone: made.notUndone ?? [],
  };
  return {
    sentence: `takes ${made.title} away again`,
    *capture() {
      yield* [];
      return [item];
    },
  };
}
