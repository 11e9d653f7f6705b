import type { Double } from '../../demo/railway/double.ts';

export type OrdinaryKind = 'read' | 'log' | 'variable' | 'creation' | 'change' | 'deploy';

/** What agents and Railway's own tools ask for all day long: none of it is worth a human's time. */
export interface OrdinaryCall {
  readonly id: string;
  readonly kind: OrdinaryKind;
  readonly operation: string;
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

type Variables = Readonly<Record<string, unknown>>;

function call(kind: OrdinaryKind, id: string, query: string, variables: Variables = {}): OrdinaryCall {
  const operation = /\{\s*(?:\w+: )?(\w+)/.exec(query)?.[1] ?? id;
  return { id, kind, operation, query, variables };
}

/** Ordinary work in staging, which a human declared disposable, and in production. For the state of the double's seed. */
export function ordinaryCalls(double: Double): readonly OrdinaryCall[] {
  return [
    ...inventory(double),
    ...readings(double),
    ...logs(double),
    ...deploys(double),
    ...variables(double),
    ...changes(double),
    ...creations(double),
  ];
}

const page = 'pageInfo { hasNextPage }';

function inventory({ ids }: Double): readonly OrdinaryCall[] {
  const id = ids.project;
  return [
    call('read', 'me', 'query { me { id name email } }'),
    call('read', 'me-workspaces', 'query { me { id workspaces { id name } } }'),
    call('read', 'token', 'query { apiToken { workspaces { id name } } }'),
    call('read', 'projects', `query { projects { edges { node { id name } } ${page} } }`),
    call(
      'read',
      'projects-and-environments',
      'query { projects { edges { node { id name environments { edges { node { id name } } } services { edges { node { id name } } } } } } }',
    ),
    call('read', 'project', 'query ($id: String!) { project(id: $id) { id name description createdAt } }', { id }),
    call(
      'read',
      'project-as-the-cli-asks',
      `query ($id: String!) { project(id: $id) { id name services { edges { node { id name } } }
        environments { edges { node { id name serviceInstances { edges { node { id serviceId serviceName } } } } } }
        volumes { edges { node { id name volumeInstances { edges { node { id environmentId mountPath sizeMB } } } } } } } }`,
      { id },
    ),
    call(
      'read',
      'environments',
      'query ($id: String!) { environments(projectId: $id) { edges { node { id name } } } }',
      {
        id,
      },
    ),
    call('read', 'service', 'query ($id: String!) { service(id: $id) { id name icon } }', { id: ids.services.counter }),
    call('read', 'workspace', 'query ($id: String!) { workspace(workspaceId: $id) { id name } }', {
      id: ids.workspace,
    }),
    call('read', 'regions', 'query { regions { name country location } }'),
    call('read', 'platform-status', 'query { platformStatus { isStable } }'),
    call('read', 'templates', 'query { templates { edges { node { id name code } } } }'),
    call('read', 'introspection', 'query { __schema { queryType { name } } }'),
    call('read', 'type', 'query { __type(name: "Volume") { name fields { name } } }'),
    call('read', 'custom-domain-free', 'query { customDomainAvailable(domain: "new.pocketos.example") { available } }'),
    call('read', 'workflow', 'query ($id: String!) { workflowStatus(workflowId: $id) { status } }', { id: 'none' }),
    call('read', 'telemetry', telemetry),
  ];
}

const telemetry =
  'mutation { cliEventTrack(input: {arch: "x64", cliVersion: "5.43.1", command: "status", durationMs: 120, isCi: false, os: "linux", success: true}) }';

function readings({ ids }: Double): readonly OrdinaryCall[] {
  const { project, services, volumeInstances, environment } = ids;
  return (['staging', 'production'] as const).flatMap((name) => {
    const environmentId = ids.environments[name];
    const at = { e: environmentId, s: services.counter, p: project };
    const read = (id: string, query: string, more: Variables): OrdinaryCall =>
      call('read', `${id} in ${name}`, query, more);
    const here = (id: string, root: string, arg: string): OrdinaryCall =>
      read(id, `query ($id: String!) { ${root} }`, { id: environment[name][arg] ?? environmentId });
    return [
      here('environment', 'environment(id: $id) { id name createdAt }', 'environmentId'),
      here(
        'volume-instance',
        'volumeInstance(id: $id) { id mountPath sizeMB currentSizeMB state }',
        'volumeInstanceId',
      ),
      here('deployment', 'deployment(id: $id) { id status createdAt canRollback }', 'deploymentId'),
      here('staged-changes', 'environmentStagedChanges(environmentId: $id) { id status }', 'environmentId'),
      here('private-networks', 'privateNetworks(environmentId: $id) { publicId name dnsName }', 'environmentId'),
      here('sandboxes', 'sandboxes(environmentId: $id) { edges { node { id status } } }', 'environmentId'),
      here('dashboards', 'observabilityDashboards(environmentId: $id) { edges { node { id } } }', 'environmentId'),
      read(
        'backups',
        'query ($id: String!) { volumeInstanceBackupList(volumeInstanceId: $id) { id name createdAt } }',
        {
          id: volumeInstances[name],
        },
      ),
      read(
        'backup-schedule',
        'query ($id: String!) { volumeInstanceBackupScheduleList(volumeInstanceId: $id) { kind } }',
        {
          id: volumeInstances[name],
        },
      ),
      read(
        'service-instance',
        'query ($e: String!, $s: String!) { serviceInstance(environmentId: $e, serviceId: $s) { id startCommand numReplicas healthcheckPath latestDeployment { id status } } }',
        { e: environmentId, s: services.counter },
      ),
      read(
        'domains',
        'query ($e: String!, $s: String!, $p: String!) { domains(environmentId: $e, serviceId: $s, projectId: $p) { customDomains { domain } serviceDomains { domain } } }',
        at,
      ),
      read(
        'deployments',
        'query ($i: DeploymentListInput!) { deployments(input: $i, first: 5) { edges { node { id status createdAt } } } }',
        { i: { projectId: project, environmentId, serviceId: services.counter } },
      ),
      read(
        'tcp-proxies',
        'query ($e: String!, $s: String!) { tcpProxies(environmentId: $e, serviceId: $s) { id proxyPort } }',
        {
          e: environmentId,
          s: services.postgres,
        },
      ),
      read(
        'metrics',
        'query ($e: String!) { metrics(environmentId: $e, measurements: [CPU_USAGE], startDate: "2026-04-24T00:00:00Z") { measurement } }',
        { e: environmentId },
      ),
    ];
  });
}

function logs({ ids }: Double): readonly OrdinaryCall[] {
  return (['staging', 'production'] as const).flatMap((name) => {
    const id = ids.environment[name]['deploymentId'];
    const log = (what: string, root: string, more: Variables = { id }): OrdinaryCall =>
      call('log', `${what} of ${name}`, `query ($id: String!) { ${root} }`, more);
    return [
      log('build log', 'buildLogs(deploymentId: $id, limit: 100) { message timestamp }'),
      log('deployment log', 'deploymentLogs(deploymentId: $id, limit: 100) { message timestamp severity }'),
      log('http log', 'httpLogs(deploymentId: $id, limit: 10) { path httpStatus }'),
      log('environment log', 'environmentLogs(environmentId: $id) { message timestamp }', {
        id: ids.environments[name],
      }),
    ];
  });
}

function variables({ ids }: Double): readonly OrdinaryCall[] {
  return (['staging', 'production'] as const).flatMap((name) => {
    const where = { projectId: ids.project, environmentId: ids.environments[name], serviceId: ids.services.counter };
    // In production a variable is written without deploying: that runs code, and is somebody's decision.
    const quiet = name === 'production' ? { skipDeploys: true } : {};
    const variable = (id: string, query: string, more: Variables): OrdinaryCall =>
      call('variable', `${id} in ${name}`, query, more);
    const upsert = 'mutation ($input: VariableUpsertInput!) { variableUpsert(input: $input) }';
    return [
      variable(
        'names',
        'query ($e: String!, $p: String!, $s: String) { variables(environmentId: $e, projectId: $p, serviceId: $s) }',
        { e: where.environmentId, p: where.projectId, s: where.serviceId },
      ),
      variable('new', upsert, { input: { ...where, ...quiet, name: 'GREETING', value: 'hello' } }),
      variable('changed', upsert, { input: { ...where, ...quiet, name: 'COUNTER_TITLE', value: 'Counter' } }),
      variable('quietly', upsert, { input: { ...where, name: 'FEATURE_RETURN', value: 'on', skipDeploys: true } }),
      variable(
        'several',
        'mutation ($input: VariableCollectionUpsertInput!) { variableCollectionUpsert(input: $input) }',
        {
          input: { ...where, ...quiet, replace: false, variables: { FEATURE_PICKUP: 'off', FEATURE_DROP: 'on' } },
        },
      ),
      // Deleting one cannot be told not to deploy.
      ...(name === 'production'
        ? []
        : [
            variable('deleted', 'mutation ($input: VariableDeleteInput!) { variableDelete(input: $input) }', {
              input: { ...where, name: 'FEATURE_DROP' },
            }),
          ]),
    ];
  });
}

function changes({ ids }: Double): readonly OrdinaryCall[] {
  const here = ids.environment;
  const port =
    'mutation ($id: String!, $e: String!, $port: Int) { customDomainUpdate(id: $id, environmentId: $e, targetPort: $port) }';
  return [
    call('change', 'target port in staging', port, {
      id: here.staging['customDomainId'],
      e: ids.environments.staging,
      port: 9090,
    }),
    call(
      'change',
      'name and icon of a service',
      'mutation ($id: String!, $input: ServiceUpdateInput!) { serviceUpdate(id: $id, input: $input) { id name } }',
      { id: ids.services.counter, input: { icon: 'https://icons.example/counter.svg' } },
    ),
    call(
      'change',
      'description of the project',
      'mutation ($id: String!, $input: ProjectUpdateInput!) { projectUpdate(id: $id, input: $input) { id } }',
      { id: ids.project, input: { description: 'car rental' } },
    ),
    call(
      'change',
      'name of a volume',
      'mutation ($id: String!, $input: VolumeUpdateInput!) { volumeUpdate(volumeId: $id, input: $input) { id } }',
      { id: ids.ownVolume.staging, input: { name: 'uploads-of-staging' } },
    ),
    call(
      'change',
      'one more backup schedule',
      'mutation ($id: String!) { volumeInstanceBackupScheduleUpdate(volumeInstanceId: $id, kinds: [DAILY, WEEKLY]) }',
      { id: ids.volumeInstances.production },
    ),
    call(
      'change',
      'health check of a service',
      'mutation ($s: String!, $e: String!) { serviceInstanceUpdate(serviceId: $s, environmentId: $e, input: {healthcheckTimeout: 60}) }',
      { s: ids.services.counter, e: ids.environments.staging },
    ),
  ];
}

function creations({ ids }: Double): readonly OrdinaryCall[] {
  const environmentId = ids.environments.staging;
  const serviceId = ids.services.counter;
  const projectId = ids.project;
  const create = (id: string, root: string, input: Variables): OrdinaryCall =>
    call('creation', id, `mutation ($input: ${id}Input!) { ${root}(input: $input) { id } }`, { input });
  return [
    create('CustomDomainCreate', 'customDomainCreate', {
      projectId,
      environmentId,
      serviceId,
      domain: 'preview.pocketos.example',
    }),
    create('ServiceDomainCreate', 'serviceDomainCreate', { environmentId, serviceId, targetPort: 8080 }),
    create('VolumeCreate', 'volumeCreate', { projectId, environmentId, mountPath: '/scratch' }),
    create('SandboxCreate', 'sandboxCreate', { environmentId }),
    create('ServiceCreate', 'serviceCreate', { projectId, environmentId, name: 'queue' }),
    create('DeploymentTriggerCreate', 'deploymentTriggerCreate', {
      projectId,
      environmentId,
      serviceId,
      provider: 'github',
      repository: 'pocketos/counter',
      branch: 'next',
    }),
    call(
      'creation',
      'one more backup in staging',
      'mutation ($id: String!) { volumeInstanceBackupCreate(volumeInstanceId: $id) { workflowId } }',
      { id: ids.volumeInstances.staging },
    ),
  ];
}

function deploys({ ids }: Double): readonly OrdinaryCall[] {
  const at = { e: ids.environments.staging, s: ids.services.counter };
  const deployed = { id: ids.environment.staging['deploymentId'] };
  const here = (id: string, root: string): OrdinaryCall =>
    call('deploy', id, `mutation ($e: String!, $s: String!) { ${root}(environmentId: $e, serviceId: $s) }`, at);
  const by = (id: string, root: string, selection = ''): OrdinaryCall =>
    call('deploy', id, `mutation ($id: String!) { ${root}(id: $id)${selection} }`, deployed);
  return [
    by('restart', 'deploymentRestart'),
    here('deploy', 'serviceInstanceDeployV2'),
    here('deploy, the old way', 'serviceInstanceDeploy'),
    here('redeploy', 'serviceInstanceRedeploy'),
    by('redeploy one', 'deploymentRedeploy', ' { id }'),
    call(
      'deploy',
      'deploy from the branch',
      'mutation ($input: EnvironmentTriggersDeployInput!) { environmentTriggersDeploy(input: $input) }',
      { input: { projectId: ids.project, environmentId: at.e, serviceId: at.s } },
    ),
    call(
      'deploy',
      'run the tests in a sandbox',
      'mutation ($e: String!, $id: String!) { sandboxExec(environmentId: $e, id: $id, command: "npm test") { exitCode } }',
      { e: at.e, id: ids.environment.staging['sandboxId'] },
    ),
  ];
}
