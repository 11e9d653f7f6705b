import { deploy } from './deploying.ts';
import { addInstance } from './disks.ts';
import { type JsonObject, maybeText, object, pick, type Row, text } from './json.ts';
import { setVariable, type VariablePlace } from './setting.ts';
import { diskOf } from './volumes.ts';
import type { Call } from './world.ts';

/** A service with an instance in the named environment, or in each one there is, deployed at once. */
export function newService(call: Call, input: JsonObject): Row {
  const project = call.need('projects', text(input, 'projectId'));
  const only = maybeText(input, 'environmentId');
  const environments =
    only === null ? call.list('environments', { projectId: project.id }) : [call.need('environments', only)];
  const service = call.state.insert('services', {
    ...pick(input, ['id', 'icon', 'templateId', 'templateServiceId', 'groupId']),
    projectId: project.id,
    name: text(input, 'name'),
    featureFlags: [],
    isRestricted: false,
    hasHiddenRegistryCredentialsFromTemplate: false,
    deletedAt: null,
  });
  for (const environment of environments) {
    const instance = addServiceInstance(call, service, environment.id, { source: input['source'] ?? null });
    if (input['registryCredentials'] !== undefined) credit(call, instance, object(input, 'registryCredentials'));
    for (const [name, value] of Object.entries(object(input, 'variables'))) {
      setVariable(call, placeOf(service, environment.id), name, value);
    }
    const repository = maybeText(object(input, 'source'), 'repo');
    if (repository !== null) connectRepository(call, instance, repository, maybeText(input, 'branch') ?? 'main');
    if (input['source'] !== undefined) deploy(call, instance, { reason: 'service created' });
  }
  return service;
}

export function addServiceInstance(call: Call, service: Row, environmentId: string, fields: JsonObject): Row {
  return call.state.insert('serviceInstances', {
    serviceId: service.id,
    serviceName: text(service, 'name'),
    environmentId,
    builder: 'RAILPACK',
    buildCommand: null,
    startCommand: null,
    preDeployCommand: null,
    cronSchedule: null,
    healthcheckPath: null,
    numReplicas: 1,
    region: 'us-west2',
    restartPolicyType: 'ON_FAILURE',
    restartPolicyMaxRetries: 10,
    rootDirectory: null,
    sleepApplication: false,
    source: null,
    upstreamUrl: null,
    watchPatterns: [],
    isUpdatable: true,
    autoDeploy: true,
    limits: { containers: { cpu: 8, memoryGB: 8 } },
    deletedAt: null,
    ...fields,
  });
}

export function connectRepository(call: Call, instance: Row, repository: string, branch: string): Row {
  const place = pick(instance, ['serviceId', 'environmentId']);
  call.state.removeAll('deploymentTriggers', place);
  const environment = call.state.need('environments', text(instance, 'environmentId'));
  return call.state.insert('deploymentTriggers', {
    ...place,
    projectId: text(environment, 'projectId'),
    provider: 'github',
    repository,
    branch,
    checkSuites: false,
    validCheckSuites: 0,
    rootDirectory: null,
    baseEnvironmentOverrideId: null,
  });
}

/** Where a service's own variables of one environment are. */
export function placeOf(service: Row, environmentId: string): VariablePlace {
  return { projectId: text(service, 'projectId'), environmentId, serviceId: service.id };
}

/** Keeps the credentials of a private registry. */
export function credit(call: Call, instance: Row, credentials: JsonObject): void {
  call.state.update('serviceInstances', instance.id, { registryCredentials: credentials });
}

export function newProject(call: Call, workspaceId: string, fields: JsonObject): Row {
  return call.state.insert('projects', {
    workspaceId,
    description: null,
    isPublic: false,
    isTempProject: false,
    prDeploys: false,
    botPrEnvironments: false,
    focusedPrEnvironments: false,
    featureFlags: [],
    deletedAt: null,
    expiredAt: null,
    baseEnvironmentId: null,
    subscriptionType: 'pro',
    subscriptionPlanLimit: {},
    ...fields,
  });
}

/** An environment with an instance of each of the project's volumes, since volumes belong to the project. */
export async function newEnvironment(call: Call, project: Row, fields: JsonObject): Promise<Row> {
  const environment = call.state.insert('environments', {
    projectId: project.id,
    isEphemeral: false,
    canAccess: true,
    unmergedChangesCount: 0,
    sourceEnvironmentId: null,
    privateNetworkDisabled: false,
    meta: null,
    deletedAt: null,
    ...fields,
  });
  for (const volume of call.state.list('volumes', { projectId: project.id })) {
    const disk = addInstance(call, volume, environment.id, {});
    await call.world.volumes.create(diskOf(disk));
  }
  return environment;
}

/** A new bare UUID that opens the API, with everything its breadth can see. */
export function mintToken(call: Call, table: 'apiTokens' | 'projectTokens', fields: JsonObject): string {
  const token = call.state.mint();
  call.state.insert(table, { ...fields, token, displayToken: `${token.slice(0, 4)}…` });
  return token;
}
