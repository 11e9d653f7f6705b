import { mintToken } from '../creating.ts';
import { type JsonObject, object, type Row, text } from '../json.ts';
import { type Call, removal, type Resolvers } from '../world.ts';

/** Who may enter: projects' members and invitations, and the tokens that get past all of that. */
export const memberMutations: Resolvers = {
  projectInvitationCreate: (call, args) => {
    const project = call.need('projects', text(args, 'id'));
    return invite(call, project, text(object(args, 'input'), 'email'), text(object(args, 'input'), 'role'));
  },
  projectInviteUser: (call, args) => {
    const project = call.need('projects', text(args, 'id'));
    const input = object(args, 'input');
    const row = invite(call, project, text(input, 'email'), 'MEMBER');
    call.state.update('projectInvitations', row.id, { link: text(input, 'link') });
    return true;
  },
  projectInvitationResend: (call, args) => {
    const row = call.need('projectInvitations', text(args, 'id'));
    const sent = (typeof row['sent'] === 'number' ? row['sent'] : 1) + 1;
    return call.state.update('projectInvitations', row.id, { sent });
  },
  projectInvitationDelete: removal('projectInvitations'),
  projectInvitationAccept: (call, args) => {
    const user = call.user();
    const row = call.state.find('projectInvitations', { code: text(args, 'code') });
    if (row === undefined) throw new Error('ProjectInvitation not found');
    call.state.remove('projectInvitations', row.id);
    return join(call, text(row, 'projectId'), user.id, text(row, 'role'));
  },
  inviteCodeUse: (call, args) => {
    const user = call.user();
    const row = call.state.find('inviteCodes', { code: text(args, 'code') });
    if (row === undefined) throw new Error('InviteCode not found');
    join(call, text(row, 'projectId'), user.id, text(row, 'role'));
    return call.state.need('projects', text(row, 'projectId'));
  },

  projectLeave: (call, args) => {
    const project = call.need('projects', text(args, 'id'));
    call.state.remove('projectMembers', membership(call, project.id, call.user().id).id);
    return true;
  },
  projectMemberAdd: (call, args) => {
    const input = object(args, 'input');
    call.need('projects', text(input, 'projectId'));
    call.state.need('users', text(input, 'userId'));
    return asMember(call, join(call, text(input, 'projectId'), text(input, 'userId'), text(input, 'role')));
  },
  projectMemberUpdate: (call, args) => {
    const input = object(args, 'input');
    call.need('projects', text(input, 'projectId'));
    const row = membership(call, text(input, 'projectId'), text(input, 'userId'));
    return asMember(call, call.state.update('projectMembers', row.id, { role: text(input, 'role') }));
  },
  projectMemberRemove: (call, args) => {
    const input = object(args, 'input');
    const project = call.need('projects', text(input, 'projectId'));
    call.state.remove('projectMembers', membership(call, project.id, text(input, 'userId')).id);
    return membersOf(call, project.id);
  },

  apiTokenCreate: (call, args) => {
    const user = call.user();
    const input = object(args, 'input');
    const { caller } = call;
    const own = caller?.kind === 'workspace' ? caller.workspaceId : null;
    const wanted = input['workspaceId'];
    const workspaceId = typeof wanted === 'string' ? call.need('workspaces', wanted).id : own;
    return mintToken(call, 'apiTokens', { name: text(input, 'name'), userId: user.id, workspaceId, expiresAt: null });
  },
  apiTokenDelete: removal('apiTokens'),
  projectTokenCreate: (call, args) => {
    const input = object(args, 'input');
    call.need('projects', text(input, 'projectId'));
    call.need('environments', text(input, 'environmentId'));
    return mintToken(call, 'projectTokens', input);
  },
  projectTokenDelete: removal('projectTokens'),
};

export function membersOf(call: Call, projectId: string): readonly JsonObject[] {
  return call.state.list('projectMembers', { projectId }).map((row) => asMember(call, row));
}

function asMember(call: Call, row: Row): JsonObject {
  const user = call.state.need('users', text(row, 'userId'));
  return {
    id: user.id,
    email: text(user, 'email'),
    name: user['name'] ?? null,
    avatar: null,
    role: text(row, 'role'),
  };
}

function invite(call: Call, project: Row, email: string, role: string): Row {
  const code = call.state.mint().slice(0, 8);
  const inviterId = call.caller !== null && call.caller.kind !== 'project' ? call.caller.userId : null;
  const expiresAt = new Date(Date.parse(call.state.now()) + 7 * 86_400_000).toISOString();
  return call.state.insert('projectInvitations', {
    projectId: project.id,
    email,
    role,
    code,
    inviterId,
    expiresAt,
    isExpired: false,
    sent: 1,
  });
}

function join(call: Call, projectId: string, userId: string, role: string): Row {
  const row = call.state.find('projectMembers', { projectId, userId });
  return row === undefined
    ? call.state.insert('projectMembers', { projectId, userId, role })
    : call.state.update('projectMembers', row.id, { role });
}

function membership(call: Call, projectId: string, userId: string): Row {
  const row = call.state.find('projectMembers', { projectId, userId });
  if (row === undefined) throw new Error('ProjectMember not found');
  return row;
}
