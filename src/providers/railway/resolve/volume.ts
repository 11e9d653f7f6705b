import { isObject, textOf } from '../arguments.ts';
import { ask, askEach, items, must, unresolved } from '../ask.ts';
import type { Judged } from '../judge.ts';
import { fact, type Found, found } from './found.ts';
import type { EnvironmentView, ProjectView, Survey, VolumeInstance } from './survey.ts';
import type { Looking } from '../../../contract/lookup.ts';
import type { Fact } from '../../../model/hold.ts';
import type { JsonObject } from '../../../model/json.ts';

export interface Backup {
  readonly id: string;
  readonly name: string;
  readonly createdAt: string;
}

interface VolumeFound {
  readonly project: ProjectView;
  readonly name: string;
  readonly createdAt: string | undefined;
  readonly instances: readonly VolumeInstance[];
}

/** A volume with all its instances; with an environment named, the one instance in it. */
export function* volume(judged: Judged, survey: Survey): Looking<Found> {
  const id = textOf(judged.field.arguments, 'volumeId', 'id');
  if (id === undefined) throw unresolved('no volume is named');
  const only =
    judged.field.name === 'volumeInstanceUpdate' ? textOf(judged.field.arguments, 'environmentId') : undefined;
  const all = yield* findVolume(id, survey);
  const instances =
    only === undefined ? all.instances : all.instances.filter((instance) => instance.environmentId === only);
  if (instances.length === 0) throw unresolved(`volume \`${all.name}\` has no instance there`);
  const shown = yield* describe(id, { ...all, instances }, survey, judged.field.name === 'volumeDelete');
  return judged.field.name === 'volumeInstanceUpdate' ? remounted(judged, shown, { ...all, instances }) : shown;
}

/**
 * A service that finds its data gone starts anew: what it writes elsewhere until the mount is put back is lost with that,
 * and the service that gets the volume does with the data as it likes.
 */
function remounted(judged: Judged, shown: Found, { project, instances }: VolumeFound): Found {
  const serviceId = textOf(judged.field.arguments, 'serviceId');
  const mountPath = textOf(judged.field.arguments, 'mountPath');
  for (const { environmentId } of instances) {
    const environment = project.environments.find((one) => one.id === environmentId);
    if (serviceId !== undefined && !environment?.services.some((one) => one.id === serviceId))
      throw unresolved(`service \`${serviceId}\` has no instance beside the volume`);
  }
  const moves = instances.some(
    (instance) => instance.serviceId !== serviceId || (mountPath !== undefined && instance.mountPath !== mountPath),
  );
  if (!moves) return shown;
  const why = 'its service loses sight of the data, and what is written elsewhere meanwhile does not come back';
  return { ...shown, worse: { reversibility: 'irreversible', why } };
}

/** One instance of a volume: it lies in one environment, whatever the volume does elsewhere. */
export function* volumeInstance(judged: Judged, survey: Survey): Looking<Found> {
  const id = textOf(judged.field.arguments, 'volumeInstanceId', 'id');
  if (id === undefined) throw unresolved('no volume instance is named');
  const [instance, environment] = yield* findInstance(id, survey);
  const [backups = []] = yield* backupsOf([instance.id]);
  const name = yield* volumeName(instance.id);
  return found({
    resources: [
      {
        kind: 'railway:volume-instance',
        id,
        name,
        environments: [survey.bound(environment.id, environment.name)],
        within: [instance.volumeId],
      },
    ],
    name,
    facts: [fact('volume', name), ...instanceFacts(instance, environment, survey), ...backupFacts(backups, 'plain')],
    dependents: backups.map((backup) => backup.id),
    places: [place(instance, environment, survey)],
  });
}

/** A backup within a volume instance; a restore also hits the backups newer than it and the services it wipes. */
export function* backup(judged: Judged, survey: Survey): Looking<Found> {
  const { arguments: args, name: operation } = judged.field;
  const instanceId = textOf(args, 'volumeInstanceId');
  const backupId = textOf(args, 'volumeInstanceBackupId');
  if (instanceId === undefined || backupId === undefined) throw unresolved('no backup is named');
  const [instance, environment] = yield* findInstance(instanceId, survey);
  const [backups = []] = yield* backupsOf([instanceId]);
  const target = backups.find((one) => one.id === backupId);
  if (target === undefined) throw unresolved(`backup \`${backupId}\` is not among the backups of this volume instance`);
  const newer =
    operation === 'volumeInstanceBackupRestore' ? backups.filter((one) => one.createdAt > target.createdAt) : [];
  const others = [...strings(args['wipeServiceIds']), ...strings(args['replicaServiceIds'])];
  for (const service of others) {
    if (!environment.services.some((one) => one.id === service)) {
      throw unresolved(`service \`${service}\` is not in environment \`${environment.name}\``);
    }
  }
  const name = yield* volumeName(instance.id);
  const bound = survey.bound(environment.id, environment.name);
  return found({
    resources: [
      {
        kind: 'railway:backup',
        id: backupId,
        name: target.name,
        environments: [bound],
        within: [instanceId, instance.volumeId],
      },
      { kind: 'railway:volume-instance', id: instanceId, name, environments: [bound], within: [instance.volumeId] },
      ...others.map((id) => ({ kind: 'railway:service', id, environments: [bound] })),
    ],
    name: target.name === '' ? name : target.name,
    facts: [
      fact('volume', name),
      ...instanceFacts(instance, environment, survey),
      fact('backup made', target.createdAt),
      ...(newer.length > 0 ? [fact('newer backups deleted', String(newer.length), 'danger')] : []),
      ...(others.length > 0 ? [fact('other services hit', String(others.length), 'danger')] : []),
      fact(
        'backups left',
        String(backups.length - newer.length - (operation === 'volumeInstanceBackupDelete' ? 1 : 0)),
        'warning',
      ),
    ],
    dependents: [backupId, ...newer.map((one) => one.id)],
    places: [place(instance, environment, survey)],
  });
}

/** A volume by id, looked for in every project that is bound: railway has no query for one volume. */
function* findVolume(id: string, survey: Survey): Looking<VolumeFound> {
  survey.requireWholeSight(`volume \`${id}\``);
  for (const project of yield* survey.projects()) {
    const instances = project.environments.flatMap((environment) =>
      environment.volumeInstances.filter((instance) => instance.volumeId === id),
    );
    const listed = project.volumes.get(id);
    if (listed === undefined && instances.length === 0) continue;
    if (instances.length === 0)
      throw unresolved(`volume \`${id}\` has no instance in any environment that can be seen`);
    return { project, name: listed?.name ?? id, createdAt: listed?.createdAt, instances };
  }
  throw unresolved(`volume \`${id}\` is in no project that holdpoint.yaml binds, or cannot be seen`);
}

function* findInstance(id: string, survey: Survey): Looking<readonly [VolumeInstance, EnvironmentView]> {
  for (const environment of yield* survey.visible()) {
    const instance = environment.volumeInstances.find((one) => one.id === id);
    if (instance !== undefined) return [instance, environment];
  }
  throw unresolved(`volume instance \`${id}\` is in no environment that holdpoint.yaml binds, or cannot be seen`);
}

function* volumeName(instanceId: string): Looking<string> {
  const query = `query ($id: String!) { volumeInstance(id: $id) { id volume { id name } } }`;
  const { volumeInstance: instance } = yield* ask(`the volume of instance \`${instanceId}\``, query, {
    id: instanceId,
  });
  const volume = isObject(instance) ? instance['volume'] : undefined;
  if (!isObject(volume)) throw unresolved(`the volume of instance \`${instanceId}\` cannot be seen`);
  return must(volume, 'name');
}

/** Backups of several volume instances, in the order of their ids. */
export function* backupsOf(instanceIds: readonly string[]): Looking<readonly (readonly Backup[])[]> {
  const question = {
    field: 'volumeInstanceBackupList',
    argument: 'volumeInstanceId',
    selection: 'id name createdAt expiresAt usedMB',
  };
  const answers = yield* askEach('backups of volume instances', question, instanceIds);
  return answers.map((list) =>
    items(list, 'backups').map((one) => ({
      id: must(one, 'id'),
      name: typeof one['name'] === 'string' ? one['name'] : '',
      createdAt: must(one, 'createdAt'),
    })),
  );
}

function* describe(id: string, all: VolumeFound, survey: Survey, deletes: boolean): Looking<Found> {
  const environments: string[] = [];
  const facts: Fact[] = [fact('volume', all.name), fact('project', all.project.name)];
  const dependents: string[] = [];
  const places = [];
  const ids = all.instances.map((instance) => instance.id);
  const backupsEach = deletes ? yield* backupsOf(ids) : [];
  for (const [index, instance] of all.instances.entries()) {
    const environment = all.project.environments.find((one) => one.id === instance.environmentId);
    if (environment === undefined) throw unresolved(`volume \`${all.name}\` has an instance where nobody can look`);
    environments.push(survey.bound(environment.id, environment.name));
    places.push(place(instance, environment, survey));
    facts.push(...instanceFacts(instance, environment, survey, all.project));
    dependents.push(instance.id);
    if (!deletes) continue;
    const backups = backupsEach[index] ?? [];
    facts.push(...backupFacts(backups, 'danger', `in ${survey.bound(environment.id)} that die with it`));
    dependents.push(...backups.map((one) => one.id));
  }
  if (all.createdAt !== undefined) facts.push(fact('made', all.createdAt));
  return found({
    resources: [{ kind: 'railway:volume', id, name: all.name, environments: [...new Set(environments)].sort() }],
    name: all.name,
    facts,
    dependents,
    places,
  });
}

function place(instance: VolumeInstance, environment: EnvironmentView, survey: Survey) {
  return {
    projectId: environment.projectId,
    environmentId: environment.id,
    environment: survey.bound(environment.id, environment.name),
    ...(instance.serviceId === undefined ? {} : { serviceId: instance.serviceId }),
  };
}

function instanceFacts(
  instance: VolumeInstance,
  environment: EnvironmentView,
  survey: Survey,
  project?: ProjectView,
): readonly Fact[] {
  const bound = survey.bound(environment.id, environment.name);
  const production = survey.context.environments.some((one) => one.name === bound && one.production);
  const service =
    environment.services.find((one) => one.id === instance.serviceId)?.name ??
    (instance.serviceId === undefined ? undefined : project?.services.get(instance.serviceId)?.name);
  return [
    fact('environment', `${bound} (\`${environment.name}\`)`, production ? 'danger' : 'plain'),
    fact(
      `data in ${bound}`,
      `${Math.round(instance.currentSizeMB)} of ${instance.sizeMB} MB`,
      instance.currentSizeMB > 0 ? 'warning' : 'plain',
    ),
    fact(
      `mounted in ${bound}`,
      service === undefined ? `${instance.mountPath}, no service` : `${instance.mountPath} of \`${service}\``,
    ),
  ];
}

function backupFacts(backups: readonly Backup[], tone: Fact['tone'], suffix = ''): readonly Fact[] {
  const label = `backups ${suffix}`.trim();
  if (backups.length === 0) return [fact(label, 'none', 'warning')];
  const newest = backups.reduce((latest, one) => (one.createdAt > latest ? one.createdAt : latest), '');
  return [fact(label, `${backups.length}, newest of ${newest}`, tone)];
}

function strings(value: JsonObject[string]): readonly string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}
