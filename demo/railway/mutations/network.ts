import { addCustomDomain, addServiceDomain, addTcpProxy, certificateOf } from '../domains.ts';
import { flag, int, type JsonObject, maybeInt, maybeText, object, pick, type Row, text, texts } from '../json.ts';
import { type Call, nextInt, removal, type Resolvers } from '../world.ts';
import { instanceMeant } from './service.ts';

export const networkMutations: Resolvers = {
  customDomainCreate: (call, args) => {
    const input = object(args, 'input');
    call.need('projects', text(input, 'projectId'));
    const instance = instanceMeant(call, input);
    return addCustomDomain(call, instance, text(input, 'domain'), maybeInt(input, 'targetPort'));
  },
  customDomainUpdate: (call, args) => {
    const row = call.need('customDomains', text(args, 'id'));
    if (row['environmentId'] !== text(args, 'environmentId')) throw new Error('CustomDomain not found');
    call.state.update('customDomains', row.id, { targetPort: maybeInt(args, 'targetPort') });
    return true;
  },
  customDomainDelete: removal('customDomains'),
  customDomainIssueCertificate: (call, args) => {
    certificateOf(call, call.need('customDomains', text(args, 'id')));
    return true;
  },

  serviceDomainCreate: (call, args) => {
    const input = object(args, 'input');
    return addServiceDomain(call, instanceMeant(call, input), maybeInt(input, 'targetPort'));
  },
  serviceDomainUpdate: (call, args) => {
    const input = object(args, 'input');
    const row = call.need('serviceDomains', text(input, 'serviceDomainId'));
    const taken = call.state.find('serviceDomains', { domain: text(input, 'domain') });
    if (taken !== undefined && taken.id !== row.id) throw new Error('Domain is already in use');
    call.state.update('serviceDomains', row.id, pick(input, ['domain', 'targetPort']));
    return true;
  },
  serviceDomainDelete: removal('serviceDomains'),

  tcpProxyCreate: (call, args) => {
    const input = object(args, 'input');
    return addTcpProxy(call, instanceMeant(call, input), int(input, 'applicationPort'));
  },
  tcpProxyDelete: removal('tcpProxies'),

  privateNetworkCreateOrGet: (call, args) => {
    const input = object(args, 'input');
    const place = pick(input, ['projectId', 'environmentId', 'name']);
    call.need('environments', text(input, 'environmentId'));
    return call.state.find('privateNetworks', place) ?? addNetwork(call, input);
  },
  privateNetworkEndpointCreateOrGet: (call, args) => {
    const input = object(args, 'input');
    const instance = instanceMeant(call, input);
    const network = call.needWhere('privateNetworks', { publicId: text(input, 'privateNetworkId') });
    const match = { serviceInstanceId: instance.id, privateNetworkId: text(network, 'publicId') };
    return call.state.find('privateNetworkEndpoints', match) ?? addEndpoint(call, instance, network, input);
  },
  privateNetworkEndpointDelete: (call, args) => {
    const row = call.needWhere('privateNetworkEndpoints', { publicId: text(args, 'id') });
    call.state.remove('privateNetworkEndpoints', row.id);
    return true;
  },
  privateNetworkEndpointRename: (call, args) => {
    const match = { publicId: text(args, 'id'), privateNetworkId: text(args, 'privateNetworkId') };
    const row = call.needWhere('privateNetworkEndpoints', match);
    call.state.update('privateNetworkEndpoints', row.id, { dnsName: text(args, 'dnsName') });
    return true;
  },

  egressGatewayAssociationCreate: (call, args) => {
    const input = object(args, 'input');
    const instance = instanceMeant(call, input);
    addGateway(call, instance, maybeText(input, 'region') ?? 'us-west2', null);
    return call.list('egressGateways', pick(input, ['serviceId', 'environmentId']));
  },
  egressGatewayAssociationsClear: (call, args) => {
    for (const instance of targets(call, object(args, 'input'))) {
      call.state.removeAll('egressGateways', pick(instance, ['serviceId', 'environmentId']));
    }
    return true;
  },
  egressGatewayUpgradeToHA: (call, args) => regateway(call, object(args, 'input'), ['a', 'b']),
  egressGatewayRollbackFromHA: (call, args) => regateway(call, object(args, 'input'), [null]),
  /** Reads only; that it was asked for is kept. */
  egressGatewayHAMigrationPreview: (call, args) => {
    const input = object(args, 'input');
    const environments = targets(call, input).map((instance) => {
      const environment = call.state.need('environments', text(instance, 'environmentId'));
      const gateways = ['a', 'b'].map((zone, at) => ({ ipv4: `203.0.113.${at + 1}`, region: 'us-west2', zone }));
      return { environmentId: environment.id, environmentName: text(environment, 'name'), success: true, gateways };
    });
    call.state.insert('trackedEvents', { event: 'egressGatewayHAMigrationPreview', input, environments });
    return { environments, ips: environments.flatMap((one) => one.gateways) };
  },

  railwayDomainUpdate: (call, args) => {
    const input = object(args, 'input');
    const row = call.need('railwayDomains', text(input, 'id'));
    return call.state.update('railwayDomains', row.id, pick(input, ['autoRenewEnabled']));
  },
  railwayDomainNameserversSet: (call, args) => {
    const input = object(args, 'input');
    const row = call.need('railwayDomains', text(input, 'id'));
    const nameservers = { isDefault: false, nameservers: texts(input, 'nameservers') };
    call.state.update('railwayDomains', row.id, { nameservers });
    return nameservers;
  },
  railwayDomainDnsRecordCreate: (call, args) => {
    const { domain, input } = recordInput(call, args);
    const recordId = nextInt(call.state, 'dnsRecords', 'recordId', 1);
    return call.state.insert('dnsRecords', {
      ...record(domain, input),
      recordId,
      domain: text(domain, 'domain'),
      workspaceId: text(domain, 'workspaceId'),
    });
  },
  railwayDomainDnsRecordUpdate: (call, args) => {
    const { domain, input } = recordInput(call, args);
    const row = call.needWhere('dnsRecords', pick(input, ['recordId', 'domain', 'workspaceId']));
    return call.state.update('dnsRecords', row.id, record(domain, input));
  },
  railwayDomainDnsRecordDelete: (call, args) => {
    const { input } = recordInput(call, args);
    const row = call.needWhere('dnsRecords', pick(input, ['recordId', 'domain', 'workspaceId']));
    call.state.remove('dnsRecords', row.id);
    return true;
  },
};

export function addNetwork(call: Call, input: JsonObject): Row {
  const publicId = call.state.mint();
  return call.state.insert('privateNetworks', {
    ...pick(input, ['projectId', 'environmentId', 'name', 'tags']),
    publicId,
    networkId: nextInt(call.state, 'privateNetworks', 'networkId', 1000),
    dnsName: 'railway.internal',
    deletedAt: null,
  });
}

export function addEndpoint(call: Call, instance: Row, network: Row, input: JsonObject): Row {
  const count = call.state.list('privateNetworkEndpoints').length;
  return call.state.insert('privateNetworkEndpoints', {
    ...pick(instance, ['serviceId', 'environmentId']),
    serviceInstanceId: instance.id,
    privateNetworkId: text(network, 'publicId'),
    publicId: call.state.mint(),
    dnsName: text(input, 'serviceName'),
    tags: texts(input, 'tags'),
    privateIps: [`fd12::${(count + 10).toString(16)}`],
    syncStatus: 'ACTIVE',
    deletedAt: null,
  });
}

export function addGateway(call: Call, instance: Row, region: string, zone: string | null): Row {
  const last = nextInt(call.state, 'egressGateways', 'host', 10);
  const place = pick(instance, ['serviceId', 'environmentId']);
  return call.state.insert('egressGateways', { ...place, ipv4: `198.51.100.${last}`, host: last, region, zone });
}

function targets(call: Call, input: JsonObject): readonly Row[] {
  const instance = instanceMeant(call, input);
  return flag(input, 'allEnvironments') ? call.list('serviceInstances', pick(input, ['serviceId'])) : [instance];
}

function regateway(call: Call, input: JsonObject, zones: readonly (string | null)[]): readonly Row[] {
  const instances = targets(call, input);
  for (const instance of instances) {
    const place = pick(instance, ['serviceId', 'environmentId']);
    const isHa = call.state.list('egressGateways', place).some((row) => row['zone'] !== null);
    if (isHa === zones.length > 1) throw new Error(isHa ? 'Already on HA egress' : 'Not on HA egress');
    call.state.removeAll('egressGateways', place);
    for (const zone of zones) addGateway(call, instance, 'us-west2', zone);
  }
  return call.list('egressGateways', pick(input, ['serviceId', 'environmentId']));
}

function recordInput(call: Call, args: JsonObject): { readonly domain: Row; readonly input: JsonObject } {
  const input = object(args, 'input');
  const domain = call.needWhere('railwayDomains', pick(input, ['domain', 'workspaceId']));
  return { domain, input };
}

function record(domain: Row, input: JsonObject): JsonObject {
  const host = text(input, 'host');
  const zone = text(domain, 'domain');
  return {
    ...pick(input, ['answer', 'host', 'priority', 'type']),
    ttl: maybeInt(input, 'ttl') ?? 300,
    domainName: zone,
    fqdn: host === '' || host === '@' ? zone : `${host}.${zone}`,
  };
}
