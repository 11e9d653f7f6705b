import { firstPlace, input, type Settings } from './settings.ts';

const bucketsQuery =
  'query ($id: String!) { project(id: $id) { id buckets { edges { node { id name } } pageInfo { hasNextPage } } } }';
const checkpointsQuery =
  'query ($environmentId: String!) { sandboxCheckpoints(environmentId: $environmentId) { id key } }';

/** Names of what data lies in, and where a volume is mounted. The data itself is no setting. */
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
  bucketUpdate: (args, found) => {
    const id = found.resources[0]?.id ?? '';
    return [
      {
        title: `name of bucket \`${found.name}\``,
        look: {
          query: bucketsQuery,
          variables: { id: firstPlace(found).projectId },
          path: ['project', 'buckets'],
          where: { id },
        },
        members: ['name'],
        wrote: input(args),
        inverse: (before) => ({
          query: 'mutation ($id: String!, $input: BucketUpdateInput!) { bucketUpdate(id: $id, input: $input) { id } }',
          variables: { id, input: before },
        }),
      },
    ];
  },
  pluginUpdate: (args, found) => {
    const id = found.resources[0]?.id ?? '';
    return [
      {
        title: `name of legacy database \`${found.name}\``,
        look: {
          query: 'query ($id: String!) { plugin(id: $id) { id friendlyName } }',
          variables: { id },
          path: ['plugin'],
        },
        members: ['friendlyName'],
        wrote: input(args),
        inverse: (before) => ({
          query: 'mutation ($id: String!, $input: PluginUpdateInput!) { pluginUpdate(id: $id, input: $input) { id } }',
          variables: { id, input: before },
        }),
      },
    ];
  },
  sandboxCheckpointRename: (args, found) => {
    const id = found.resources[0]?.id ?? '';
    const { environmentId } = firstPlace(found);
    return [
      {
        title: `name of checkpoint \`${found.name}\``,
        look: { query: checkpointsQuery, variables: { environmentId }, path: ['sandboxCheckpoints'], where: { id } },
        members: ['key'],
        wrote: { key: args['name'] ?? null },
        inverse: (before) => ({
          query:
            'mutation ($environmentId: String!, $id: ID!, $name: String!) { sandboxCheckpointRename(environmentId: $environmentId, id: $id, name: $name) { id } }',
          variables: { environmentId, id, name: before['key'] },
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
