import { type Json, list, maybeInt, maybeText, object, pick, type Row, text } from '../json.ts';
import { type Call, removal, type Resolvers } from '../world.ts';

/** Sandboxes and cloud agents: machines with a disk of their own, which is gone with them. */
export const workloadMutations: Resolvers = {
  sandboxCreate: (call, args) => {
    const input = object(args, 'input');
    call.need('environments', text(input, 'environmentId'));
    const source = maybeText(input, 'sourceSandboxId');
    const disk = source === null ? [] : list(call.need('sandboxes', source), 'disk');
    return call.state.insert('sandboxes', {
      ...pick(input, ['environmentId', 'idleTimeoutMinutes', 'variables', 'template']),
      networkIsolation: maybeText(input, 'networkIsolation') ?? 'ISOLATED',
      region: maybeText(input, 'region') ?? 'us-west2',
      status: 'RUNNING',
      disk,
    });
  },
  sandboxDestroy: (call, args) => {
    const row = sandboxMeant(call, args);
    call.state.remove('sandboxes', row.id);
    return { ...row, status: 'DESTROYED' };
  },
  /** Nothing is run: the command is kept as what the machine's disk has seen. */
  sandboxExec: (call, args) => {
    const row = sandboxMeant(call, args);
    const command = text(args, 'command');
    call.state.insert('sandboxCommands', { sandboxId: row.id, command, timeoutSec: maybeInt(args, 'timeoutSec') });
    call.state.update('sandboxes', row.id, { disk: [...list(row, 'disk'), command] });
    return { exitCode: 0, stdout: '', stderr: 'not simulated: output', timedOut: false, truncated: false };
  },
  sandboxHeartbeat: (call, args) => {
    const row = sandboxMeant(call, args);
    const beats = (maybeInt(row, 'beats') ?? 0) + 1;
    return call.state.update('sandboxes', row.id, { beats, heartbeatAt: call.state.now() });
  },
  sandboxCheckpointCreate: (call, args) => {
    const environmentId = text(args, 'environmentId');
    const sandbox = call.needWhere('sandboxes', { id: text(args, 'sandboxId'), environmentId });
    const disk: readonly Json[] = list(sandbox, 'disk');
    return call.state.insert('sandboxCheckpoints', {
      environmentId,
      sandboxId: sandbox.id,
      key: text(args, 'name'),
      disk,
    });
  },
  sandboxCheckpointRename: (call, args) => {
    const row = checkpointMeant(call, args);
    return call.state.update('sandboxCheckpoints', row.id, { key: text(args, 'name') });
  },
  sandboxCheckpointDelete: (call, args) => {
    call.state.remove('sandboxCheckpoints', checkpointMeant(call, args).id);
    return true;
  },
  sandboxTemplateBuild: (call, args) => {
    const environment = call.need('environments', text(args, 'environmentId'));
    const template = object(args, 'input');
    return call.state.insert('sandboxTemplateBuilds', { environmentId: environment.id, template, status: 'READY' });
  },

  cloudAgentCreate: (call, args) => {
    const input = object(args, 'input');
    const environment = call.need('environments', text(input, 'environmentId'));
    return call.state.insert('cloudAgents', {
      name: maybeText(input, 'name') ?? 'agent',
      environmentId: environment.id,
      projectId: text(environment, 'projectId'),
      variables: input['variables'] ?? {},
      status: 'RUNNING',
      domain: null,
      domains: [],
      consoleTargetId: null,
    });
  },
  cloudAgentSleep: (call, args) => agentTo(call, text(args, 'id'), 'SLEEPING'),
  cloudAgentWake: (call, args) => agentTo(call, text(args, 'id'), 'RUNNING'),
  cloudAgentDelete: removal('cloudAgents'),
  cloudAgentStateReport: (call, args) => {
    const input = object(args, 'input');
    const row = call.need('cloudAgents', text(input, 'cloudAgentId'));
    call.state.insert('agentStates', {
      cloudAgentId: row.id,
      environmentId: text(row, 'environmentId'),
      agents: list(input, 'agents'),
      reportedAt: text(input, 'reportedAt'),
    });
    call.state.update('cloudAgents', row.id, { sessions: list(input, 'agents') });
    return true;
  },

  notificationRuleCreate: (call, args) => {
    const input = object(args, 'input');
    call.need('workspaces', text(input, 'workspaceId'));
    return call.state.insert('notificationRules', {
      severities: [],
      ephemeralEnvironments: null,
      ...pick(input, ['workspaceId', 'projectId', 'eventTypes', 'severities', 'ephemeralEnvironments']),
      channels: channels(call, input),
    });
  },
  notificationRuleUpdate: (call, args) => {
    const row = call.need('notificationRules', text(args, 'id'));
    const input = object(args, 'input');
    return call.state.update('notificationRules', row.id, {
      ...pick(input, ['eventTypes', 'severities', 'ephemeralEnvironments']),
      ...(input['channelConfigs'] === undefined ? {} : { channels: channels(call, input) }),
    });
  },
  notificationRuleDelete: removal('notificationRules'),

  observabilityDashboardCreate: (call, args) => {
    const input = object(args, 'input');
    const environment = call.need('environments', text(input, 'environmentId'));
    call.state.insert('dashboards', { environmentId: environment.id, items: list(input, 'items') });
    return true;
  },
  observabilityDashboardUpdate: (call, args) => {
    const row = call.need('dashboards', text(args, 'id'));
    call.state.update('dashboards', row.id, { items: list(args, 'input') });
    return true;
  },
  observabilityDashboardReset: (call, args) => {
    const row = call.need('dashboards', text(args, 'id'));
    call.state.update('dashboards', row.id, { items: [] });
    return true;
  },
};

function sandboxMeant(call: Call, args: Parameters<typeof text>[0]): Row {
  return call.needWhere('sandboxes', { id: text(args, 'id'), environmentId: text(args, 'environmentId') });
}

function checkpointMeant(call: Call, args: Parameters<typeof text>[0]): Row {
  return call.needWhere('sandboxCheckpoints', { id: text(args, 'id'), environmentId: text(args, 'environmentId') });
}

function agentTo(call: Call, id: string, status: string): Row {
  return call.state.update('cloudAgents', call.need('cloudAgents', id).id, { status });
}

function channels(call: Call, input: Parameters<typeof text>[0]): readonly Json[] {
  const workspaceId = maybeText(input, 'workspaceId') ?? '';
  const at = call.state.now();
  return list(input, 'channelConfigs').map((config) => ({
    id: call.state.mint(),
    config,
    workspaceId,
    createdAt: at,
    updatedAt: at,
  }));
}
