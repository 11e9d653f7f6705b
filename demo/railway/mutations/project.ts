import { newEnvironment, newProject, newService } from '../creating.ts';
import { destroyProject } from '../destroying.ts';
import { maybeText, object, pick, type Row, text, texts } from '../json.ts';
import type { Call, Resolvers } from '../world.ts';

const graceMs = 48 * 3_600_000;

export const projectMutations: Resolvers = {
  projectCreate: async (call, args) => {
    const input = object(args, 'input');
    const user = call.user();
    const workspace = call.workspace(maybeText(input, 'workspaceId'));
    const project = newProject(call, workspace.id, {
      name: maybeText(input, 'name') ?? `project-${call.state.list('projects').length + 1}`,
      ...pick(input, ['description', 'isPublic', 'prDeploys']),
    });
    call.state.insert('projectMembers', { projectId: project.id, userId: user.id, role: 'ADMIN' });
    const environment = await newEnvironment(call, project, {
      name: maybeText(input, 'defaultEnvironmentName') ?? 'production',
    });
    const repo = object(input, 'repo');
    const name = maybeText(repo, 'fullRepoName');
    if (name !== null) {
      newService(call, {
        projectId: project.id,
        name: name.split('/').at(-1) ?? name,
        source: { repo: name },
        branch: text(repo, 'branch'),
      });
    }
    return call.state.update('projects', project.id, {
      baseEnvironmentId: environment.id,
      primaryEnvironmentId: environment.id,
    });
  },

  projectUpdate: (call, args) => {
    const project = call.need('projects', text(args, 'id'));
    const base = maybeText(object(args, 'input'), 'baseEnvironmentId');
    if (base !== null) call.need('environments', base);
    return call.state.update('projects', project.id, object(args, 'input'));
  },

  projectDelete: async (call, args) => {
    await destroyProject(call, call.need('projects', text(args, 'id')));
    return true;
  },

  projectScheduleDelete: (call, args) => {
    const project = call.need('projects', text(args, 'id'));
    if (project['deletedAt'] !== null) throw new Error('Project is already scheduled for deletion');
    const deletedAt = new Date(Date.parse(call.state.now()) + graceMs).toISOString();
    call.state.update('projects', project.id, { deletedAt });
    return true;
  },

  projectScheduleDeleteCancel: (call, args) => {
    call.state.update('projects', scheduled(call, text(args, 'id')).id, { deletedAt: null });
    return true;
  },

  projectScheduleDeleteForce: async (call, args) => {
    await destroyProject(call, scheduled(call, text(args, 'id')));
    return true;
  },

  projectFeatureFlagAdd: (call, args) => {
    const { project, flags, name } = flagsOf(call, object(args, 'input'));
    call.state.update('projects', project.id, { featureFlags: [...flags, name] });
    return true;
  },
  projectFeatureFlagRemove: (call, args) => {
    const { project, flags } = flagsOf(call, object(args, 'input'));
    call.state.update('projects', project.id, { featureFlags: flags });
    return true;
  },

  projectClaim: (call, args) => {
    call.user();
    const project = call.state.need('projects', text(args, 'id'));
    if (project['isTempProject'] !== true) throw new Error('Project cannot be claimed');
    const workspace = call.need('workspaces', text(args, 'workspaceId'));
    return call.state.update('projects', project.id, { workspaceId: workspace.id, isTempProject: false });
  },

  projectTransfer: (call, args) => {
    move(call, text(args, 'projectId'), text(object(args, 'input'), 'workspaceId'));
    return true;
  },
  projectTransferToTeam: (call, args) => {
    move(call, text(args, 'id'), text(object(args, 'input'), 'teamId'));
    return true;
  },
  projectTransferInitiate: (call, args) => {
    const input = object(args, 'input');
    const project = call.need('projects', text(input, 'projectId'));
    call.state.need('users', text(input, 'memberId'));
    call.state.insert('projectTransfers', { projectId: project.id, memberId: text(input, 'memberId') });
    return true;
  },
  projectTransferConfirm: (call, args) => {
    const input = object(args, 'input');
    const transfer = call.need('projectTransfers', text(input, 'ownershipTransferId'));
    const destination = call.workspace(maybeText(input, 'destinationWorkspaceId'));
    if (transfer['projectId'] !== text(input, 'projectId')) throw new Error('Transfer not found');
    move(call, text(input, 'projectId'), destination.id);
    call.state.remove('projectTransfers', transfer.id);
    return true;
  },

  integrationCreate: (call, args) => {
    const input = object(args, 'input');
    call.need('projects', text(input, 'projectId'));
    return call.state.insert('integrations', input);
  },
  integrationUpdate: (call, args) => {
    const row = call.need('integrations', text(args, 'id'));
    return call.state.update('integrations', row.id, pick(object(args, 'input'), ['config', 'name']));
  },
  integrationDelete: (call, args) => {
    call.state.remove('integrations', call.need('integrations', text(args, 'id')).id);
    return true;
  },
};

/** Projects whose grace is over are gone, whoever asks next. */
export async function endGrace(call: Call): Promise<void> {
  const now = Date.parse(call.state.now());
  for (const project of call.state.list('projects')) {
    const deletedAt = maybeText(project, 'deletedAt');
    if (deletedAt !== null && Date.parse(deletedAt) <= now) await destroyProject(call, project);
  }
}

function scheduled(call: Call, id: string): Row {
  const project = call.need('projects', id);
  if (project['deletedAt'] === null) throw new Error('Project is not scheduled for deletion');
  return project;
}

function move(call: Call, projectId: string, workspaceId: string): void {
  const project = call.need('projects', projectId);
  const workspace = call.need('workspaces', workspaceId);
  call.state.update('projects', project.id, { workspaceId: workspace.id });
}

function flagsOf(call: Call, input: Parameters<typeof text>[0]) {
  const project = call.need('projects', text(input, 'projectId'));
  const name = text(input, 'flag');
  return { project, name, flags: texts(project, 'featureFlags').filter((flag) => flag !== name) };
}
