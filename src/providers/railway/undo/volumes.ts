import { firstPlace, input, type Settings } from './settings.ts';

/** The name of a volume and where it is mounted. Its data is no setting. */
export const volumeSettings: { readonly [operation: string]: Settings } = {
  volumeUpdate: (args, found) => {
    const id = found.resources[0]?.id ?? '';
    return [
      {
        title: `name of volume \`${found.name}\``,
        look: {
          query:
            'query ($id: String!) { project(id: $id) { id volumes { edges { node { id name } } pageInfo { hasNextPage } } } }',
          variables: { id: firstPlace(found).projectId },
          path: ['project', 'volumes'],
          where: { id },
        },
        members: ['name'],
        wrote: input(args),
        inverse: (before) => ({
          query:
            'mutation ($id: String!, $input: VolumeUpdateInput!) { volumeUpdate(volumeId: $id, input: $input) { id } }',
          variables: { id, input: before },
        }),
      },
    ];
  },
  volumeInstanceUpdate: (args, found) => {
    const { environmentId } = firstPlace(found);
    const [instance = ''] = found.dependents;
    return [
      {
        title: `mount of volume \`${found.name}\``,
        look: {
          query: 'query ($id: String!) { volumeInstance(id: $id) { id mountPath serviceId } }',
          variables: { id: instance },
          path: ['volumeInstance'],
        },
        members: ['mountPath', 'serviceId'],
        wrote: input(args),
        inverse: (before) => {
          if (before['serviceId'] === null)
            return { impossible: 'the volume was attached to no service, which cannot be written again' };
          return {
            query:
              'mutation ($volumeId: String!, $environmentId: String, $input: VolumeInstanceUpdateInput!) { volumeInstanceUpdate(volumeId: $volumeId, environmentId: $environmentId, input: $input) }',
            variables: { volumeId: found.resources[0]?.id ?? '', environmentId, input: before },
          };
        },
      },
    ];
  },
};
