import { buildKeys, deployKeys } from './configuration.ts';
import { addServiceInstance, connectRepository, newService, placeOf } from './creating.ts';
import { deploy } from './deploying.ts';
import { destroyServiceInstance, destroyVolumeInstance } from './destroying.ts';
import { addInstance, createVolume } from './disks.ts';
import { addCustomDomain, addServiceDomain, addTcpProxy } from './domains.ts';
import { isObject, type Json, type JsonObject, maybeInt, maybeText, object, pick, type Row, text } from './json.ts';
import { setVariable } from './setting.ts';
import type { TableName } from './tables.ts';
import { diskOf } from './volumes.ts';
import type { Call } from './world.ts';

const sections = ['services', 'sharedVariables', 'volumes', 'buckets', 'groups', 'privateNetworkDisabled'];

/**
 * Makes a patch of an environment's configuration true. `null` or `isDeleted: true` deletes, for volumes with their files; an
 * unknown id is created. A section the double does not know is refused, so that nothing is silently left undone.
 */
export async function applyPatch(call: Call, environment: Row, patch: Json, skipDeploys: boolean): Promise<void> {
  const config = checked(patch);
  for (const [id, change] of Object.entries(object(config, 'volumes')))
    await applyVolume(call, environment, id, change);
  for (const [id, change] of Object.entries(object(config, 'buckets'))) applyBucket(call, environment, id, change);
  applyVariables(call, sharedPlace(environment), object(config, 'sharedVariables'));
  for (const [id, change] of Object.entries(object(config, 'services'))) {
    await applyService(call, environment, id, change, skipDeploys);
  }
  for (const [id, change] of Object.entries(object(config, 'groups'))) applyGroup(call, environment, id, change);
  if (config['privateNetworkDisabled'] !== undefined) {
    call.state.update('environments', environment.id, pick(config, ['privateNetworkDisabled']));
  }
}

export function checked(patch: Json): JsonObject {
  if (!isObject(patch)) throw new Error('Invalid environment config: not an object');
  for (const key of Object.keys(patch)) {
    if (!sections.includes(key)) throw new Error(`not simulated: environment config section \`${key}\``);
  }
  return patch;
}

/** What a patch would do, one line for each thing it names. */
export function described(call: Call, environment: Row, patch: Json): readonly JsonObject[] {
  const config = checked(patch);
  const tables = { services: 'services', volumes: 'volumes', buckets: 'buckets', groups: 'groups' } as const;
  return sections.flatMap((section) => {
    if (section === 'privateNetworkDisabled') return [];
    return Object.entries(object(config, section)).map(([id, change]) => {
      const table = section === 'sharedVariables' ? null : tables[section as keyof typeof tables];
      const known = table === null ? undefined : call.state.get(table, id);
      const kind = isDeletion(change) ? 'delete' : known === undefined ? 'create' : 'update';
      const name = known === undefined ? id : (maybeText(known, 'name') ?? id);
      return {
        kind,
        path: `${section}.${id}`,
        status: 'planned',
        summary: `${kind} ${name} in ${text(environment, 'name')}`,
      };
    });
  });
}

function isDeletion(change: Json): boolean {
  return change === null || (isObject(change) && change['isDeleted'] === true);
}

async function applyVolume(call: Call, environment: Row, id: string, change: Json): Promise<void> {
  const match = { volumeId: id, environmentId: environment.id };
  const disk = call.state.find('volumeInstances', match);
  if (isDeletion(change)) {
    if (disk === undefined) throw new Error('Volume not found');
    await destroyVolumeInstance(call, disk);
    return;
  }
  const fields = isObject(change) ? change : {};
  const volume = call.state.get('volumes', id);
  if (volume === undefined) {
    const place = { projectId: text(environment, 'projectId'), environmentId: environment.id };
    await createVolume(call, { ...pick(fields, ['name', 'region']), ...place, id, mountPath: '/data' });
    return;
  }
  call.need('volumes', id);
  if (disk === undefined) {
    await call.world.volumes.create(diskOf(addInstance(call, volume, environment.id, {})));
  } else {
    call.state.update('volumeInstances', disk.id, pick(fields, ['region', 'sizeMB']));
  }
  call.state.update('volumes', id, pick(fields, ['name']));
}

function applyBucket(call: Call, environment: Row, id: string, change: Json): void {
  if (isDeletion(change)) {
    call.state.remove('buckets', call.need('buckets', id).id);
    call.state.removeAll('bucketCredentials', { bucketId: id });
    return;
  }
  const fields = isObject(change) ? pick(change, ['name', 'region']) : {};
  if (call.state.get('buckets', id) !== undefined) {
    call.state.update('buckets', call.need('buckets', id).id, fields);
    return;
  }
  const place = { projectId: text(environment, 'projectId'), environmentId: environment.id };
  call.state.insert('buckets', { name: id.slice(0, 8), ...fields, id, ...place, groupId: null });
}

function applyGroup(call: Call, environment: Row, id: string, change: Json): void {
  if (isDeletion(change)) call.state.remove('groups', call.need('groups', id).id);
  else if (call.state.get('groups', id) !== undefined) call.state.update('groups', id, isObject(change) ? change : {});
  else {
    const fields = isObject(change) ? change : {};
    call.state.insert('groups', { name: 'group', ...fields, id, projectId: text(environment, 'projectId') });
  }
}

function applyVariables(call: Call, place: ReturnType<typeof placeOf>, changes: JsonObject): void {
  for (const [name, change] of Object.entries(changes)) {
    if (!isDeletion(change)) setVariable(call, place, name, change);
    else call.state.removeAll('variables', { name, environmentId: place.environmentId, serviceId: place.serviceId });
  }
}

function sharedPlace(environment: Row): ReturnType<typeof placeOf> {
  return { projectId: text(environment, 'projectId'), environmentId: environment.id, serviceId: null };
}

async function applyService(
  call: Call,
  environment: Row,
  id: string,
  change: Json,
  skipDeploys: boolean,
): Promise<void> {
  const match = { serviceId: id, environmentId: environment.id };
  const found = call.state.find('serviceInstances', match);
  if (isDeletion(change)) {
    if (found === undefined) throw new Error('Service not found');
    destroyServiceInstance(call, found);
    if (call.state.list('serviceInstances', { serviceId: id }).length === 0) call.state.remove('services', id);
    return;
  }
  const fields = isObject(change) ? change : {};
  const instance = found ?? arriving(call, environment, id, fields);
  const service = call.state.need('services', id);
  call.state.update('services', id, pick(fields, ['name', 'icon', 'groupId']));
  applySettings(call, instance, fields);
  applyVariables(call, placeOf(service, environment.id), object(fields, 'variables'));
  applyNetworking(call, instance, object(fields, 'networking'));
  for (const [volumeId, mount] of Object.entries(object(fields, 'volumeMounts'))) {
    mountVolume(call, environment, id, volumeId, mount);
  }
  if (!skipDeploys) deploy(call, call.state.need('serviceInstances', instance.id), { reason: 'configuration applied' });
}

function arriving(call: Call, environment: Row, id: string, fields: JsonObject): Row {
  const known = call.state.get('services', id);
  if (known !== undefined) return addServiceInstance(call, call.need('services', id), environment.id, {});
  const place = { projectId: text(environment, 'projectId'), environmentId: environment.id };
  const service = newService(call, { ...place, id, name: maybeText(fields, 'name') ?? `service-${id.slice(0, 4)}` });
  return call.needWhere('serviceInstances', { serviceId: service.id, environmentId: environment.id });
}

function applySettings(call: Call, instance: Row, fields: JsonObject): void {
  const source = object(fields, 'source');
  const repository = maybeText(source, 'repo');
  call.state.update('serviceInstances', instance.id, {
    ...pick(object(fields, 'build'), buildKeys),
    ...pick(object(fields, 'deploy'), deployKeys),
    ...pick(source, ['rootDirectory']),
    ...(fields['configFile'] === undefined ? {} : { railwayConfigFile: fields['configFile'] }),
    ...(fields['source'] === undefined
      ? {}
      : { source: fields['source'] === null ? null : pick(source, ['image', 'repo']) }),
  });
  if (repository !== null) connectRepository(call, instance, repository, maybeText(source, 'branch') ?? 'main');
}

function applyNetworking(call: Call, instance: Row, networking: JsonObject): void {
  const place = pick(instance, ['serviceId', 'environmentId']);
  const each = (section: string, table: TableName, column: string, add: (key: string, port: number | null) => void) => {
    for (const [key, change] of Object.entries(object(networking, section))) {
      const wanted: Json = column === 'applicationPort' ? Number(key) : key;
      const row = call.state.find(table, { ...place, [column]: wanted });
      if (isDeletion(change)) {
        if (row !== undefined) call.state.remove(table, row.id);
        continue;
      }
      const port = isObject(change) ? maybeInt(change, 'port') : null;
      if (row === undefined) add(key, port);
      else if (column === 'domain') call.state.update(table, row.id, { targetPort: port });
    }
  };
  each('customDomains', 'customDomains', 'domain', (domain, port) => addCustomDomain(call, instance, domain, port));
  each('serviceDomains', 'serviceDomains', 'domain', (domain, port) => addServiceDomain(call, instance, port, domain));
  each('tcpProxies', 'tcpProxies', 'applicationPort', (port) => addTcpProxy(call, instance, Number(port)));
}

function mountVolume(call: Call, environment: Row, serviceId: string, volumeId: string, mount: Json): void {
  const disk = call.needWhere('volumeInstances', { volumeId, environmentId: environment.id });
  const patch = isDeletion(mount)
    ? { serviceId: null }
    : { serviceId, ...pick(isObject(mount) ? mount : {}, ['mountPath']) };
  call.state.update('volumeInstances', disk.id, patch);
}
