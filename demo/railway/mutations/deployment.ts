import { deploy, retire } from '../deploying.ts';
import { flag, type JsonObject, object, pick, type Row, text } from '../json.ts';
import type { Call, Resolvers } from '../world.ts';
import { removal } from '../world.ts';
import { instanceMeant } from './service.ts';

const unfinished = ['BUILDING', 'DEPLOYING', 'INITIALIZING', 'QUEUED', 'WAITING', 'NEEDS_APPROVAL'];

export const deploymentMutations: Resolvers = {
  deploymentApprove: (call, args) => {
    const row = deploymentMeant(call, args);
    if (row['status'] !== 'NEEDS_APPROVAL') throw new Error('Deployment does not need approval');
    run(call, row, 'SUCCESS');
    return true;
  },

  deploymentCancel: (call, args) => {
    const row = deploymentMeant(call, args);
    if (!unfinished.includes(text(row, 'status'))) throw new Error('Deployment cannot be cancelled');
    retire(call, row, 'REMOVED');
    return true;
  },

  deploymentRemove: (call, args) => {
    retire(call, deploymentMeant(call, args), 'REMOVED');
    return true;
  },

  deploymentStop: (call, args) => {
    const row = deploymentMeant(call, args);
    call.state.update('deployments', row.id, {
      deploymentStopped: true,
      instances: [],
      statusUpdatedAt: call.state.now(),
    });
    return true;
  },

  deploymentRestart: (call, args) => {
    const row = deploymentMeant(call, args);
    if (row['status'] === 'REMOVED') throw new Error('Deployment is not running');
    run(call, row, 'SUCCESS');
    return true;
  },

  deploymentRedeploy: (call, args) => {
    const row = deploymentMeant(call, args);
    const meta = { redeployOf: row.id, usePreviousImageTag: flag(args, 'usePreviousImageTag') };
    return deploy(call, instanceOf(call, row), { reason: 'redeploy', meta });
  },

  deploymentRollback: (call, args) => {
    const row = deploymentMeant(call, args);
    deploy(call, instanceOf(call, row), { reason: 'rollback', meta: { ...object(row, 'meta'), rollbackTo: row.id } });
    return true;
  },

  deploymentInstanceExecutionCreate: (call, args) => {
    const instance = call.need('serviceInstances', text(object(args, 'input'), 'serviceInstanceId'));
    const place = pick(instance, ['serviceId', 'environmentId']);
    const deployment = call.state.find('deployments', { ...place, status: 'SUCCESS' });
    if (deployment === undefined) throw new Error('Deployment not found');
    const at = call.state.now();
    const fields = {
      deploymentId: deployment.id,
      deploymentMeta: object(deployment, 'meta'),
      status: 'EXITED',
      completedAt: at,
    };
    call.state.insert('executions', { ...place, ...fields });
    return true;
  },

  deploymentTriggerCreate: (call, args) => {
    const input = object(args, 'input');
    const instance = instanceMeant(call, input);
    const row = call.state.insert('deploymentTriggers', {
      checkSuites: false,
      rootDirectory: null,
      ...input,
      validCheckSuites: 0,
      baseEnvironmentOverrideId: null,
    });
    call.state.update('serviceInstances', instance.id, { source: { image: null, repo: text(input, 'repository') } });
    return row;
  },

  deploymentTriggerUpdate: (call, args) => {
    const row = call.need('deploymentTriggers', text(args, 'id'));
    return call.state.update('deploymentTriggers', row.id, object(args, 'input'));
  },

  deploymentTriggerDelete: removal('deploymentTriggers'),

  baseEnvironmentOverride: (call, args) => {
    const row = call.need('deploymentTriggers', text(args, 'id'));
    call.state.update('deploymentTriggers', row.id, {
      baseEnvironmentOverrideId: object(args, 'input')['baseEnvironmentOverrideId'] ?? null,
    });
    return true;
  },
};

function deploymentMeant(call: Call, args: JsonObject): Row {
  return call.need('deployments', text(args, 'id'));
}

function instanceOf(call: Call, deployment: Row): Row {
  return call.needWhere('serviceInstances', pick(deployment, ['serviceId', 'environmentId']));
}

function run(call: Call, deployment: Row, status: string): void {
  call.state.update('deployments', deployment.id, {
    status,
    deploymentStopped: false,
    instances: [{ id: call.state.mint(), status: 'RUNNING' }],
    statusUpdatedAt: call.state.now(),
  });
}
