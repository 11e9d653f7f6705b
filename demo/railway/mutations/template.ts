import { applyPatch } from '../applying.ts';
import { newProject, newEnvironment, newService } from '../creating.ts';
import { destroyServiceInstance } from '../destroying.ts';
import { createVolume, workflow } from '../disks.ts';
import {
  flag,
  isObject,
  type Json,
  type JsonObject,
  maybeInt,
  maybeText,
  object,
  pick,
  type Row,
  text,
  texts,
} from '../json.ts';
import { type Call, removal, type Resolvers } from '../world.ts';
import { addPatch, stagedOf } from './patch.ts';

export const templateMutations: Resolvers = {
  templateGenerate: (call, args) => {
    const project = call.need('projects', text(object(args, 'input'), 'projectId'));
    const services = call.state.list('services', { projectId: project.id }).map((row) => [
      row.id,
      {
        name: text(row, 'name'),
        source: object(call.state.find('serviceInstances', { serviceId: row.id }) ?? {}, 'source'),
      },
    ]);
    return newTemplate(call, text(project, 'workspaceId'), text(project, 'name'), {
      services: Object.fromEntries(services) as JsonObject,
    });
  },
  templateClone: (call, args) => {
    const input = object(args, 'input');
    const source = call.state.find('templates', { code: text(input, 'code') });
    if (source === undefined) throw new Error('Template not found');
    const workspace = call.workspace(maybeText(input, 'workspaceId'));
    return newTemplate(call, workspace.id, `${text(source, 'name')} (copy)`, object(source, 'serializedConfig'));
  },
  templatePublish: (call, args) => {
    const row = call.need('templates', text(args, 'id'));
    const { workspaceId: _, ...fields } = object(args, 'input');
    return call.state.update('templates', row.id, { ...fields, status: 'PUBLISHED' });
  },
  templateUnpublish: (call, args) => {
    const row = call.need('templates', text(args, 'id'));
    call.state.update('templates', row.id, { status: 'UNPUBLISHED' });
    return true;
  },
  templateDelete: removal('templates'),
  templateVolumeUpdate: (call, args) => {
    const row = call.need('templates', text(args, 'templateId'));
    const config = object(row, 'serializedConfig');
    const services = object(config, 'services');
    const service = object(services, text(args, 'serviceId'));
    const mounts = object(service, 'volumeMounts');
    const volumeId = text(args, 'volumeId');
    const mount = { ...object(mounts, volumeId), sizeMB: maybeInt(args, 'sizeMB') };
    const changed = { ...service, volumeMounts: { ...mounts, [volumeId]: mount } };
    return call.state.update('templates', row.id, {
      serializedConfig: { ...config, services: { ...services, [text(args, 'serviceId')]: changed } },
    });
  },

  templateDeploy: async (call, args) => {
    const input = object(args, 'input');
    const place = await destination(call, input);
    for (const service of (input['services'] as readonly Json[]).filter(isObject)) {
      await deployTemplateService(call, place, service);
    }
    return { projectId: place.projectId, ...workflow(call, 'template-deploy', pick(input, ['templateCode'])) };
  },
  templateDeployV2: async (call, args) => {
    const input = object(args, 'input');
    const template = call.state.need('templates', text(input, 'templateId'));
    const place = await destination(call, input);
    const services = Object.values(object(object(input, 'serializedConfig'), 'services')).filter(isObject);
    const patch: Record<string, Json> = {};
    for (const service of services) patch[call.state.mint()] = { ...service, isCreated: true };
    await stageOrApply(call, place.environmentId, { services: patch }, flag(input, 'stageOnly'));
    return { projectId: place.projectId, ...workflow(call, 'template-deploy', { templateId: template.id }) };
  },
  /** From a cluster back to one: the replicas and the cluster's variables go. */
  templateRevert: (call, args) => {
    const input = object(args, 'input');
    call.need('projects', text(input, 'projectId'));
    const environmentId = text(input, 'environmentId');
    const root = call.instance(text(input, 'rootServiceId'), environmentId);
    const replicas = call.state.list(
      'serviceInstances',
      (row) => row['environmentId'] === environmentId && row['replicaOf'] === root['serviceId'],
    );
    for (const replica of replicas) destroyServiceInstance(call, replica);
    const place = pick(root, ['serviceId', 'environmentId']);
    call.state.removeAll('variables', (row) => {
      const isHere = row['serviceId'] === place['serviceId'] && row['environmentId'] === environmentId;
      return isHere && text(row, 'name').startsWith('PATRONI_');
    });
    call.state.update('serviceInstances', root.id, { revertedTo: text(input, 'templateCode') });
    return { projectId: text(input, 'projectId'), ...workflow(call, 'template-revert', pick(input, ['templateCode'])) };
  },
  templateServiceSourceEject: (call, args) => {
    const input = object(args, 'input');
    call.need('projects', text(input, 'projectId'));
    const repository = `${text(input, 'repoOwner')}/${text(input, 'repoName')}`;
    call.state.insert('repositories', { repository, projectId: text(input, 'projectId') });
    for (const serviceId of texts(input, 'serviceIds')) {
      call.need('services', serviceId);
      for (const instance of call.list('serviceInstances', { serviceId })) {
        call.state.update('serviceInstances', instance.id, {
          source: { image: null, repo: repository },
          upstreamUrl: text(input, 'upstreamUrl'),
        });
      }
    }
    return true;
  },

  /** Reads the service names and images of a compose file; what else it says is named in `errors`. */
  dockerComposeImport: async (call, args) => {
    call.need('projects', text(args, 'projectId'));
    const environment = call.need('environments', text(args, 'environmentId'));
    const { services, errors } = composed(text(args, 'yaml'));
    const patch: Record<string, Json> = {};
    for (const [name, image] of services) patch[call.state.mint()] = { isCreated: true, name, source: { image } };
    await stageOrApply(call, environment.id, { services: patch }, !flag(args, 'skipStagingPatch'));
    return { patch: { services: patch }, errors };
  },
};

export function newTemplate(call: Call, workspaceId: string, name: string, serializedConfig: JsonObject): Row {
  return call.state.insert('templates', {
    workspaceId,
    name,
    code: call.state.mint().slice(0, 6),
    serializedConfig,
    config: serializedConfig,
    metadata: {},
    status: 'UNPUBLISHED',
    description: null,
    readme: null,
    category: null,
    demoProjectId: null,
    image: null,
    isV2Template: true,
  });
}

async function destination(call: Call, input: JsonObject) {
  const projectId = maybeText(input, 'projectId');
  const environmentId = maybeText(input, 'environmentId');
  if (projectId !== null) {
    const project = call.need('projects', projectId);
    const own = call.list('environments', { projectId })[0];
    const environment = environmentId === null ? own : call.need('environments', environmentId);
    if (environment === undefined) throw new Error('Environment not found');
    return { projectId: project.id, environmentId: environment.id };
  }
  const workspace = call.workspace(maybeText(input, 'workspaceId'));
  const project = newProject(call, workspace.id, { name: 'from-template' });
  const environment = await newEnvironment(call, project, { name: 'production' });
  return { projectId: project.id, environmentId: environment.id };
}

async function deployTemplateService(
  call: Call,
  place: { readonly projectId: string; readonly environmentId: string },
  service: JsonObject,
): Promise<void> {
  const created = newService(call, {
    ...place,
    name: maybeText(service, 'serviceName') ?? text(service, 'template'),
    source: { repo: text(service, 'template'), image: null },
    ...pick(service, ['variables']),
  });
  const instance = call.needWhere('serviceInstances', { serviceId: created.id });
  call.state.update(
    'serviceInstances',
    instance.id,
    pick(service, ['startCommand', 'preDeployCommand', 'healthcheckPath', 'rootDirectory']),
  );
  const volumes = Array.isArray(service['volumes']) ? (service['volumes'] as readonly Json[]).filter(isObject) : [];
  for (const volume of volumes) {
    await createVolume(call, { ...place, serviceId: created.id, mountPath: text(volume, 'mountPath') });
  }
}

async function stageOrApply(call: Call, environmentId: string, patch: JsonObject, stage: boolean): Promise<void> {
  const environment = call.need('environments', environmentId);
  if (!stage) {
    await applyPatch(call, environment, patch, false);
    return;
  }
  const staged = stagedOf(call, environment);
  if (staged === undefined) addPatch(call, environment, 'STAGED', patch, null);
  else {
    const before = object(staged, 'patch');
    const services = { ...object(before, 'services'), ...object(patch, 'services') };
    call.state.update('patches', staged.id, { patch: { ...before, services } });
  }
}

function composed(yaml: string): {
  readonly services: ReadonlyMap<string, string>;
  readonly errors: readonly string[];
} {
  const services = new Map<string, string>();
  const errors: string[] = [];
  let section = '';
  let service = '';
  for (const line of yaml.split('\n')) {
    const found = /^(?<indent> *)(?<key>[\w.-]+):\s*(?<value>.*)$/u.exec(line)?.groups;
    if (found === undefined) continue;
    const { indent = '', key = '', value = '' } = found;
    if (indent.length === 0) section = key;
    else if (section === 'services' && indent.length === 2) service = key;
    else if (section === 'services' && key === 'image') services.set(service, value);
    else if (section === 'services') errors.push(`not simulated: \`${key}\` of ${service}`);
  }
  if (services.size === 0) throw new Error('No services with an image in the compose file');
  return { services, errors };
}
