import type { Look, RestoreSpec } from './image.ts';
import { firstPlace, input, instanceLook, type Settings } from './settings.ts';
import { isObject } from '../arguments.ts';
import type { Found, Place } from '../resolve/found.ts';
import type { Json, JsonObject } from '../../../model/json.ts';

const edgeSelection =
  'edgeConfig { id enabled edgeRules underAttackModeUntil caching { defaultTtlSeconds htmlCaching mode purgeOnDeploy staleWhileRevalidate { enabled } } }';

function edgeLook(place: Place): Look {
  const look = instanceLook(place, edgeSelection);
  return { ...look, path: [...look.path, 'edgeConfig'] };
}

/** What lies before a service: cache, rules, fixed outbound addresses. */
export const edgeSettings: { readonly [operation: string]: Settings } = {
  updateServiceEdgeRules: (args, found) => {
    const place = firstPlace(found);
    const target = { environmentId: place.environmentId, serviceId: place.serviceId ?? '' };
    return [
      {
        title: `edge rules of \`${found.name}\` in ${place.environment}`,
        look: edgeLook(place),
        members: ['edgeRules'],
        wrote: { edgeRules: input(args)['edgeRules'] ?? null },
        inverse: (before) => ({
          query: 'mutation ($input: UpdateServiceEdgeRulesInput!) { updateServiceEdgeRules(input: $input) { id } }',
          variables: { input: { ...target, edgeRules: before['edgeRules'] } },
        }),
      },
    ];
  },
  updateServiceEdgeConfig: (_args, found) => {
    const place = firstPlace(found);
    const target = { environmentId: place.environmentId, serviceId: place.serviceId ?? '' };
    return [
      {
        title: `caching of \`${found.name}\` in ${place.environment}`,
        look: edgeLook(place),
        members: ['caching'],
        wrote: {},
        inverse: (before) => {
          if (!isObject(before['caching']))
            return { impossible: 'nothing was set before, and nothing cannot be written' };
          return {
            query: 'mutation ($input: UpdateServiceEdgeConfigInput!) { updateServiceEdgeConfig(input: $input) { id } }',
            variables: { input: { ...target, config: { caching: before['caching'] } } },
          };
        },
      },
    ];
  },
  setServiceUnderAttackMode: (args, found) => {
    const place = firstPlace(found);
    const target = { environmentId: place.environmentId, serviceId: place.serviceId ?? '' };
    return [
      {
        title: `under-attack mode of \`${found.name}\` in ${place.environment}`,
        look: edgeLook(place),
        members: ['underAttackModeUntil'],
        wrote: {},
        inverse: (before) => {
          if (before['underAttackModeUntil'] !== null || input(args)['enabled'] !== true)
            return { impossible: 'it was on already, until a time that cannot be written again' };
          return {
            query:
              'mutation ($input: SetServiceUnderAttackModeInput!) { setServiceUnderAttackMode(input: $input) { id } }',
            variables: { input: { ...target, enabled: false } },
          };
        },
      },
    ];
  },
  egressGatewayAssociationCreate: (_args, found) =>
    whereThereWasNone(found, {
      title: `outbound addresses of \`${found.name}\``,
      look: (target) => ({
        query:
          'query ($environmentId: String!, $serviceId: String!) { egressGateways(environmentId: $environmentId, serviceId: $serviceId) { ipv4 } environment(id: $environmentId) { id } }',
        variables: target,
        path: [],
      }),
      member: 'egressGateways',
      isNone: (value) => Array.isArray(value) && value.length === 0,
      inverse: 'mutation ($input: EgressGatewayServiceTargetInput!) { egressGatewayAssociationsClear(input: $input) }',
    }),
  // Where there is no configuration at all, or one comes along, switching it off again would leave one behind.
  enableServiceCdn: (args, found) =>
    whereThereWasNone(found, {
      title: `cache of \`${found.name}\``,
      look: () => instanceLook(firstPlace(found), edgeSelection),
      member: 'edgeConfig',
      isNone: (value) => isObject(value) && value['enabled'] === false && (input(args)['config'] ?? null) === null,
      inverse: 'mutation ($input: DisableServiceCdnInput!) { disableServiceCdn(input: $input) }',
    }),
};

/** Adding what was not there: taking it away is the inverse only where there was none before. */
function whereThereWasNone(
  found: Found,
  what: {
    readonly title: string;
    readonly look: (target: JsonObject) => Look;
    readonly member: string;
    readonly isNone: (value: Json) => boolean;
    readonly inverse: string;
  },
): readonly RestoreSpec[] {
  const place = firstPlace(found);
  const target = { environmentId: place.environmentId, serviceId: place.serviceId ?? '' };
  return [
    {
      title: `${what.title} in ${place.environment}`,
      look: what.look(target),
      members: [what.member],
      wrote: {},
      inverse: (before) =>
        what.isNone(before[what.member] ?? null)
          ? { query: what.inverse, variables: { input: target } }
          : { impossible: 'taking it away again would not leave what is there now' },
    },
  ];
}
