import type { Rows } from './row.ts';

/** Domains, DNS, proxies, private networks, edge, egress. */
export const networkRows = {
  customDomainCreate: [
    'reversible',
    'service-in',
    'makes the service reachable under a domain; deleting the domain takes it away',
    'exposes',
  ],
  customDomainDelete: [
    'irreversible',
    'custom-domain',
    'a re-created domain has another certificate and verification token',
  ],
  customDomainIssueCertificate: ['irreversible', 'custom-domain', 'a new certificate replaces the old one'],
  customDomainUpdate: [
    'reversible',
    'custom-domain',
    'makes another port reachable under a domain; the former port is kept',
    'exposes',
  ],
  serviceDomainCreate: [
    'reversible',
    'service-in',
    'makes the service reachable from outside; deleting the domain takes it away',
    'exposes',
  ],
  serviceDomainDelete: ['irreversible', 'service-domain', 'the name is free for others at once'],
  serviceDomainUpdate: ['irreversible', 'service-domain', 'the former name is free for others at once'],
  tcpProxyCreate: [
    'irreversible',
    'service-in',
    'publishes an internal port to the internet; what was reached meanwhile stays reached',
    'exposes',
  ],
  tcpProxyDelete: ['irreversible', 'tcp-proxy', 'a re-created proxy has another host and port'],
  railwayDomainDnsRecordCreate: [
    'reversible',
    'dns-record',
    'one more DNS record; deleting it takes it away',
    'exposes',
  ],
  railwayDomainDnsRecordDelete: [
    'irreversible',
    'dns-record',
    'a re-created record has another id, and resolvers keep its absence',
  ],
  railwayDomainDnsRecordUpdate: ['reversible', 'dns-record', 'changes a DNS record; the former one is kept', 'exposes'],
  railwayDomainNameserversSet: [
    'irreversible',
    'account',
    'hands authority over the domain away',
    'privilege',
    'exposes',
  ],
  railwayDomainUpdate: ['irreversible', 'account', 'a domain that is not renewed is lost', 'spends'],
  privateNetworkCreateOrGet: [
    'irreversible',
    'environment',
    'a new private network, which no single operation takes away again',
  ],
  privateNetworkEndpointCreateOrGet: [
    'reversible',
    'service-in',
    'one more name in the private network; deleting it takes it away',
  ],
  privateNetworkEndpointDelete: ['irreversible', 'endpoint', 'a re-created endpoint has another id and addresses'],
  // Two renames can lead another service's traffic elsewhere, the database's included.
  privateNetworkEndpointRename: [
    'reversible',
    'endpoint',
    'changes the internal name that other services reach it by; the former name is kept',
    'exposes',
  ],
  privateNetworksForEnvironmentDelete: [
    'irreversible',
    'environment',
    "deletes the environment's whole internal networking",
  ],
  egressGatewayAssociationCreate: [
    'reversible',
    'service-in',
    'gives the service fixed outbound addresses; where it had none, clearing takes them away',
    'spends',
  ],
  egressGatewayAssociationsClear: ['irreversible', 'service-in', 'the fixed outbound addresses are released to others'],
  egressGatewayHAMigrationPreview: ['read', 'service-in', 'a preview without effect'],
  egressGatewayRollbackFromHA: ['irreversible', 'service-in', 'outbound addresses change'],
  egressGatewayUpgradeToHA: ['irreversible', 'service-in', 'outbound addresses change', 'spends'],
  enableServiceCdn: [
    'reversible',
    'service-in',
    'puts a cache before the service, which may show one visitor the page of another; where there was none, disabling takes it away',
    'exposes',
  ],
  disableServiceCdn: ['irreversible', 'service-in', 'its edge configuration goes with it'],
  purgeServiceCache: ['irreversible', 'service-in', 'all cached answers are dropped; the load goes to the service'],
  setServiceUnderAttackMode: [
    'reversible',
    'service-in',
    'shuts clients out that cannot solve a challenge; where it was off, switching it off takes it back',
  ],
  updateServiceEdgeConfig: [
    'reversible',
    'service-in',
    'changes which answers are cached, and may show one visitor the page of another; the former settings are kept',
    'exposes',
  ],
  updateServiceEdgeRules: [
    'reversible',
    'service-in',
    'replaces the edge rules as a whole; the former rules are kept',
    'exposes',
  ],
} as const satisfies Rows;
