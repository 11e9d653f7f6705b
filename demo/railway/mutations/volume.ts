import { destroyVolume, destroyVolumeInstance } from '../destroying.ts';
import { newService } from '../creating.ts';
import { addInstance, addSchedule, createVolume, takeBackup, workflow } from '../disks.ts';
import { type JsonObject, maybeText, object, pick, type Row, text, texts } from '../json.ts';
import { diskOf } from '../volumes.ts';
import type { Call, Resolvers } from '../world.ts';

export const volumeMutations: Resolvers = {
  volumeCreate: (call, args) => createVolume(call, object(args, 'input')),

  /** The call of 24 April 2026: no environment, no confirmation, every instance and every backup. */
  volumeDelete: async (call, args) => {
    await destroyVolume(call, call.need('volumes', text(args, 'volumeId')));
    return true;
  },

  volumeUpdate: (call, args) => {
    const volume = call.need('volumes', text(args, 'volumeId'));
    return call.state.update('volumes', volume.id, pick(object(args, 'input'), ['name']));
  },

  volumeInstanceUpdate: async (call, args) => {
    const input = object(args, 'input');
    for (const instance of instancesMeant(call, args)) await updateInstance(call, instance, input);
    return true;
  },

  volumeInstanceBackupCreate: async (call, args) => {
    const instance = call.need('volumeInstances', text(args, 'volumeInstanceId'));
    const backup = await takeBackup(call, instance, maybeText(args, 'name') ?? 'Manual', null);
    return workflow(call, 'backup', { backupId: backup.id });
  },

  volumeInstanceBackupDelete: async (call, args) => {
    const { instance, backup } = backupMeant(call, args);
    await removeBackup(call, instance, backup);
    return workflow(call, 'backup-delete', { backupId: backup.id });
  },

  volumeInstanceBackupLock: (call, args) => {
    const { backup } = backupMeant(call, args);
    call.state.update('backups', backup.id, { expiresAt: null });
    return true;
  },

  volumeInstanceBackupRestore: async (call, args) => {
    const { instance, backup } = backupMeant(call, args);
    await restore(call, instance, backup);
    const environmentId = text(instance, 'environmentId');
    for (const serviceId of texts(args, 'wipeServiceIds')) {
      for (const disk of call.list('volumeInstances', { serviceId, environmentId })) await wipe(call, disk);
    }
    for (const serviceId of texts(args, 'replicaServiceIds')) {
      for (const disk of call.list('volumeInstances', { serviceId, environmentId })) {
        await call.world.volumes.copy(diskOf(instance), diskOf(disk));
        call.state.update('volumeInstances', disk.id, { restoredFrom: backup.id });
      }
    }
    return workflow(call, 'backup-restore', { backupId: backup.id });
  },

  volumeInstanceBackupScheduleUpdate: (call, args) => {
    const instance = call.need('volumeInstances', text(args, 'volumeInstanceId'));
    const kinds = texts(args, 'kinds');
    const match = { volumeInstanceId: instance.id };
    for (const row of call.state.list('backupSchedules', match)) {
      if (!kinds.includes(text(row, 'kind'))) call.state.remove('backupSchedules', row.id);
    }
    for (const kind of kinds) {
      if (call.state.find('backupSchedules', { ...match, kind }) === undefined) addSchedule(call, instance, kind);
    }
    return true;
  },

  volumeInstancePITRRestore: async (call, args) => {
    const source = call.need('volumeInstances', text(args, 'volumeInstanceId'));
    const environmentId = text(source, 'environmentId');
    const service = call.state.need('services', text(source, 'serviceId'));
    const name = maybeText(args, 'newServiceName') ?? `${text(service, 'name')}-restored`;
    const sibling = newService(call, { projectId: text(service, 'projectId'), name, environmentId });
    const volume = call.state.insert('volumes', { projectId: text(service, 'projectId'), name: `${name}-data` });
    const disk = addInstance(call, volume, environmentId, {
      serviceId: sibling.id,
      mountPath: text(source, 'mountPath'),
      restoredTo: text(args, 'targetTimestamp'),
    });
    await call.world.volumes.create(diskOf(disk));
    await call.world.volumes.copy(diskOf(source), diskOf(disk));
    return workflow(call, 'pitr-restore', { serviceId: sibling.id, volumeId: volume.id });
  },
};

function instancesMeant(call: Call, args: JsonObject): readonly Row[] {
  const volume = call.need('volumes', text(args, 'volumeId'));
  const environmentId = maybeText(args, 'environmentId');
  if (environmentId === null) return call.state.list('volumeInstances', { volumeId: volume.id });
  call.need('environments', environmentId);
  return [call.needWhere('volumeInstances', { volumeId: volume.id, environmentId })];
}

async function updateInstance(call: Call, instance: Row, input: JsonObject): Promise<void> {
  const serviceId = maybeText(input, 'serviceId');
  if (serviceId !== null) call.need('services', serviceId);
  if (input['state'] === 'DELETED' || input['state'] === 'DELETING') {
    await destroyVolumeInstance(call, instance);
    return;
  }
  const patch = pick(input, ['mountPath', 'serviceId', 'state']);
  call.state.update('volumeInstances', instance.id, patch);
}

function backupMeant(call: Call, args: JsonObject): { readonly instance: Row; readonly backup: Row } {
  const instance = call.need('volumeInstances', text(args, 'volumeInstanceId'));
  const backup = call.need('backups', text(args, 'volumeInstanceBackupId'));
  if (backup['volumeInstanceId'] !== instance.id) throw new Error('Backup not found');
  return { instance, backup };
}

async function removeBackup(call: Call, instance: Row, backup: Row): Promise<void> {
  const disk = diskOf(instance);
  const gone = await call.world.volumes.removeBackup(disk, backup.id);
  call.world.destroyed(
    `backup ${text(backup, 'name')}`,
    `${call.world.volumes.folder(disk)}/backups/${backup.id}`,
    gone,
  );
  call.state.remove('backups', backup.id);
}

/** As documented by Railway: going back to a backup removes the newer ones. */
async function restore(call: Call, instance: Row, backup: Row): Promise<void> {
  const disk = diskOf(instance);
  call.world.destroyed(`data of ${instance.id} before a restore`, call.world.volumes.folder(disk), {
    ...(await call.world.volumes.size(disk)),
  });
  await call.world.volumes.restore(disk, backup.id);
  for (const newer of call.state.list('backups', { volumeInstanceId: instance.id })) {
    if (text(newer, 'createdAt') > text(backup, 'createdAt')) await removeBackup(call, instance, newer);
  }
  call.state.update('volumeInstances', instance.id, { restoredFrom: backup.id, restoredAt: call.state.now() });
}

async function wipe(call: Call, instance: Row): Promise<void> {
  const disk = diskOf(instance);
  const gone = await call.world.volumes.wipe(disk);
  call.world.destroyed(`data of ${instance.id}`, call.world.volumes.folder(disk), gone);
  call.state.update('volumeInstances', instance.id, { wipedAt: call.state.now() });
}
