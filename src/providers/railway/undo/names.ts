import { firstPlace, input, type Settings } from './settings.ts';

/** By which names and ports a service is reached. */
export const nameSettings: { readonly [operation: string]: Settings } = {
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
