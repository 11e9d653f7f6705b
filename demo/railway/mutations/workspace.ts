import { destroyWorkspace } from '../destroying.ts';
import { int, type JsonObject, list, maybeInt, maybeText, object, pick, type Row, text } from '../json.ts';
import { type Call, removal, type Resolvers } from '../world.ts';

const policyColumns: Readonly<Record<string, string>> = {
  RESTRICT_DEPLOYS_TO_ALLOWED_SOURCES: 'restrictDeploysToAllowedSources',
  RESTRICT_PUBLIC_TCP_PROXIES: 'restrictPublicTcpProxies',
  RESTRICT_RAILWAY_DOMAIN_GENERATION: 'restrictRailwayDomainGeneration',
};

export const workspaceMutations: Resolvers = {
  workspaceUpdate: (call, args) => {
    const row = call.need('workspaces', text(args, 'id'));
    call.state.update('workspaces', row.id, object(args, 'input'));
    return true;
  },
  workspaceDelete: async (call, args) => {
    call.user();
    await destroyWorkspace(call, call.need('workspaces', text(args, 'id')));
    return true;
  },
  workspaceLeave: (call, args) => {
    const workspace = call.need('workspaces', text(args, 'id'));
    call.state.remove('workspaceMembers', memberOf(call, workspace.id, call.user().id).id);
    return true;
  },
  workspaceTwoFactorEnforcementUpdate: (call, args) => {
    const row = call.need('workspaces', text(args, 'workspaceId'));
    call.state.update('workspaces', row.id, { has2FAEnforcement: args['enabled'] === true });
    return true;
  },
  upsertSlackChannel: (call, args) => slack(call, text(args, 'workspaceId')),
  workspaceUpsertSlackChannel: (call, args) => slack(call, text(args, 'id')),

  workspaceInviteCodeCreate: (call, args) => {
    const workspace = call.need('workspaces', text(args, 'workspaceId'));
    const code = call.state.mint().slice(0, 12);
    const role = text(object(args, 'input'), 'role');
    call.state.insert('workspaceInviteCodes', { workspaceId: workspace.id, role, code });
    return code;
  },
  workspaceInviteCodeUse: (call, args) => {
    const invitation = invited(call, text(args, 'code'));
    const workspaceId = text(invitation, 'workspaceId');
    const userId = call.account().id;
    if (call.state.find('workspaceMembers', { workspaceId, userId }) === undefined) {
      call.state.insert('workspaceMembers', { workspaceId, userId, role: text(invitation, 'role') });
    }
    return call.state.need('workspaces', workspaceId);
  },
  workspaceUserInvite: (call, args) => {
    const workspace = call.need('workspaces', text(args, 'workspaceId'));
    const input = object(args, 'input');
    call.state.insert('workspaceInviteCodes', {
      workspaceId: workspace.id,
      role: 'MEMBER',
      code: text(input, 'code'),
      email: text(input, 'email'),
    });
    return true;
  },
  workspaceUserRemove: (call, args) => {
    const workspace = call.need('workspaces', text(args, 'workspaceId'));
    call.state.remove('workspaceMembers', memberOf(call, workspace.id, text(object(args, 'input'), 'userId')).id);
    return true;
  },
  workspacePermissionChange: (call, args) => {
    const input = object(args, 'input');
    const workspace = call.need('workspaces', text(input, 'workspaceId'));
    const member = memberOf(call, workspace.id, text(input, 'userId'));
    call.state.update('workspaceMembers', member.id, pick(input, ['role']));
    return true;
  },

  workspacePolicyItemUpdate: (call, args) => {
    const workspace = call.need('workspaces', text(args, 'workspaceId'));
    const input = { ...pick(args, ['enabled', 'policy']), ...object(args, 'input') };
    const column = policyColumns[text(input, 'policy')];
    if (column === undefined) throw new Error('WorkspacePolicy not found');
    const row = call.needWhere('workspacePolicies', { workspaceId: workspace.id });
    call.state.update('workspacePolicies', row.id, { [column]: input['enabled'] === true });
    return true;
  },
  workspacePolicyDeploySourceAllowlistAdd: (call, args) => {
    const workspace = call.need('workspaces', text(args, 'workspaceId'));
    return call.state.insert('deploySources', {
      workspaceId: workspace.id,
      ...pick(args, ['sourceId', 'sourceType']),
      sourceName: text(args, 'sourceId'),
      sourceIcon: null,
      addedById: call.user().id,
    });
  },
  workspacePolicyDeploySourceAllowlistRemove: removal('deploySources'),

  trustedDomainCreate: (call, args) => {
    const input = object(args, 'input');
    call.need('workspaces', text(input, 'workspaceId'));
    return call.state.insert('trustedDomains', {
      ...input,
      status: 'PENDING',
      verificationType: 'dns',
      verificationData: { dnsHost: `_railway.${text(input, 'domainName')}`, token: call.state.mint() },
      attempts: 1,
    });
  },
  trustedDomainUpdate: (call, args) => {
    const row = call.need('trustedDomains', text(object(args, 'input'), 'id'));
    return call.state.update('trustedDomains', row.id, pick(object(args, 'input'), ['role']));
  },
  trustedDomainDelete: removal('trustedDomains'),
  trustedDomainRetriggerVerification: (call, args) => {
    const row = call.need('trustedDomains', text(args, 'id'));
    return call.state.update('trustedDomains', row.id, { status: 'PENDING', attempts: int(row, 'attempts') + 1 });
  },

  usageLimitSet: (call, args) => {
    const input = object(args, 'input');
    const customer = call.need('customers', text(input, 'customerId'));
    const limits = { softLimit: int(input, 'softLimitDollars'), hardLimit: maybeInt(input, 'hardLimitDollars') };
    setLimit(call, customer, limits);
    return true;
  },
  usageLimitRemove: (call, args) => {
    const customer = call.need('customers', text(object(args, 'input'), 'customerId'));
    if (call.state.removeAll('usageLimits', { customerId: customer.id }).length === 0) {
      throw new Error('UsageLimit not found');
    }
    return true;
  },
  agentUsageLimitSet: (call, args) => {
    const input = object(args, 'input');
    const customer = call.needWhere('customers', { workspaceId: text(input, 'workspaceId') });
    setLimit(call, customer, {
      agentHardLimitCents: int(input, 'hardLimitCents'),
      agentSoftLimitCents: maybeInt(input, 'softLimitCents'),
    });
    return true;
  },
  customerCreateFreePlanSubscription: (call, args) => {
    const row = call.need('customers', text(args, 'id'));
    const subscription = { id: call.state.mint(), status: 'active', plan: 'free' };
    const kept = list(row, 'subscriptionIds');
    call.state.update('customers', row.id, { subscriptionIds: [...kept, subscription], hasExhaustedFreePlan: false });
    return true;
  },
  customerTogglePayoutsToCredits: (call, args) => {
    const row = call.need('customers', text(args, 'customerId'));
    call.state.update('customers', row.id, pick(object(args, 'input'), ['isWithdrawingToCredits']));
    return true;
  },
  referralInfoUpdate: (call, args) => {
    const input = object(args, 'input');
    const row = call.needWhere('referralInfos', { workspaceId: text(input, 'workspaceId') });
    return call.state.update('referralInfos', row.id, pick(input, ['code']));
  },
  botScopeBindingRemove: removal('botBindings'),
};

function slack(call: Call, workspaceId: string): boolean {
  const row = call.need('workspaces', workspaceId);
  if (maybeText(row, 'slackChannelId') === null) {
    call.state.update('workspaces', row.id, { slackChannelId: `C${call.state.mint().slice(0, 8).toUpperCase()}` });
  }
  return true;
}

function memberOf(call: Call, workspaceId: string, userId: string): Row {
  const row = call.state.find('workspaceMembers', { workspaceId, userId });
  if (row === undefined) throw new Error('WorkspaceMember not found');
  return row;
}

function invited(call: Call, code: string): Row {
  const row = call.state.find('workspaceInviteCodes', { code });
  if (row === undefined) throw new Error('Invite code not found');
  return row;
}

function setLimit(call: Call, customer: Row, limits: JsonObject): void {
  const row = call.state.find('usageLimits', { customerId: customer.id });
  if (row !== undefined) call.state.update('usageLimits', row.id, limits);
  else {
    call.state.insert('usageLimits', {
      customerId: customer.id,
      softLimit: 0,
      hardLimit: null,
      isOverLimit: false,
      ...limits,
    });
  }
}
