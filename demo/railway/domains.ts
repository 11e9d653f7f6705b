import { maybeInt, pick, type Row, text } from './json.ts';
import { type Call, nextInt } from './world.ts';

/** How a service is reached from outside. None of these comes back the same: tokens, names and ports are new each time. */

export function addCustomDomain(call: Call, instance: Row, domain: string, targetPort: number | null): Row {
  if (call.state.find('customDomains', { domain }) !== undefined) throw new Error('Domain is already in use');
  return call.state.insert('customDomains', {
    ...placeOf(call, instance),
    domain,
    targetPort,
    verificationToken: `railway-verify=${call.state.mint()}`,
    verified: false,
    certificateStatus: 'CERTIFICATE_STATUS_TYPE_VALIDATING_OWNERSHIP',
    certificates: [],
    syncStatus: 'ACTIVE',
    isRailwayDomain: false,
    edgeId: null,
    deletedAt: null,
  });
}

export function addServiceDomain(call: Call, instance: Row, targetPort: number | null, domain?: string): Row {
  const name = text(instance, 'serviceName');
  const suffix = 'up.railway.app';
  const chosen = domain ?? `${name}-${call.state.mint().slice(0, 4)}.${suffix}`;
  if (call.state.find('serviceDomains', { domain: chosen }) !== undefined) throw new Error('Domain is already in use');
  return call.state.insert('serviceDomains', {
    ...placeOf(call, instance),
    domain: chosen,
    suffix,
    targetPort,
    syncStatus: 'ACTIVE',
    edgeId: null,
    deletedAt: null,
  });
}

export function addTcpProxy(call: Call, instance: Row, applicationPort: number): Row {
  return call.state.insert('tcpProxies', {
    ...pick(instance, ['serviceId', 'environmentId']),
    applicationPort,
    proxyPort: nextInt(call.state, 'tcpProxies', 'proxyPort', 20_000),
    domain: 'shuttle.proxy.rlwy.net',
    syncStatus: 'ACTIVE',
    deletedAt: null,
  });
}

/** The certificate of a domain whose ownership has been shown. */
export function certificateOf(call: Call, domain: Row): Row {
  const mintedAt = call.state.now();
  return call.state.update('customDomains', domain.id, {
    verified: true,
    certificateStatus: 'CERTIFICATE_STATUS_TYPE_VALID',
    certificates: [
      {
        domainNames: [text(domain, 'domain')],
        fingerprintSha256: call.state.mint().replaceAll('-', ''),
        issuedAt: mintedAt,
        expiresAt: new Date(Date.parse(mintedAt) + 90 * 86_400_000).toISOString(),
        keyType: 'KEY_TYPE_ECDSA',
      },
    ],
  });
}

export function portOf(row: Row): number | null {
  return maybeInt(row, 'targetPort');
}

function placeOf(call: Call, instance: Row) {
  const environment = call.state.need('environments', text(instance, 'environmentId'));
  return { ...pick(instance, ['serviceId', 'environmentId']), projectId: text(environment, 'projectId') };
}
