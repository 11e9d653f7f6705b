import { deploy } from '../deploying.ts';
import { workflow } from '../disks.ts';
import {
  flag,
  int,
  type Json,
  type JsonObject,
  maybeInt,
  maybeText,
  merged,
  object,
  pick,
  type Row,
  text,
} from '../json.ts';
import type { Call, Resolvers } from '../world.ts';
import { instanceMeant } from './service.ts';

/** Buckets, the legacy plugins, the edge in front of services, and point-in-time recovery of clusters. */
export const resourceMutations: Resolvers = {
  bucketCreate: (call, args) => {
    const input = object(args, 'input');
    call.need('projects', text(input, 'projectId'));
    const environmentId = maybeText(input, 'environmentId');
    if (environmentId !== null) call.need('environments', environmentId);
    const name = maybeText(input, 'name') ?? `bucket-${call.state.list('buckets').length + 1}`;
    return call.state.insert('buckets', { groupId: null, region: 'us-west2', environmentId, ...input, name });
  },
  bucketUpdate: (call, args) => {
    const row = call.need('buckets', text(args, 'id'));
    return call.state.update('buckets', row.id, pick(object(args, 'input'), ['name']));
  },
  bucketCredentialsReset: (call, args) => {
    const bucket = call.need('buckets', text(args, 'bucketId'));
    const environment = call.need('environments', text(args, 'environmentId'));
    call.state.removeAll('bucketCredentials', { bucketId: bucket.id, environmentId: environment.id });
    return newBucketCredentials(call, bucket, environment.id);
  },

  pluginCreate: (call, args) => {
    const input = object(args, 'input');
    call.need('projects', text(input, 'projectId'));
    const environmentId = maybeText(input, 'environmentId');
    if (environmentId !== null) call.need('environments', environmentId);
    return call.state.insert('plugins', {
      environmentId: null,
      ...input,
      friendlyName: maybeText(input, 'friendlyName') ?? text(input, 'name'),
      status: 'RUNNING',
      logsEnabled: true,
      rows: 0,
      password: call.state.mint(),
      deletedAt: null,
    });
  },
  pluginUpdate: (call, args) => {
    const row = call.need('plugins', text(args, 'id'));
    return call.state.update('plugins', row.id, pick(object(args, 'input'), ['friendlyName']));
  },
  /** With its data: the rows count as bytes, since it has no files. */
  pluginDelete: (call, args) => {
    const row = pluginMeant(call, args);
    call.world.destroyed(`legacy database ${text(row, 'friendlyName')}`, row.id, { files: 1, bytes: int(row, 'rows') });
    call.state.remove('plugins', row.id);
    return true;
  },
  /** Empties the legacy database. */
  pluginReset: (call, args) => {
    const row = pluginMeant(call, args);
    call.world.destroyed(`rows of ${text(row, 'friendlyName')}`, row.id, { files: 1, bytes: int(row, 'rows') });
    call.state.update('plugins', row.id, { rows: 0, resetAt: call.state.now() });
    return true;
  },
  pluginResetCredentials: (call, args) => {
    const row = pluginMeant(call, args);
    const password = call.state.mint();
    call.state.update('plugins', row.id, { password });
    return password;
  },
  pluginRestart: (call, args) => restarted(call, args),
  pluginStart: (call, args) => {
    restarted(call, args);
    return true;
  },

  enableServiceCdn: (call, args) => {
    const input = object(args, 'input');
    return editEdge(call, input, { enabled: true, ...cachingOf(call, input) });
  },
  disableServiceCdn: (call, args) => {
    editEdge(call, object(args, 'input'), { enabled: false });
    return true;
  },
  updateServiceEdgeConfig: (call, args) => {
    const input = object(args, 'input');
    return editEdge(call, input, cachingOf(call, input));
  },
  updateServiceEdgeRules: (call, args) => {
    const input = object(args, 'input');
    return editEdge(call, input, { edgeRules: input['edgeRules'] ?? null });
  },
  setServiceUnderAttackMode: (call, args) => {
    const input = object(args, 'input');
    const seconds = maybeInt(input, 'durationSeconds') ?? 3600;
    const until = Math.floor(Date.parse(call.state.now()) / 1000) + seconds;
    return editEdge(call, input, { underAttackModeUntil: flag(input, 'enabled') ? until : null });
  },
  purgeServiceCache: (call, args) => {
    const input = object(args, 'input');
    const edge = edgeOf(call, input);
    const byKind = object(edge, 'purgeEpochByKind');
    const scope = text(input, 'scope');
    const purgeEpochByKind = { ...byKind, [scope]: (maybeInt(byKind, scope) ?? 0) + 1 };
    call.state.update('edgeConfigs', edge.id, { purgeEpoch: int(edge, 'purgeEpoch') + 1, purgeEpochByKind });
    return true;
  },

  enablePitrForHaCluster: (call, args) => setPitr(call, object(args, 'input'), 'ENABLE'),
  disablePitrForHaCluster: (call, args) => setPitr(call, object(args, 'input'), 'DISABLE'),
  cancelPitrHaWorkflow: (call, args) => {
    const running = workflowMeant(call, args);
    if (running === undefined || isDone(running)) throw new Error('No workflow is running');
    call.state.remove('pitrWorkflows', running.id);
    return true;
  },
  clearPitrHaWorkflowProgress: (call, args) => {
    const done = workflowMeant(call, args);
    if (done === undefined || !isDone(done)) throw new Error('In-flight workflows cannot be cleared');
    call.state.remove('pitrWorkflows', done.id);
    return true;
  },
};

export function newBucketCredentials(call: Call, bucket: Row, environmentId: string): Row {
  return call.state.insert('bucketCredentials', {
    bucketId: bucket.id,
    environmentId,
    accessKeyId: call.state.mint().replaceAll('-', '').slice(0, 20),
    secretAccessKey: call.state.mint() + call.state.mint(),
    bucketName: text(bucket, 'name'),
    endpoint: 'https://storage.railway.app',
    region: 'auto',
    urlStyle: 'virtual',
  });
}

/** The named legacy database; where an environment is named too, it has to be the one it is in. */
function pluginMeant(call: Call, args: JsonObject): Row {
  const row = call.need('plugins', text(args, 'id'));
  const named = maybeText(args, 'environmentId') ?? maybeText(object(args, 'input'), 'environmentId');
  const own = maybeText(row, 'environmentId');
  if (named !== null && own !== null && named !== own) throw new Error('Plugin not found');
  return row;
}

function restarted(call: Call, args: JsonObject): Row {
  const row = pluginMeant(call, args);
  const restarts = (maybeInt(row, 'restarts') ?? 0) + 1;
  return call.state.update('plugins', row.id, { status: 'RUNNING', restarts });
}

function edgeOf(call: Call, input: JsonObject): Row {
  const instance = instanceMeant(call, input);
  const place = pick(instance, ['serviceId', 'environmentId']);
  return (
    call.state.find('edgeConfigs', place) ??
    call.state.insert('edgeConfigs', {
      ...place,
      enabled: false,
      caching: null,
      edgeRules: null,
      overrides: {},
      purgeEpoch: 0,
      purgeEpochByKind: {},
      underAttackModeUntil: null,
    })
  );
}

function editEdge(call: Call, input: JsonObject, patch: JsonObject): Row {
  return call.state.update('edgeConfigs', edgeOf(call, input).id, patch);
}

function cachingOf(call: Call, input: JsonObject): JsonObject {
  const wanted: Json = object(input, 'config')['caching'] ?? {};
  const before = edgeOf(call, input)['caching'] ?? {
    defaultTtlSeconds: 3600,
    htmlCaching: 'off',
    mode: 'standard',
    purgeOnDeploy: 'HTML',
    staleWhileRevalidate: { enabled: false },
  };
  return { caching: merged(before, wanted) };
}

/** The rolling workflow is done by the time it is named; the archive bucket is kept either way. */
function setPitr(call: Call, input: JsonObject, direction: 'ENABLE' | 'DISABLE'): JsonObject {
  const environmentId = text(input, 'environmentId');
  const rootServiceId = text(input, 'rootServiceId');
  const instance = call.instance(rootServiceId, environmentId);
  const enabled = direction === 'ENABLE';
  const cluster = call.state.find('pitrClusters', { environmentId, rootServiceId });
  if (cluster === undefined) call.state.insert('pitrClusters', { environmentId, rootServiceId, enabled });
  else if (cluster['enabled'] === enabled) throw new Error(enabled ? 'PITR is already on' : 'PITR is already off');
  else call.state.update('pitrClusters', cluster.id, { enabled });
  call.state.removeAll('pitrWorkflows', { environmentId, rootServiceId });
  const at = call.state.now();
  call.state.insert('pitrWorkflows', {
    environmentId,
    rootServiceId,
    projectId: text(input, 'projectId'),
    direction,
    phase: 'DONE',
    members: [],
    clusterMutated: true,
    startedAt: at,
    completedAt: at,
    workflowId: call.state.mint(),
  });
  deploy(call, instance, { reason: `pitr ${direction.toLowerCase()}` });
  return { projectId: text(input, 'projectId'), ...workflow(call, 'pitr', { direction }) };
}

function workflowMeant(call: Call, args: JsonObject): Row | undefined {
  call.instance(text(args, 'rootServiceId'), text(args, 'environmentId'));
  return call.state.find('pitrWorkflows', pick(args, ['environmentId', 'rootServiceId']));
}

function isDone(row: Row): boolean {
  return row['phase'] === 'DONE' || row['phase'] === 'FAILED';
}
