import { type Impossible, restoring, type Undoable } from './image.ts';
import { isObject } from '../arguments.ts';
import type { Judged } from '../judge.ts';
import type { Found } from '../resolve/found.ts';
import type { Looking } from '../../../contract/lookup.ts';

export const rollbackOperations: ReadonlySet<string> = new Set([
  'deploymentRedeploy',
  'deploymentRollback',
  'environmentTriggersDeploy',
  'serviceInstanceDeploy',
  'serviceInstanceDeployV2',
  'serviceInstanceRedeploy',
]);

const query =
  'query ($environmentId: String!, $serviceId: String!) { serviceInstance(environmentId: $environmentId, serviceId: $serviceId) { id latestDeployment { id canRollback } } }';

/** A deploy is undone by rolling back to the deployment that ran before; what the new code did is not. */
export function* rollback(_judged: Judged, found: Found): Looking<Undoable | Impossible> {
  const [place] = found.places;
  if (place?.serviceId === undefined) return { impossible: 'which service is deployed is not known' };
  return yield* restoring([
    {
      title: `deployment of \`${found.name}\` in ${place.environment}`,
      look: {
        query,
        variables: { environmentId: place.environmentId, serviceId: place.serviceId },
        path: ['serviceInstance'],
      },
      members: ['latestDeployment'],
      wrote: {},
      inverse: ({ latestDeployment }) => {
        if (!isObject(latestDeployment) || latestDeployment['canRollback'] !== true) {
          return { impossible: 'there is no former deployment that could be rolled back to' };
        }
        return {
          query: 'mutation ($id: String!) { deploymentRollback(id: $id) }',
          variables: { id: latestDeployment['id'] },
        };
      },
      notUndone: ['what the code did while it ran'],
    },
  ]);
}
