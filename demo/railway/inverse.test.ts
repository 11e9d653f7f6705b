import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Double, startDouble, validArguments } from './double.ts';
import { canonical, type JsonObject, object, type Row, text } from './json.ts';
import { messages, send } from './sending.ts';
import type { TableName } from './tables.ts';

let double: Double;

beforeAll(async () => {
  double = await startDouble();
});

afterAll(() => double.stop());

beforeEach(() => double.reset());

/** What a row is, without what is new by nature each time it is made. */
function essence(row: Row, alsoWithout: readonly string[]): JsonObject {
  const without = new Set(['id', 'createdAt', 'updatedAt', ...alsoWithout]);
  return Object.fromEntries(Object.entries(row).filter(([key]) => !without.has(key)));
}

function picture(tables: readonly TableName[], alsoWithout: readonly string[] = []): readonly string[] {
  return tables.flatMap((table) => double.state.list(table).map((row) => canonical(essence(row, alsoWithout)))).sort();
}

async function act(name: string, own: JsonObject = {}): Promise<JsonObject> {
  const ready = validArguments(name, double);
  const variables = Object.keys(own).length > 0 ? own : ready.variables;
  const answer = await send(double, { ...ready, variables });
  expect(messages(answer)).toEqual([]);
  return ready.variables;
}

interface Pair {
  readonly there: string;
  readonly back: string;
  /** Arguments of the way back, from the state before and the arguments of the way there. */
  readonly from: (row: Row) => JsonObject;
  readonly find: () => Row | undefined;
  readonly tables: readonly TableName[];
  /** Columns that come back different: what makes it no true inverse, where there are any. */
  readonly changed?: readonly string[];
}

const here = () => double.ids.environment.production;
const byId = (table: TableName, key: string) => () => double.state.get(table, here()[key] ?? '');
const fields = (row: Row, names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, row[name] ?? null]));
const place = ['projectId', 'environmentId', 'serviceId'];

const pairs: readonly Pair[] = [
  {
    there: 'variableDelete',
    back: 'variableUpsert',
    find: () =>
      double.state.find('variables', { name: 'FEATURE_PICKUP', environmentId: here()['environmentId'] ?? '' }),
    from: (row) => ({ input: fields(row, [...place, 'name', 'value']) }),
    tables: ['variables'],
  },
  {
    there: 'customDomainDelete',
    back: 'customDomainCreate',
    find: byId('customDomains', 'customDomainId'),
    from: (row) => ({ input: fields(row, [...place, 'domain', 'targetPort']) }),
    tables: ['customDomains'],
    changed: ['verificationToken', 'certificates', 'certificateStatus', 'verified'],
  },
  {
    there: 'serviceDomainDelete',
    back: 'serviceDomainCreate',
    find: byId('serviceDomains', 'serviceDomainId'),
    from: (row) => ({ input: fields(row, ['environmentId', 'serviceId', 'targetPort']) }),
    tables: ['serviceDomains'],
    changed: ['domain'],
  },
  {
    there: 'tcpProxyDelete',
    back: 'tcpProxyCreate',
    find: byId('tcpProxies', 'tcpProxyId'),
    from: (row) => ({ input: fields(row, ['environmentId', 'serviceId', 'applicationPort']) }),
    tables: ['tcpProxies'],
    changed: ['proxyPort'],
  },
  {
    there: 'deploymentTriggerDelete',
    back: 'deploymentTriggerCreate',
    find: byId('deploymentTriggers', 'deploymentTriggerId'),
    from: (row) => ({
      input: fields(row, [...place, 'branch', 'provider', 'repository', 'checkSuites', 'rootDirectory']),
    }),
    tables: ['deploymentTriggers'],
  },
  {
    there: 'integrationDelete',
    back: 'integrationCreate',
    find: () => double.state.get('integrations', double.ids.account['integrationId'] ?? ''),
    from: (row) => ({ input: fields(row, ['projectId', 'name', 'config']) }),
    tables: ['integrations'],
  },
  {
    there: 'notificationRuleDelete',
    back: 'notificationRuleCreate',
    find: () => double.state.get('notificationRules', double.ids.account['notificationRuleId'] ?? ''),
    from: (row) => ({
      input: {
        ...fields(row, ['workspaceId', 'projectId', 'eventTypes', 'severities']),
        channelConfigs: (row['channels'] as readonly JsonObject[]).map((channel) => object(channel, 'config')),
      },
    }),
    tables: ['notificationRules'],
    changed: ['channels'],
  },
  {
    there: 'observabilityDashboardReset',
    back: 'observabilityDashboardUpdate',
    find: byId('dashboards', 'dashboardId'),
    from: (row) => ({ id: row.id, input: row['items'] ?? [] }),
    tables: ['dashboards'],
  },
  {
    there: 'railwayDomainDnsRecordDelete',
    back: 'railwayDomainDnsRecordCreate',
    find: () => double.state.list('dnsRecords')[0],
    from: (row) => ({ input: fields(row, ['domain', 'workspaceId', 'host', 'answer', 'type', 'ttl', 'priority']) }),
    tables: ['dnsRecords'],
    changed: ['recordId'],
  },
  {
    there: 'privateNetworkEndpointDelete',
    back: 'privateNetworkEndpointCreateOrGet',
    find: () => double.state.find('privateNetworkEndpoints', { publicId: here()['privateNetworkEndpointId'] ?? '' }),
    from: (row) => ({
      input: {
        ...fields(row, ['environmentId', 'serviceId', 'privateNetworkId', 'tags']),
        serviceName: row['dnsName'] ?? '',
      },
    }),
    tables: ['privateNetworkEndpoints'],
    changed: ['publicId', 'privateIps'],
  },
  {
    there: 'projectScheduleDelete',
    back: 'projectScheduleDeleteCancel',
    find: () => double.state.get('projects', double.ids.project),
    from: (row) => ({ id: row.id }),
    tables: ['projects'],
  },
  {
    there: 'cloudAgentSleep',
    back: 'cloudAgentWake',
    find: byId('cloudAgents', 'cloudAgentId'),
    from: (row) => ({ id: row.id }),
    tables: ['cloudAgents'],
  },
  {
    there: 'disableServiceCdn',
    back: 'enableServiceCdn',
    find: () => double.state.find('edgeConfigs', { environmentId: here()['environmentId'] ?? '' }),
    from: (row) => ({ input: fields(row, ['environmentId', 'serviceId']) }),
    tables: ['edgeConfigs'],
  },
  {
    there: 'egressGatewayRollbackFromHA',
    back: 'egressGatewayUpgradeToHA',
    find: () =>
      double.state.find('egressGateways', {
        serviceId: double.ids.services.ledger,
        environmentId: here()['environmentId'] ?? '',
      }),
    from: (row) => ({ input: fields(row, ['environmentId', 'serviceId']) }),
    tables: ['egressGateways'],
    changed: ['ipv4', 'host'],
  },
  {
    there: 'disablePitrForHaCluster',
    back: 'enablePitrForHaCluster',
    find: () => double.state.find('pitrClusters', { environmentId: here()['environmentId'] ?? '' }),
    from: (row) => ({ input: { ...fields(row, ['environmentId', 'rootServiceId']), projectId: double.ids.project } }),
    tables: ['pitrClusters'],
  },
  {
    there: 'templateUnpublish',
    back: 'templatePublish',
    find: () => double.state.get('templates', double.ids.account['templateId'] ?? ''),
    from: (row) => ({
      id: row.id,
      input: fields(row, ['category', 'description', 'readme', 'image', 'demoProjectId']),
    }),
    tables: ['templates'],
  },
  {
    there: 'serviceDisconnect',
    back: 'serviceConnect',
    find: () => double.state.get('services', double.ids.services.worker),
    from: (row) => ({ id: row.id, input: { image: 'pocketos/worker:1' } }),
    tables: ['serviceInstances'],
  },
  ...(['signalReplace', 'signalRuleUnset'] as const).map((there) => ({
    there,
    back: 'signalRollback',
    find: () => double.state.find('signals', { name: 'surge' }),
    from: (row: Row) => ({ input: { owner: text(row, 'owner'), name: 'surge', seq: '2' } }),
    tables: ['signals'] as const,
    changed: ['version'],
  })),
  ...(['deploymentRemove', 'deploymentStop'] as const).map((there) => ({
    there,
    back: 'deploymentRedeploy',
    find: () => double.state.get('serviceInstances', here()['serviceInstanceId'] ?? ''),
    from: () => ({ id: here()['deploymentId'] ?? '' }),
    tables: ['serviceInstances'] as const,
  })),
];

describe('there and back', () => {
  it.each(pairs)('U3 $there and then $back leave the state as it was, but for $changed', async (pair) => {
    const row = pair.find();
    if (row === undefined) throw new Error(`nothing for ${pair.there}`);
    const back = pair.from(row);
    const before = picture(pair.tables);
    const beforeBut = picture(pair.tables, pair.changed);
    const own = pair.there === 'serviceDisconnect' ? { id: row.id } : {};
    const version = double.state.version;
    await act(pair.there, own);
    expect(double.state.version).toBeGreaterThan(version);
    await act(pair.back, back);
    expect(picture(pair.tables, pair.changed)).toEqual(beforeBut);
    if (pair.changed !== undefined) expect(picture(pair.tables)).not.toEqual(before);
  });

  it('U3 purging a cache has no way back: the epoch only counts up', async () => {
    const epoch = () =>
      double.state.find('edgeConfigs', { environmentId: here()['environmentId'] ?? '' })?.['purgeEpoch'];
    const before = epoch();
    await act('purgeServiceCache');
    expect(epoch()).toBe(Number(before) + 1);
  });
});
