import { addServiceInstance, newEnvironment } from '../creating.ts';
import { deploy } from '../deploying.ts';
import { destroyEnvironment } from '../destroying.ts';
import { flag, maybeText, merged, object, pick, type Row, text, texts } from '../json.ts';
import { setVariable } from '../setting.ts';
import { diskOf } from '../volumes.ts';
import type { Call, Resolvers } from '../world.ts';

export const environmentMutations: Resolvers = {
  environmentCreate: async (call, args) => {
    const input = object(args, 'input');
    const project = call.need('projects', text(input, 'projectId'));
    const environment = await newEnvironment(call, project, {
      name: text(input, 'name'),
      isEphemeral: flag(input, 'ephemeral'),
    });
    const source = maybeText(input, 'sourceEnvironmentId');
    if (source === null) return environment;
    await fork(call, call.need('environments', source), environment, flag(input, 'skipInitialDeploys'));
    return call.state.update('environments', environment.id, { sourceEnvironmentId: source });
  },

  environmentDelete: async (call, args) => {
    await destroyEnvironment(call, call.need('environments', text(args, 'id')));
    return true;
  },

  environmentRename: (call, args) => {
    const environment = call.need('environments', text(args, 'id'));
    return call.state.update('environments', environment.id, { name: text(object(args, 'input'), 'name') });
  },

  environmentTriggersDeploy: (call, args) => {
    const input = object(args, 'input');
    call.need('environments', text(input, 'environmentId'));
    call.need('services', text(input, 'serviceId'));
    for (const trigger of call.list('deploymentTriggers', pick(input, ['environmentId', 'serviceId']))) {
      const instance = call.instance(text(trigger, 'serviceId'), text(trigger, 'environmentId'));
      deploy(call, instance, { reason: `trigger ${text(trigger, 'repository')}@${text(trigger, 'branch')}` });
    }
    return true;
  },

  environmentUnskipService: (call, args) => {
    const environment = call.need('environments', text(args, 'environmentId'));
    const service = call.need('services', text(args, 'serviceId'));
    const meta = object(environment, 'meta');
    const skipped = object(meta, 'skippedResourceIds');
    const services = texts(skipped, 'services');
    if (!services.includes(service.id)) throw new Error('Service is not skipped in this environment');
    call.state.update('environments', environment.id, {
      meta: { ...meta, skippedResourceIds: { ...skipped, services: services.filter((id) => id !== service.id) } },
    });
    deploy(call, addServiceInstance(call, service, environment.id, {}), { reason: 'unskipped' });
    return true;
  },

  /** Lays one environment's canvas over another's: positions of things, nothing that runs. */
  canvasViewMerge: (call, args) => {
    const source = call.need('environments', text(args, 'sourceEnvironmentId'));
    const target = call.need('environments', text(args, 'targetEnvironmentId'));
    const from = call.state.find('canvasViews', { environmentId: source.id });
    const to = call.state.find('canvasViews', { environmentId: target.id });
    const layout = merged(object(to ?? {}, 'layout'), object(from ?? {}, 'layout'));
    if (to === undefined) call.state.insert('canvasViews', { environmentId: target.id, layout });
    else call.state.update('canvasViews', to.id, { layout });
    return true;
  },

  privateNetworksForEnvironmentDelete: (call, args) => {
    const environmentId = call.need('environments', text(args, 'environmentId')).id;
    call.state.removeAll('privateNetworkEndpoints', { environmentId });
    call.state.removeAll('privateNetworks', { environmentId });
    return true;
  },
};

/** Copies services, variables (production's secrets too, if it is production's) and volumes' data. */
async function fork(call: Call, source: Row, target: Row, skipDeploys: boolean): Promise<void> {
  for (const instance of call.state.list('serviceInstances', { environmentId: source.id })) {
    const { id: _id, createdAt: _created, updatedAt: _updated, ...settings } = instance;
    const service = call.state.need('services', text(instance, 'serviceId'));
    const copy = addServiceInstance(call, service, target.id, { ...settings, environmentId: target.id });
    if (!skipDeploys) deploy(call, copy, { reason: `forked from ${text(source, 'name')}` });
  }
  for (const row of call.state.list('variables', { environmentId: source.id })) {
    const place = {
      projectId: text(target, 'projectId'),
      environmentId: target.id,
      serviceId: maybeText(row, 'serviceId'),
    };
    setVariable(call, place, text(row, 'name'), pick(row, ['value', 'isSealed']));
  }
  for (const disk of call.state.list('volumeInstances', { environmentId: source.id })) {
    const match = { environmentId: target.id, volumeId: text(disk, 'volumeId') };
    const copy = call.state.find('volumeInstances', match);
    if (copy === undefined) continue;
    call.state.update('volumeInstances', copy.id, pick(disk, ['serviceId', 'mountPath', 'sizeMB', 'region']));
    await call.world.volumes.copy(diskOf(disk), diskOf(copy));
  }
}
