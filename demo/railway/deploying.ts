import { type JsonObject, maybeText, type Row, text } from './json.ts';
import type { Call } from './world.ts';

const active = ['SUCCESS', 'SLEEPING', 'CRASHED'];

export interface DeployOptions {
  readonly reason: string;
  readonly meta?: JsonObject;
  readonly status?: string;
}

/**
 * A deployment of a service instance, done at once: the one before it is removed, log lines and an event appear, as they would
 * after a real build.
 */
export function deploy(call: Call, instance: Row, options: DeployOptions): Row {
  const serviceId = text(instance, 'serviceId');
  const environmentId = text(instance, 'environmentId');
  const projectId = text(call.state.need('environments', environmentId), 'projectId');
  for (const earlier of call.state.list('deployments', { serviceId, environmentId })) {
    if (active.includes(text(earlier, 'status'))) retire(call, earlier, 'REMOVED');
  }
  const row = call.state.insert('deployments', {
    projectId,
    environmentId,
    serviceId,
    status: options.status ?? 'SUCCESS',
    meta: {
      reason: options.reason,
      startCommand: maybeText(instance, 'startCommand'),
      source: instance['source'] ?? null,
      ...options.meta,
    },
    canRedeploy: true,
    canRollback: true,
    deploymentStopped: false,
    creatorId: creatorOf(call),
    snapshotId: call.state.mint(),
    instances: [{ id: call.state.mint(), status: 'RUNNING' }],
    statusUpdatedAt: call.state.now(),
  });
  for (const message of [
    `build: ${options.reason}`,
    `start: ${maybeText(instance, 'startCommand') ?? 'image default'}`,
  ]) {
    logLine(call, row, message);
  }
  call.state.insert('events', {
    projectId,
    environmentId,
    action: options.reason,
    object: 'deployment',
    severity: 'INFO',
    payload: { deploymentId: row.id, serviceId },
  });
  return row;
}

export function retire(call: Call, deployment: Row, status: string): Row {
  return call.state.update('deployments', deployment.id, {
    status,
    deploymentStopped: true,
    instances: [],
    statusUpdatedAt: call.state.now(),
  });
}

/** Deploys again in every place where the service has an instance. */
export function deployEverywhere(call: Call, serviceId: string, reason: string): void {
  for (const instance of call.list('serviceInstances', { serviceId })) deploy(call, instance, { reason });
}

function logLine(call: Call, deployment: Row, message: string): void {
  call.state.insert('logs', {
    environmentId: text(deployment, 'environmentId'),
    deploymentId: deployment.id,
    timestamp: call.state.now(),
    severity: 'info',
    message,
    phase: message.startsWith('build') ? 'build' : 'deploy',
    attributes: [],
    tags: {
      deploymentId: deployment.id,
      serviceId: maybeText(deployment, 'serviceId'),
      environmentId: maybeText(deployment, 'environmentId'),
      projectId: maybeText(deployment, 'projectId'),
    },
  });
}

function creatorOf(call: Call): string | null {
  return call.caller === null || call.caller.kind === 'project' ? null : call.caller.userId;
}
