import { deploy, deployEverywhere } from '../deploying.ts';
import { destroyService, destroyServiceInstance } from '../destroying.ts';
import { flag, type JsonObject, maybeText, object, pick, type Row, text, texts } from '../json.ts';
import { connectRepository, credit, newService, placeOf } from '../creating.ts';
import { addInstance } from '../disks.ts';
import { setVariable } from '../setting.ts';
import { diskOf } from '../volumes.ts';
import type { Call, Resolvers } from '../world.ts';

export const serviceMutations: Resolvers = {
  serviceCreate: (call, args) => {
    const input = object(args, 'input');
    return newService(call, { ...input, name: maybeText(input, 'name') ?? nameFrom(object(input, 'source')) });
  },

  serviceUpdate: (call, args) => {
    const service = call.need('services', text(args, 'id'));
    return call.state.update('services', service.id, pick(object(args, 'input'), ['name', 'icon']));
  },

  serviceDelete: (call, args) => {
    const service = call.need('services', text(args, 'id'));
    const environmentId = maybeText(args, 'environmentId');
    if (environmentId === null) destroyService(call, service);
    else destroyServiceInstance(call, call.instance(service.id, environmentId));
    return true;
  },

  serviceDuplicate: async (call, args) => {
    const environmentId = text(args, 'environmentId');
    const instance = call.instance(text(args, 'serviceId'), environmentId);
    const service = call.state.need('services', text(instance, 'serviceId'));
    const twin = newService(call, {
      projectId: text(service, 'projectId'),
      environmentId,
      name: `${text(service, 'name')}-copy`,
      source: object(instance, 'source'),
    });
    for (const row of call.state.list('variables', { serviceId: service.id, environmentId })) {
      setVariable(call, placeOf(twin, environmentId), text(row, 'name'), pick(row, ['value', 'isSealed']));
    }
    for (const disk of call.state.list('volumeInstances', { serviceId: service.id, environmentId })) {
      const volume = call.state.insert('volumes', {
        projectId: text(twin, 'projectId'),
        name: `${text(twin, 'name')}-data`,
      });
      const copy = addInstance(call, volume, environmentId, { ...pick(disk, ['mountPath']), serviceId: twin.id });
      await call.world.volumes.create(diskOf(copy));
      await call.world.volumes.copy(diskOf(disk), diskOf(copy));
    }
    return twin;
  },

  serviceConnect: (call, args) => {
    const service = call.need('services', text(args, 'id'));
    const input = object(args, 'input');
    for (const instance of call.list('serviceInstances', { serviceId: service.id })) {
      call.state.update('serviceInstances', instance.id, {
        source: { image: maybeText(input, 'image'), repo: maybeText(input, 'repo') },
      });
      const repository = maybeText(input, 'repo');
      if (repository !== null) connectRepository(call, instance, repository, maybeText(input, 'branch') ?? 'main');
    }
    deployEverywhere(call, service.id, 'source connected');
    return call.state.update('services', service.id, { connectedAt: call.state.now() });
  },

  serviceDisconnect: (call, args) => {
    const service = call.need('services', text(args, 'id'));
    for (const instance of call.list('serviceInstances', { serviceId: service.id })) {
      call.state.update('serviceInstances', instance.id, { source: null });
      call.state.removeAll('deploymentTriggers', pick(instance, ['serviceId', 'environmentId']));
    }
    return call.state.update('services', service.id, { connectedAt: null });
  },

  serviceRemoveUpstreamUrl: (call, args) => {
    const service = call.need('services', text(args, 'id'));
    for (const instance of call.list('serviceInstances', { serviceId: service.id })) {
      call.state.update('serviceInstances', instance.id, { upstreamUrl: null });
    }
    return call.state.need('services', service.id);
  },

  serviceFeatureFlagAdd: (call, args) => toggle(call, object(args, 'input'), true),
  serviceFeatureFlagRemove: (call, args) => toggle(call, object(args, 'input'), false),

  serviceInstanceUpdate: (call, args) => {
    const service = call.need('services', text(args, 'serviceId'));
    const environmentId = maybeText(args, 'environmentId');
    const input = object(args, 'input');
    const instances =
      environmentId === null
        ? call.list('serviceInstances', { serviceId: service.id })
        : [call.instance(service.id, environmentId)];
    for (const instance of instances) {
      if (input['registryCredentials'] !== undefined) credit(call, instance, object(input, 'registryCredentials'));
      const { registryCredentials: _, ...settings } = input;
      call.state.update('serviceInstances', instance.id, settings);
    }
    return true;
  },

  serviceInstanceDeploy: (call, args) => {
    deploy(call, instanceMeant(call, args), { reason: 'deploy', meta: pick(args, ['commitSha', 'latestCommit']) });
    return true;
  },
  serviceInstanceDeployV2: (call, args) =>
    deploy(call, instanceMeant(call, args), { reason: 'deploy', meta: pick(args, ['commitSha']) }).id,
  serviceInstanceRedeploy: (call, args) => {
    deploy(call, instanceMeant(call, args), { reason: 'redeploy' });
    return true;
  },

  serviceInstanceLimitsUpdate: (call, args) => {
    const input = object(args, 'input');
    const limits = { containers: { ...pick(input, ['memoryGB']), cpu: input['vCPUs'] ?? null } };
    call.state.update('serviceInstances', instanceMeant(call, input).id, { limits });
    return true;
  },

  serviceInstanceAutoDeployUpdate: (call, args) => {
    const input = object(args, 'input');
    const enabled = flag(input, 'enabled');
    call.state.update('serviceInstances', instanceMeant(call, input).id, { autoDeploy: enabled });
    return { enabled };
  },

  serviceInstanceVulnRemediationDismiss: (call, args) => {
    call.state.remove('vulnerabilityNotices', notice(call, args).id);
    return true;
  },

  serviceInstanceVulnRemediationPatchNow: (call, args) => {
    const instance = instanceMeant(call, args);
    call.state.remove('vulnerabilityNotices', notice(call, args).id);
    return deploy(call, instance, { reason: 'security update' }).id;
  },

  githubRepoDeploy: (call, args) => {
    const input = object(args, 'input');
    const repository = text(input, 'repo');
    const service = newService(call, {
      ...pick(input, ['projectId', 'environmentId', 'branch']),
      name: nameFrom({ repo: repository }),
      source: { repo: repository },
    });
    return service.id;
  },

  githubRepoUpdate: (call, args) => {
    const instance = instanceMeant(call, object(args, 'input'));
    deploy(call, instance, { reason: 'newest commit of the repository' });
    return true;
  },
};

export function instanceMeant(call: Call, input: JsonObject): Row {
  return call.instance(text(input, 'serviceId'), text(input, 'environmentId'));
}

function toggle(call: Call, input: JsonObject, on: boolean): boolean {
  const service = call.need('services', text(input, 'serviceId'));
  const flags = texts(service, 'featureFlags').filter((name) => name !== text(input, 'flag'));
  call.state.update('services', service.id, { featureFlags: on ? [...flags, text(input, 'flag')] : flags });
  return true;
}

function notice(call: Call, args: JsonObject): Row {
  return call.needWhere('vulnerabilityNotices', pick(args, ['serviceId', 'environmentId']));
}

function nameFrom(source: JsonObject): string {
  const from = maybeText(source, 'repo') ?? maybeText(source, 'image') ?? 'service';
  return from.split('/').at(-1)?.split(':')[0] ?? 'service';
}
