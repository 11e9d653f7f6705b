import { type Row, text } from './json.ts';
import type { TableName } from './tables.ts';
import { diskOf, type VolumeHost } from './volumes.ts';
import type { Call } from './world.ts';

/** What goes along when something is deleted. There is no grace and no trash: gone is gone, files included. */

/** The volume in every environment it has an instance in, with the backups that lie inside its folder. */
export async function destroyVolume(call: Call, volume: Row): Promise<void> {
  const gone = await call.world.volumes.destroyVolume(volume.id);
  call.world.destroyed(`volume ${text(volume, 'name')}`, folderOf(call.world.volumes, volume.id), gone);
  for (const instance of call.state.list('volumeInstances', { volumeId: volume.id })) forgetInstance(call, instance);
  call.state.remove('volumes', volume.id);
}

/** The volume's instance in one environment; the volume itself goes with its last instance. */
export async function destroyVolumeInstance(call: Call, instance: Row): Promise<void> {
  const disk = diskOf(instance);
  const gone = await call.world.volumes.destroyInstance(disk);
  call.world.destroyed(`volume instance ${instance.id}`, call.world.volumes.folder(disk), gone);
  forgetInstance(call, instance);
  if (call.state.list('volumeInstances', { volumeId: disk.volumeId }).length === 0) {
    call.state.remove('volumes', disk.volumeId);
  }
}

function forgetInstance(call: Call, instance: Row): void {
  call.state.removeAll('backups', { volumeInstanceId: instance.id });
  call.state.removeAll('backupSchedules', { volumeInstanceId: instance.id });
  call.state.remove('volumeInstances', instance.id);
}

function folderOf(volumes: VolumeHost, volumeId: string): string {
  return volumes.folder({ volumeId, instanceId: '' });
}

const ofServiceInstance: readonly TableName[] = [
  'customDomains',
  'serviceDomains',
  'tcpProxies',
  'variables',
  'deploymentTriggers',
  'deployments',
  'egressGateways',
  'edgeConfigs',
  'executions',
];

/** A service in one environment. Its volumes stay, attached to nothing. */
export function destroyServiceInstance(call: Call, instance: Row): void {
  const serviceId = text(instance, 'serviceId');
  const environmentId = text(instance, 'environmentId');
  for (const table of ofServiceInstance) call.state.removeAll(table, { serviceId, environmentId });
  call.state.removeAll('privateNetworkEndpoints', { serviceInstanceId: instance.id });
  for (const disk of call.state.list('volumeInstances', { serviceId, environmentId })) {
    call.state.update('volumeInstances', disk.id, { serviceId: null });
  }
  call.state.remove('serviceInstances', instance.id);
}

export function destroyService(call: Call, service: Row): void {
  for (const instance of call.state.list('serviceInstances', { serviceId: service.id })) {
    destroyServiceInstance(call, instance);
  }
  call.state.removeAll('variables', { serviceId: service.id });
  call.state.remove('services', service.id);
}

const ofEnvironment: readonly TableName[] = [
  'agentStates',
  'bucketCredentials',
  'canvasViews',
  'changeSets',
  'cloudAgents',
  'customDomains',
  'dashboards',
  'deployments',
  'deploymentTriggers',
  'edgeConfigs',
  'egressGateways',
  'events',
  'logs',
  'patches',
  'pitrClusters',
  'pitrWorkflows',
  'privateNetworkEndpoints',
  'privateNetworks',
  'projectTokens',
  'sandboxCheckpoints',
  'sandboxes',
  'sandboxTemplateBuilds',
  'serviceDomains',
  'tcpProxies',
  'variables',
];

export async function destroyEnvironment(call: Call, environment: Row): Promise<void> {
  const environmentId = environment.id;
  for (const instance of call.state.list('volumeInstances', { environmentId })) {
    await destroyVolumeInstance(call, instance);
  }
  for (const instance of call.state.list('serviceInstances', { environmentId })) destroyServiceInstance(call, instance);
  for (const table of ofEnvironment) call.state.removeAll(table, { environmentId });
  call.state.remove('environments', environmentId);
}

const ofProject: readonly TableName[] = [
  'buckets',
  'bucketCredentials',
  'groups',
  'integrations',
  'inviteCodes',
  'plugins',
  'projectInvitations',
  'projectMembers',
  'projectTokens',
  'projectTransfers',
];

export async function destroyProject(call: Call, project: Row): Promise<void> {
  const projectId = project.id;
  for (const volume of call.state.list('volumes', { projectId })) await destroyVolume(call, volume);
  for (const environment of call.state.list('environments', { projectId })) await destroyEnvironment(call, environment);
  for (const service of call.state.list('services', { projectId })) destroyService(call, service);
  for (const table of ofProject) call.state.removeAll(table, { projectId });
  call.state.remove('projects', projectId);
}

const ofWorkspace: readonly TableName[] = [
  'apiTokens',
  'auditLogs',
  'botBindings',
  'customers',
  'deploySources',
  'notificationInstances',
  'notificationRules',
  'railwayDomains',
  'dnsRecords',
  'referralInfos',
  'sshPublicKeys',
  'templates',
  'trustedDomains',
  'workspaceInviteCodes',
  'workspaceMembers',
  'workspacePolicies',
];

export async function destroyWorkspace(call: Call, workspace: Row): Promise<void> {
  const workspaceId = workspace.id;
  for (const project of call.state.list('projects', { workspaceId })) await destroyProject(call, project);
  for (const table of ofWorkspace) call.state.removeAll(table, { workspaceId });
  call.state.remove('workspaces', workspaceId);
}
