import { creation } from './creations.ts';
import { type Impossible, looked, type Undoable } from './image.ts';
import { textOf } from '../arguments.ts';
import type { Judged } from '../judge.ts';
import type { Found } from '../resolve/found.ts';
import type { Looking } from '../../../contract/lookup.ts';

const query =
  'query ($environmentId: String!, $privateNetworkId: String!, $serviceId: String!) { privateNetworkEndpoint(environmentId: $environmentId, privateNetworkId: $privateNetworkId, serviceId: $serviceId) { publicId } }';

/** Create-or-get: where it was there already, deleting it would take away more than was made. */
export function* endpointBefore(judged: Judged, found: Found): Looking<Undoable | Impossible> {
  const [place] = found.places;
  const variables = {
    environmentId: place?.environmentId ?? '',
    privateNetworkId: textOf(judged.field.arguments, 'privateNetworkId') ?? '',
    serviceId: place?.serviceId ?? '',
  };
  const before = yield* looked({ query, variables, path: ['privateNetworkEndpoint'] }, 'the endpoint');
  return before === undefined
    ? creation(judged)
    : { impossible: 'the endpoint is there already: taking it away would not be the inverse' };
}
