import { firstPlace, input, instanceLook, type Settings } from './settings.ts';
import { isObject } from '../arguments.ts';

const instanceMembers = [
  'buildCommand',
  'builder',
  'cronSchedule',
  'dockerfilePath',
  'drainingSeconds',
  'healthcheckPath',
  'healthcheckTimeout',
  'ipv6EgressEnabled',
  'nixpacksPlan',
  'numReplicas',
  'overlapSeconds',
  'preDeployCommand',
  'railwayConfigFile',
  'region',
  'restartPolicyMaxRetries',
  'restartPolicyType',
  'rootDirectory',
  'sleepApplication',
  'startCommand',
  'watchPatterns',
] as const;

/** A service and its instances. */
export const serviceSettings: { readonly [operation: string]: Settings } = {
  serviceInstanceUpdate: (args, found) => {
    const wrote = input(args);
    const members = Object.keys(wrote);
    const readable = members.filter((member) => member === 'source' || instanceMembers.some((one) => one === member));
    if (readable.length < members.length) return { impossible: 'a setting cannot be read back' };
    const selection = members.map((member) => (member === 'source' ? 'source { image repo }' : member)).join(' ');
    return found.places.map((place) => ({
      title: `settings of \`${found.name}\` in ${place.environment}`,
      look: instanceLook(place, selection),
      members,
      wrote,
      inverse: (before) => {
        if (members.includes('source') && !isObject(before['source']))
          return { impossible: 'there was no source before, and none can be written' };
        return {
          query:
            'mutation ($serviceId: String!, $environmentId: String, $input: ServiceInstanceUpdateInput!) { serviceInstanceUpdate(serviceId: $serviceId, environmentId: $environmentId, input: $input) }',
          variables: { serviceId: place.serviceId ?? '', environmentId: place.environmentId, input: before },
        };
      },
    }));
  },
  serviceInstanceAutoDeployUpdate: (args, found) => {
    const { projectId, environmentId, environment, serviceId = '' } = firstPlace(found);
    const target = { projectId, environmentId, serviceId };
    return [
      {
        title: `deploying by itself of \`${found.name}\` in ${environment}`,
        look: {
          query:
            'query ($projectId: String!, $environmentId: String!, $serviceId: String!) { serviceInstanceAutoDeployStatus(projectId: $projectId, environmentId: $environmentId, serviceId: $serviceId) { enabled canEnable } }',
          variables: target,
          path: ['serviceInstanceAutoDeployStatus'],
        },
        members: ['enabled'],
        wrote: { enabled: input(args)['enabled'] ?? null },
        inverse: (before, record) => {
          if (before['enabled'] === true && record['canEnable'] !== true)
            return { impossible: 'once it is off, railway would not let it be switched on again' };
          return {
            query:
              'mutation ($input: ServiceInstanceAutoDeployUpdateInput!) { serviceInstanceAutoDeployUpdate(input: $input) { enabled } }',
            variables: { input: { ...target, enabled: before['enabled'] } },
          };
        },
        notUndone: ['deployments that pushes set off, or did not, meanwhile'],
      },
    ];
  },
  serviceUpdate: (args, found) => {
    const id = found.resources[0]?.id ?? '';
    return [
      {
        title: `name and icon of \`${found.name}\``,
        look: {
          query: 'query ($id: String!) { service(id: $id) { id name icon } }',
          variables: { id },
          path: ['service'],
        },
        members: Object.keys(input(args)),
        wrote: input(args),
        inverse: (before) => ({
          query:
            'mutation ($id: String!, $input: ServiceUpdateInput!) { serviceUpdate(id: $id, input: $input) { id } }',
          variables: { id, input: before },
        }),
      },
    ];
  },
};
