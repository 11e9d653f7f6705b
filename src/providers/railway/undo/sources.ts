import { type Impossible, restoring, type RestoreSpec, type Undoable } from './image.ts';
import { isObject } from '../arguments.ts';
import type { Found } from '../resolve/found.ts';
import type { Looking } from '../../../contract/lookup.ts';

const query =
  'query ($environmentId: String!, $serviceId: String!) { serviceInstance(environmentId: $environmentId, serviceId: $serviceId) { id source { image repo } } }';

/** Connecting a service that had no source anywhere is undone by disconnecting it. */
export function* connected(found: Found): Looking<Undoable | Impossible> {
  const id = found.resources[0]?.id ?? '';
  const specs = found.places.map((place): RestoreSpec => ({
    title: `source of \`${found.name}\` in ${place.environment}`,
    look: { query, variables: { environmentId: place.environmentId, serviceId: id }, path: ['serviceInstance'] },
    members: ['source'],
    wrote: {},
    inverse: ({ source }) => {
      const some = isObject(source) && (typeof source['image'] === 'string' || typeof source['repo'] === 'string');
      if (some) return { impossible: 'it was connected to another source, whose triggers cannot be read back' };
      return { query: 'mutation ($id: String!) { serviceDisconnect(id: $id) { id } }', variables: { id } };
    },
    notUndone: ['what the code did while it ran'],
  }));
  return yield* restoring(specs);
}
