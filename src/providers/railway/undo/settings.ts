import { type Impossible, type Look, type RestoreSpec } from './image.ts';
import { isObject } from '../arguments.ts';
import type { Judged } from '../judge.ts';
import type { Found, Place } from '../resolve/found.ts';
import type { JsonObject } from '../../../model/json.ts';

/** Operation → what it overwrites, where that is read, and how it is written again: one spec a place. */
export type Settings = (args: JsonObject, found: Found, judged: Judged) => readonly RestoreSpec[] | Impossible;

export const input = (args: JsonObject): JsonObject => (isObject(args['input']) ? args['input'] : {});

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

export const settings: { readonly [operation: string]: Settings } = {
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
  customDomainUpdate: (args, found) => {
    const { projectId, environmentId } = firstPlace(found);
    const id = found.resources[0]?.id ?? '';
    return [
      {
        title: `target port of \`${found.name}\``,
        look: {
          query:
            'query ($id: String!, $projectId: String!) { customDomain(id: $id, projectId: $projectId) { id targetPort } }',
          variables: { id, projectId },
          path: ['customDomain'],
        },
        members: ['targetPort'],
        wrote: { targetPort: args['targetPort'] ?? null },
        inverse: (before) => ({
          query:
            'mutation ($environmentId: String!, $id: String!, $targetPort: Int) { customDomainUpdate(environmentId: $environmentId, id: $id, targetPort: $targetPort) }',
          variables: { environmentId, id, targetPort: before['targetPort'] },
        }),
      },
    ];
  },
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
  environmentRename: (args, found) => {
    const id = found.resources[0]?.id ?? '';
    return [
      {
        title: `name of environment \`${found.name}\``,
        look: {
          query: 'query ($id: String!) { environment(id: $id) { id name } }',
          variables: { id },
          path: ['environment'],
        },
        members: ['name'],
        wrote: input(args),
        inverse: (before) => ({
          query:
            'mutation ($id: String!, $input: EnvironmentRenameInput!) { environmentRename(id: $id, input: $input) { id } }',
          variables: { id, input: before },
        }),
      },
    ];
  },
  projectUpdate: (args, found) => {
    const id = found.resources[0]?.id ?? '';
    const members = Object.keys(input(args));
    return [
      {
        title: `settings of project \`${found.name}\``,
        look: {
          query: `query ($id: String!) { project(id: $id) { id ${members.join(' ')} } }`,
          variables: { id },
          path: ['project'],
        },
        members,
        wrote: input(args),
        inverse: (before) => ({
          query:
            'mutation ($id: String!, $input: ProjectUpdateInput!) { projectUpdate(id: $id, input: $input) { id } }',
          variables: { id, input: before },
        }),
      },
    ];
  },
  preferencesUpdate: (args) => {
    const { token, ...wrote } = input(args);
    if (token !== undefined) return { impossible: "somebody else's preferences cannot be read back" };
    const members = Object.keys(wrote);
    return [
      {
        title: 'mail preferences',
        look: { query: `query { preferences { id ${members.join(' ')} } }`, variables: {}, path: ['preferences'] },
        members,
        wrote,
        inverse: (before) => ({
          query: 'mutation ($input: PreferencesUpdateData!) { preferencesUpdate(input: $input) { id } }',
          variables: { input: before },
        }),
      },
    ];
  },
  railwayDomainDnsRecordUpdate: (args, found) => {
    const { domain, workspaceId, recordId, ...wrote } = input(args);
    return [
      {
        title: `DNS record of \`${found.name}\``,
        look: {
          query:
            'query ($domain: String!, $workspaceId: String!) { railwayDomainDnsRecords(domain: $domain, workspaceId: $workspaceId) { id host type answer priority ttl } }',
          variables: { domain: domain ?? null, workspaceId: workspaceId ?? null },
          path: ['railwayDomainDnsRecords'],
          where: { id: recordId ?? null },
        },
        members: ['answer', 'host', 'priority', 'ttl', 'type'],
        wrote,
        inverse: (before) => ({
          query:
            'mutation ($input: RailwayDomainDnsRecordUpdateInput!) { railwayDomainDnsRecordUpdate(input: $input) { id } }',
          variables: {
            input: { domain: domain ?? null, workspaceId: workspaceId ?? null, recordId: recordId ?? null, ...before },
          },
        }),
      },
    ];
  },
  privateNetworkEndpointRename: (args, found, judged) => {
    const place = firstPlace(found);
    const { id, privateNetworkId } = judged.field.arguments;
    return [
      {
        title: `internal name \`${found.name}\``,
        look: {
          query:
            'query ($environmentId: String!, $privateNetworkId: String!, $serviceId: String!) { privateNetworkEndpoint(environmentId: $environmentId, privateNetworkId: $privateNetworkId, serviceId: $serviceId) { publicId dnsName } }',
          variables: {
            environmentId: place.environmentId,
            privateNetworkId: privateNetworkId ?? '',
            serviceId: place.serviceId ?? '',
          },
          path: ['privateNetworkEndpoint'],
          where: { publicId: id ?? '' },
        },
        members: ['dnsName'],
        wrote: { dnsName: args['dnsName'] ?? null },
        inverse: (before) => ({
          query:
            'mutation ($id: String!, $privateNetworkId: String!, $dnsName: String!) { privateNetworkEndpointRename(id: $id, privateNetworkId: $privateNetworkId, dnsName: $dnsName) }',
          variables: { id: id ?? '', privateNetworkId: privateNetworkId ?? '', dnsName: before['dnsName'] },
        }),
      },
    ];
  },
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
