import type { Impossible, Look, RestoreSpec } from './image.ts';
import { isObject } from '../arguments.ts';
import type { Judged } from '../judge.ts';
import type { Found, Place } from '../resolve/found.ts';
import type { JsonObject } from '../../../model/json.ts';

/** Operation → what it overwrites, where that is read, and how it is written again: one spec a place. */
export type Settings = (args: JsonObject, found: Found, judged: Judged) => readonly RestoreSpec[] | Impossible;

export const input = (args: JsonObject): JsonObject => (isObject(args['input']) ? args['input'] : {});

export function instanceLook(place: Place, selection: string): Look {
  return {
    query: `query ($environmentId: String!, $serviceId: String!) { serviceInstance(environmentId: $environmentId, serviceId: $serviceId) { id ${selection} } }`,
    variables: { environmentId: place.environmentId, serviceId: place.serviceId ?? '' },
    path: ['serviceInstance'],
  };
}

export function firstPlace(found: Found): Place {
  return found.places[0] ?? { projectId: '', environmentId: '', environment: '' };
}
