import { type JsonObject, pick, type Row, text } from './json.ts';
import { addEndpoint, addGateway, addNetwork } from './mutations/network.ts';
import { addPatch } from './mutations/patch.ts';
import { newBucketCredentials } from './mutations/resource.ts';
import type { Named } from './seeded.ts';
import type { Call } from './world.ts';

interface Parts {
  readonly environment: Row;
  readonly postgres: Row;
  readonly counter: Row;
  readonly ledger: Row;
  readonly worker: Row;
}

/** The smaller things of one environment, each of them something a mutation of the schema can be aimed at. */
export function seedWorkshop(call: Call, parts: Parts): Named {
  return {
    ...seedDeployments(call, parts),
    ...seedNetwork(call, parts),
    ...seedMachines(call, parts),
    ...seedClusters(call, parts),
    ...seedRest(call, parts),
  };
}

function seedDeployments(call: Call, { environment, postgres, counter, ledger }: Parts): Named {
  const projectId = text(environment, 'projectId');
  const add = (instance: Row, status: string, minutesAgo: number): Row => {
    const at = new Date(Date.parse(call.state.now()) - minutesAgo * 60_000).toISOString();
    const running = status === 'SUCCESS';
    const row = call.state.insert('deployments', {
      projectId,
      ...pick(instance, ['serviceId', 'environmentId']),
      status,
      meta: { commitMessage: `${text(instance, 'serviceName')} ${minutesAgo}`, branch: 'main' },
      canRedeploy: true,
      canRollback: true,
      deploymentStopped: status === 'REMOVED',
      creatorId: null,
      snapshotId: call.state.mint(),
      instances: running ? [{ id: call.state.mint(), status: 'RUNNING' }] : [],
      statusUpdatedAt: at,
      createdAt: at,
      updatedAt: at,
    });
    const tags = {
      deploymentId: row.id,
      serviceId: text(instance, 'serviceId'),
      environmentId: environment.id,
      projectId,
    };
    for (const [phase, message] of [
      ['build', 'build finished'],
      ['deploy', 'listening on 8080'],
    ] as const) {
      const place = { environmentId: environment.id, deploymentId: row.id };
      call.state.insert('logs', { ...place, timestamp: at, severity: 'info', phase, message, attributes: [], tags });
    }
    return row;
  };
  add(postgres, 'SUCCESS', 90_000);
  add(ledger, 'SUCCESS', 90_000);
  return {
    previousDeploymentId: add(counter, 'REMOVED', 3000).id,
    deploymentId: add(counter, 'SUCCESS', 1500).id,
    waitingDeploymentId: add(counter, 'NEEDS_APPROVAL', 20).id,
    buildingDeploymentId: add(counter, 'BUILDING', 1).id,
  };
}

function seedNetwork(call: Call, { environment, postgres, counter, ledger }: Parts): Named {
  const place = { projectId: text(environment, 'projectId'), environmentId: environment.id };
  const network = addNetwork(call, { ...place, name: 'default', tags: [] });
  addEndpoint(call, postgres, network, { serviceName: 'postgres', tags: [] });
  const endpoint = addEndpoint(call, counter, network, { serviceName: 'counter', tags: [] });
  addGateway(call, counter, 'us-west2', null);
  for (const zone of ['a', 'b']) addGateway(call, ledger, 'us-west2', zone);
  call.state.insert('edgeConfigs', {
    ...pick(counter, ['serviceId', 'environmentId']),
    enabled: true,
    caching: {
      defaultTtlSeconds: 3600,
      htmlCaching: 'off',
      mode: 'standard',
      purgeOnDeploy: 'HTML',
      staleWhileRevalidate: { enabled: false },
    },
    edgeRules: { rules: [{ path: '/assets/*', ttlSeconds: 86_400 }] },
    overrides: {},
    purgeEpoch: 3,
    purgeEpochByKind: { ALL: 3 },
    underAttackModeUntil: null,
  });
  return { privateNetworkId: text(network, 'publicId'), privateNetworkEndpointId: text(endpoint, 'publicId') };
}

function seedMachines(call: Call, { environment }: Parts): Named {
  const environmentId = environment.id;
  const projectId = text(environment, 'projectId');
  const sandbox = call.state.insert('sandboxes', {
    environmentId,
    idleTimeoutMinutes: 30,
    networkIsolation: 'ISOLATED',
    region: 'us-west2',
    status: 'RUNNING',
    disk: ['npm ci'],
  });
  const checkpoint = call.state.insert('sandboxCheckpoints', {
    environmentId,
    sandboxId: sandbox.id,
    key: 'after-install',
    disk: ['npm ci'],
  });
  const agent = (name: string, status: string): Row =>
    call.state.insert('cloudAgents', {
      environmentId,
      projectId,
      name,
      status,
      domains: [],
      sessions: [],
      variables: {},
    });
  return {
    sandboxId: sandbox.id,
    sandboxCheckpointId: checkpoint.id,
    cloudAgentId: agent('night-shift', 'RUNNING').id,
    sleepingCloudAgentId: agent('day-shift', 'SLEEPING').id,
  };
}

/** `ledger` is a cluster with point-in-time recovery and a workflow under way; `postgres` once had one that is done. */
function seedClusters(call: Call, { environment, postgres, ledger }: Parts): Named {
  const environmentId = environment.id;
  const projectId = text(environment, 'projectId');
  call.state.insert('pitrClusters', { environmentId, rootServiceId: text(ledger, 'serviceId'), enabled: true });
  const add = (instance: Row, direction: string, phase: string) => {
    const at = call.state.now();
    call.state.insert('pitrWorkflows', {
      environmentId,
      projectId,
      rootServiceId: text(instance, 'serviceId'),
      direction,
      phase,
      members: [],
      clusterMutated: phase === 'DONE',
      startedAt: at,
      completedAt: phase === 'DONE' ? at : null,
      workflowId: call.state.mint(),
    });
  };
  add(ledger, 'ENABLE', 'ROLLING_REPLICAS');
  add(postgres, 'DISABLE', 'DONE');
  const place = { serviceId: text(postgres, 'serviceId'), environmentId };
  call.state.insert('vulnerabilityNotices', { ...place, advisory: 'CVE-2026-0001', scheduledFor: call.state.now() });
  return {};
}

function seedRest(call: Call, { environment, counter }: Parts): Named {
  const environmentId = environment.id;
  const projectId = text(environment, 'projectId');
  const variables: JsonObject = { FEATURE_PICKUP: { value: 'off' } };
  const patch = addPatch(
    call,
    environment,
    'STAGED',
    { services: { [text(counter, 'serviceId')]: { variables } } },
    null,
  );
  call.state.insert('canvasViews', {
    environmentId,
    layout: { zoom: text(environment, 'name') === 'production' ? 1 : 2, [environmentId]: { x: 0, y: 0 } },
  });
  const dashboard = call.state.insert('dashboards', {
    environmentId,
    items: [
      {
        id: call.state.mint(),
        displayConfig: { x: 0, y: 0, w: 6, h: 4 },
        dashboardItem: {
          id: call.state.mint(),
          name: 'CPU of the counter',
          type: 'SERVICE_METRICS_ITEM',
          config: { measurements: ['CPU_USAGE'], resourceIds: [text(counter, 'serviceId')] },
        },
      },
    ],
  });
  const bucket = call.state.insert('buckets', {
    projectId,
    environmentId,
    name: `receipts-${text(environment, 'name')}`,
    region: 'us-west2',
    groupId: null,
    objectCount: 1204,
    sizeBytes: 88_112_034,
  });
  newBucketCredentials(call, bucket, environmentId);
  const plugin = call.state.insert('plugins', {
    projectId,
    environmentId,
    name: 'redis',
    friendlyName: `sessions-${text(environment, 'name')}`,
    status: 'STOPPED',
    rows: 311,
    password: call.state.mint(),
    logsEnabled: true,
    deletedAt: null,
  });
  return { environmentPatchId: patch.id, dashboardId: dashboard.id, bucketId: bucket.id, pluginId: plugin.id };
}
