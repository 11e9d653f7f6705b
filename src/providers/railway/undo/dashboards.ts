import { type Impossible, restoring, type Undoable } from './image.ts';
import { isObject } from '../arguments.ts';
import { items } from '../ask.ts';
import type { Found } from '../resolve/found.ts';
import type { Looking } from '../../../contract/lookup.ts';
import type { JsonObject } from '../../../model/json.ts';

const query = `query ($id: String!) { observabilityDashboards(environmentId: $id) { edges { node { id items { id displayConfig
  dashboardItem { id name description type monitors { id } config { httpMetric logsFilter measurements projectUsageProperties resourceIds } } } } }
  pageInfo { hasNextPage } } }`;

/** A dashboard is put back as the items that it had; its monitors cannot be written. */
export function* dashboardItems(found: Found): Looking<Undoable | Impossible> {
  const id = found.resources[0]?.id ?? '';
  return yield* restoring([
    {
      title: `items of the ${found.name}`,
      look: {
        query,
        variables: { id: found.places[0]?.environmentId ?? '' },
        path: ['observabilityDashboards'],
        where: { id },
      },
      members: ['items'],
      wrote: {},
      inverse: (before) => {
        const kept = items(before['items'], 'dashboard items');
        if (kept.some(watched)) return { impossible: 'its monitors cannot be written again' };
        return {
          query:
            'mutation ($id: String!, $input: [ObservabilityDashboardUpdateInput!]!) { observabilityDashboardUpdate(id: $id, input: $input) }',
          variables: { id, input: kept.map(asInput) },
        };
      },
    },
  ]);
}

function watched(item: JsonObject): boolean {
  const inner = item['dashboardItem'];
  return !isObject(inner) || !Array.isArray(inner['monitors']) || inner['monitors'].length > 0;
}

function asInput(item: JsonObject): JsonObject {
  const inner = isObject(item['dashboardItem']) ? item['dashboardItem'] : {};
  const { monitors: _monitors, ...dashboardItem } = inner;
  return { id: item['id'] ?? null, displayConfig: item['displayConfig'] ?? null, dashboardItem };
}
