import type { RestoreSpec } from './image.ts';
import { firstPlace, input, type Settings } from './settings.ts';
import type { Found } from '../resolve/found.ts';
import type { JsonObject } from '../../../model/json.ts';

/** What deploys by itself. */
export const triggerSettings: { readonly [operation: string]: Settings } = {
  deploymentTriggerUpdate: (args, found) => [
    triggerSpec(
      found,
      Object.keys(input(args)),
      input(args),
      'mutation ($id: String!, $input: DeploymentTriggerUpdateInput!) { deploymentTriggerUpdate(id: $id, input: $input) { id } }',
    ),
  ],
  baseEnvironmentOverride: (args, found) => [
    triggerSpec(
      found,
      ['baseEnvironmentOverrideId'],
      input(args),
      'mutation ($id: String!, $input: BaseEnvironmentOverrideInput!) { baseEnvironmentOverride(id: $id, input: $input) }',
    ),
  ],
};

function triggerSpec(found: Found, members: readonly string[], wrote: JsonObject, mutation: string): RestoreSpec {
  const id = found.resources[0]?.id ?? '';
  return {
    title: `trigger \`${found.name}\``,
    look: {
      query:
        'query ($id: String!) { environment(id: $id) { id deploymentTriggers { edges { node { id repository branch checkSuites baseEnvironmentOverrideId } } pageInfo { hasNextPage } } } }',
      variables: { id: firstPlace(found).environmentId },
      path: ['environment', 'deploymentTriggers'],
      where: { id },
    },
    members,
    wrote,
    inverse: (before) => ({ query: mutation, variables: { id, input: before } }),
  };
}
