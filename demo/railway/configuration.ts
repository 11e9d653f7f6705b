import { createHash } from 'node:crypto';
import { canonical, int, type Json, type JsonObject, object, pick, type Row, text } from './json.ts';
import type { State } from './state.ts';

export const deployKeys = [
  'cronSchedule',
  'drainingSeconds',
  'healthcheckPath',
  'healthcheckTimeout',
  'limitOverride',
  'multiRegionConfig',
  'numReplicas',
  'overlapSeconds',
  'preDeployCommand',
  'region',
  'restartPolicyMaxRetries',
  'restartPolicyType',
  'runtime',
  'sleepApplication',
  'startCommand',
] as const;

export const buildKeys = ['buildCommand', 'builder', 'dockerfilePath', 'nixpacksPlan', 'watchPatterns'] as const;

/**
 * An environment as one document: services, shared variables, volumes and buckets by id, the shape of Railway's
 * `environment.schema.json` as its command line reads it.
 */
export function configurationOf(state: State, environmentId: string, decrypt: boolean): JsonObject {
  const services = state
    .list('serviceInstances', { environmentId })
    .map((instance) => [text(instance, 'serviceId'), serviceSection(state, instance, decrypt)] as const);
  const volumes = state.list('volumeInstances', { environmentId }).map((disk) => {
    const volume = state.need('volumes', text(disk, 'volumeId'));
    return [volume.id, { name: text(volume, 'name'), ...pick(disk, ['region', 'sizeMB']) }] as const;
  });
  const environment = state.need('environments', environmentId);
  const buckets = state
    .list('buckets', (row) => row['environmentId'] === environmentId)
    .map((bucket) => [bucket.id, pick(bucket, ['name', 'region'])] as const);
  return {
    services: Object.fromEntries(services),
    sharedVariables: variableSection(state, environmentId, null, decrypt),
    volumes: Object.fromEntries(volumes),
    buckets: Object.fromEntries(buckets),
    privateNetworkDisabled: environment['privateNetworkDisabled'] === true,
  };
}

/** Changes whenever anything in the configuration does. */
export function etagOf(state: State, environmentId: string): string {
  const whole = canonical(configurationOf(state, environmentId, true));
  return createHash('sha256').update(whole).digest('hex').slice(0, 32);
}

function serviceSection(state: State, instance: Row, decrypt: boolean): JsonObject {
  const serviceId = text(instance, 'serviceId');
  const environmentId = text(instance, 'environmentId');
  const place = { serviceId, environmentId };
  const service = state.need('services', serviceId);
  const mounts = state
    .list('volumeInstances', place)
    .map((disk) => [text(disk, 'volumeId'), pick(disk, ['mountPath'])] as const);
  const trigger = state.find('deploymentTriggers', place);
  return {
    name: text(service, 'name'),
    source: { ...object(instance, 'source'), ...(trigger === undefined ? {} : pick(trigger, ['branch'])) },
    build: settings(instance, buildKeys),
    deploy: settings(instance, deployKeys),
    networking: {
      customDomains: ports(state.list('customDomains', place)),
      serviceDomains: ports(state.list('serviceDomains', place)),
      tcpProxies: Object.fromEntries(
        state.list('tcpProxies', place).map((row) => [String(int(row, 'applicationPort')), {}] as const),
      ),
    },
    variables: variableSection(state, environmentId, serviceId, decrypt),
    volumeMounts: Object.fromEntries(mounts),
  };
}

function settings(instance: Row, keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(pick(instance, keys)).filter(([, value]) => value !== null));
}

function ports(rows: readonly Row[]): JsonObject {
  return Object.fromEntries(rows.map((row) => [text(row, 'domain'), { port: row['targetPort'] ?? null }] as const));
}

function variableSection(state: State, environmentId: string, serviceId: string | null, decrypt: boolean): JsonObject {
  const rows = state.list('variables', { environmentId, serviceId });
  return Object.fromEntries(
    rows.map((row): readonly [string, Json] => {
      const sealed = row['isSealed'] === true;
      const value = decrypt && !sealed ? text(row, 'value') : '*****';
      return [text(row, 'name'), sealed ? { value, isSealed: true } : { value }];
    }),
  );
}
