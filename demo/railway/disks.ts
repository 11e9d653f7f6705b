import { type JsonObject, maybeText, pick, type Row, text } from './json.ts';
import { diskOf } from './volumes.ts';
import type { Call } from './world.ts';

const schedules: Readonly<Record<string, { readonly cron: string; readonly days: number }>> = {
  DAILY: { cron: '0 3 * * *', days: 6 },
  WEEKLY: { cron: '0 3 * * 1', days: 30 },
  MONTHLY: { cron: '0 3 1 * *', days: 90 },
};

export async function createVolume(call: Call, input: JsonObject): Promise<Row> {
  const project = call.need('projects', text(input, 'projectId'));
  const only = maybeText(input, 'environmentId');
  const environments =
    only === null ? call.list('environments', { projectId: project.id }) : [call.need('environments', only)];
  const id = maybeText(input, 'id');
  const volume = call.state.insert('volumes', {
    ...(id === null ? {} : { id }),
    projectId: project.id,
    name: maybeText(input, 'name') ?? `volume-${call.state.list('volumes').length + 1}`,
  });
  for (const environment of environments) {
    const instance = addInstance(call, volume, environment.id, pick(input, ['mountPath', 'region', 'serviceId']));
    await call.world.volumes.create(diskOf(instance));
  }
  return volume;
}

export function addInstance(call: Call, volume: Row, environmentId: string, fields: JsonObject): Row {
  const id = call.state.mint();
  return call.state.insert('volumeInstances', {
    id,
    volumeId: volume.id,
    environmentId,
    serviceId: null,
    region: 'us-west2',
    mountPath: '/data',
    sizeMB: 5000,
    state: 'READY',
    externalId: `vol_${id.slice(0, 12)}`,
    deletedAt: null,
    isPendingDeletion: false,
    ...fields,
  });
}

export async function takeBackup(call: Call, instance: Row, name: string, scheduleId: string | null): Promise<Row> {
  const id = call.state.mint();
  const extent = await call.world.volumes.backup(diskOf(instance), id);
  const sizeMB = Math.ceil(extent.bytes / 1_000_000);
  return call.state.insert('backups', {
    id,
    volumeInstanceId: instance.id,
    name,
    creatorId: call.caller !== null && call.caller.kind !== 'project' ? call.caller.userId : null,
    expiresAt: scheduleId === null ? null : new Date(Date.parse(call.state.now()) + 6 * 86_400_000).toISOString(),
    externalId: `snap_${id.slice(0, 12)}`,
    scheduleId,
    usedMB: sizeMB,
    referencedMB: sizeMB,
    volumeInstanceSizeMB: instance['sizeMB'] ?? null,
  });
}

export function addSchedule(call: Call, instance: Row, kind: string): Row {
  const plan = schedules[kind];
  if (plan === undefined) throw new Error(`unknown schedule kind \`${kind}\``);
  return call.state.insert('backupSchedules', {
    volumeInstanceId: instance.id,
    kind,
    name: kind.toLowerCase(),
    cron: plan.cron,
    retentionSeconds: plan.days * 86_400,
  });
}

/** A run of something in the background; here it is done by the time it is named. */
export function workflow(call: Call, kind: string, detail: JsonObject): JsonObject {
  const row = call.state.insert('workflows', { kind, detail, status: 'Complete' });
  return { workflowId: row.id };
}
