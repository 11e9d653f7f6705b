import type { Double } from '../../demo/railway/double.ts';

/** A mutation aimed at one thing by its id. */
export interface Aimed {
  readonly kind: string;
  readonly operation: string;
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** One mutation for each kind of thing, by the id that names it; ids are the caller's. */
export function aimedAt(ids: Readonly<Record<string, string>>): readonly Aimed[] {
  const at = (kind: string, query: string, ...names: readonly string[]): Aimed => ({
    kind,
    operation: /\{ (\w+)/.exec(query)?.[1] ?? '',
    query,
    variables: Object.fromEntries(names.map((name) => [name, ids[name] ?? ''])),
  });
  return [
    at('volume', 'mutation ($volume: String!) { volumeDelete(volumeId: $volume) }', 'volume'),
    at(
      'volume instance',
      'mutation ($instance: String!) { volumeInstanceBackupCreate(volumeInstanceId: $instance) { workflowId } }',
      'instance',
    ),
    at(
      'backup',
      'mutation ($instance: String!, $backup: String!) { volumeInstanceBackupDelete(volumeInstanceId: $instance, volumeInstanceBackupId: $backup) { workflowId } }',
      'instance',
      'backup',
    ),
    at('service', 'mutation ($service: String!) { serviceDelete(id: $service) }', 'service'),
    at(
      'service instance',
      'mutation ($service: String!, $environment: String!) { serviceInstanceRedeploy(serviceId: $service, environmentId: $environment) }',
      'service',
      'environment',
    ),
    at('environment', 'mutation ($environment: String!) { environmentDelete(id: $environment) }', 'environment'),
    at('project', 'mutation ($project: String!) { projectDelete(id: $project) }', 'project'),
    at(
      'variable',
      'mutation ($project: String!, $environment: String!, $service: String!) { variableUpsert(input: {projectId: $project, environmentId: $environment, serviceId: $service, name: "GREETING", value: "hi", skipDeploys: true}) }',
      'project',
      'environment',
      'service',
    ),
    at(
      'shared variable',
      'mutation ($project: String!, $environment: String!) { variableDelete(input: {projectId: $project, environmentId: $environment, name: "GREETING"}) }',
      'project',
      'environment',
    ),
    at('deployment', 'mutation ($deployment: String!) { deploymentStop(id: $deployment) }', 'deployment'),
    at('custom domain', 'mutation ($domain: String!) { customDomainDelete(id: $domain) }', 'domain'),
    at(
      'service domain',
      'mutation ($serviceDomain: String!) { serviceDomainDelete(id: $serviceDomain) }',
      'serviceDomain',
    ),
    at('tcp proxy', 'mutation ($proxy: String!) { tcpProxyDelete(id: $proxy) }', 'proxy'),
    at('trigger', 'mutation ($trigger: String!) { deploymentTriggerDelete(id: $trigger) }', 'trigger'),
    at('endpoint', 'mutation ($endpoint: String!) { privateNetworkEndpointDelete(id: $endpoint) }', 'endpoint'),
    at(
      'sandbox',
      'mutation ($environment: String!, $sandbox: String!) { sandboxDestroy(environmentId: $environment, id: $sandbox) { id } }',
      'environment',
      'sandbox',
    ),
    at('dashboard', 'mutation ($dashboard: String!) { observabilityDashboardReset(id: $dashboard) }', 'dashboard'),
    at(
      'bucket',
      'mutation ($bucket: String!, $environment: String!, $project: String!) { bucketCredentialsReset(bucketId: $bucket, environmentId: $environment, projectId: $project) { accessKeyId } }',
      'bucket',
      'environment',
      'project',
    ),
    at(
      'new volume',
      'mutation ($project: String!, $environment: String!) { volumeCreate(input: {projectId: $project, environmentId: $environment, mountPath: "/x"}) { id } }',
      'project',
      'environment',
    ),
    at(
      'new domain',
      'mutation ($project: String!, $environment: String!, $service: String!) { customDomainCreate(input: {projectId: $project, environmentId: $environment, serviceId: $service, domain: "x.example"}) { id } }',
      'project',
      'environment',
      'service',
    ),
  ];
}

/** Ids of things of production in the double's seed. */
export function production({ ids }: Double): Readonly<Record<string, string>> {
  const here = ids.environment.production;
  const id = (name: string): string => here[name] ?? '';
  return {
    volume: ids.volume,
    instance: ids.volumeInstances.production,
    backup: id('volumeInstanceBackupId'),
    service: ids.services.counter,
    environment: ids.environments.production,
    project: ids.project,
    deployment: id('deploymentId'),
    domain: id('customDomainId'),
    serviceDomain: id('serviceDomainId'),
    proxy: id('tcpProxyId'),
    trigger: id('deploymentTriggerId'),
    endpoint: id('privateNetworkEndpointId'),
    sandbox: id('sandboxId'),
    dashboard: id('dashboardId'),
    bucket: id('bucketId'),
  };
}
