import { newProject } from './creating.ts';
import { type JsonObject, type Row, text } from './json.ts';
import { newTemplate } from './mutations/template.ts';
import type { Named, Tokens } from './seeded.ts';
import { Call, nextInt, type World } from './world.ts';

export interface People {
  readonly user: Row;
  readonly colleague: Row;
  readonly newcomer: Row;
  readonly workspace: Row;
  readonly labs: Row;
  readonly partners: Row;
  readonly tokens: Pick<Tokens, 'account' | 'domains' | 'workspace' | 'elsewhere'>;
}

/** Who there is: PocketOS's two people, one about to join, another company, and their tokens. */
export function seedPeople(world: World): People {
  const { state } = world;
  const person = (name: string, domain: string): Row =>
    state.insert('users', {
      name,
      email: `${name.toLowerCase()}@${domain}`,
      username: name.toLowerCase(),
      agreedFairUse: false,
      termsAgreedOn: null,
      flags: name === 'Ada' ? [] : ['BETA'],
      featureFlags: ['PRIORITY_BOARDING'],
      has2FA: true,
      twoFactorSecret: 'SEEDEDSECRET',
      recoveryCodes: ['aaaa-1111', 'bbbb-2222'],
      discordId: `discord-${name.toLowerCase()}`,
      profile: { isPublic: false, bio: null, website: null },
      isVerified: true,
      lastLogin: state.now(),
      registrationStatus: 'ONBOARDED',
    });
  const workspaceOf = (name: string, members: readonly Row[]): Row => {
    const row = state.insert('workspaces', {
      name,
      plan: 'PRO',
      has2FAEnforcement: false,
      slackChannelId: null,
      preferredRegion: 'us-west2',
    });
    state.insert('customers', {
      workspaceId: row.id,
      stripeCustomerId: `cus_${state.mint().slice(0, 8)}`,
      state: 'ACTIVE',
      isWithdrawingToCredits: false,
      hasExhaustedFreePlan: true,
      subscriptionIds: [],
    });
    members.forEach((user, at) => {
      state.insert('workspaceMembers', { workspaceId: row.id, userId: user.id, role: at === 0 ? 'ADMIN' : 'MEMBER' });
    });
    return row;
  };
  const user = person('Mira', 'pocketos.example');
  const colleague = person('Jonas', 'pocketos.example');
  const newcomer = person('Ada', 'pocketos.example');
  const stranger = person('Rex', 'rival.example');
  const workspace = workspaceOf('PocketOS', [user, colleague]);
  const labs = workspaceOf('PocketOS Labs', [user]);
  const partners = workspaceOf('Partners', [newcomer]);
  const rival = workspaceOf('Rival Rentals', [stranger]);
  const token = (name: string, owner: Row, workspaceId: string | null): string => {
    const value = state.mint();
    const displayToken = `${value.slice(0, 4)}…`;
    state.insert('apiTokens', { name, userId: owner.id, workspaceId, token: value, displayToken, expiresAt: null });
    return value;
  };
  const tokens = {
    domains: token('custom domains', user, null),
    account: token('mira laptop', user, null),
    workspace: token('ci', user, workspace.id),
    elsewhere: token('rex laptop', stranger, null),
  };
  newProject(new Call(world, { kind: 'account', userId: stranger.id }, 0), rival.id, { name: 'rival-fleet' });
  return { user, colleague, newcomer, workspace, labs, partners, tokens };
}

/** Everything above environments: other projects, the workspace's and the person's own things. */
export function seedAccount(call: Call, people: People, project: Row, services: Named): { readonly ids: Named } {
  return {
    ids: {
      ...seedProjects(call, people, project),
      ...seedWorkspace(call, people, project, services),
      ...seedPerson(call, people, project),
    },
  };
}

function seedProjects(call: Call, people: People, project: Row): Named {
  const { state } = call;
  const add = (name: string, fields: JsonObject): { readonly id: string; readonly environmentId: string } => {
    const row = newProject(call, people.workspace.id, { name, ...fields });
    const environment = state.insert('environments', {
      projectId: row.id,
      name: 'production',
      isEphemeral: false,
      meta: null,
    });
    state.insert('projectMembers', { projectId: row.id, userId: people.user.id, role: 'ADMIN' });
    return { id: row.id, environmentId: environment.id };
  };
  for (const [user, role] of [
    [people.user, 'ADMIN'],
    [people.colleague, 'MEMBER'],
  ] as const) {
    state.insert('projectMembers', { projectId: project.id, userId: user.id, role });
  }
  const fleet = add('fleet-tracker', { featureFlags: ['PLACEHOLDER'] });
  const invitedTo = newProject(call, people.partners.id, { name: 'partner-portal' });
  const due = new Date(Date.parse(state.now()) + 40 * 3_600_000).toISOString();
  const old = add('pocketos-2024', { deletedAt: due });
  const temporary = newProject(call, people.partners.id, { name: 'tryout', isTempProject: true });
  const expiresAt = new Date(Date.parse(state.now()) + 7 * 86_400_000).toISOString();
  const invitation = (to: Row, code: string): Row =>
    state.insert('projectInvitations', {
      projectId: to.id,
      email: 'ada@pocketos.example',
      role: 'MEMBER',
      code,
      inviterId: people.user.id,
      expiresAt,
      isExpired: false,
      sent: 1,
    });
  invitation(invitedTo, 'join-portal');
  state.insert('inviteCodes', { projectId: invitedTo.id, code: 'portal-link', role: 'MEMBER' });
  const transfer = state.insert('projectTransfers', { projectId: project.id, memberId: people.colleague.id });
  const integration = state.insert('integrations', {
    projectId: project.id,
    name: 'doppler',
    config: { project: 'pocketos', config: 'prd' },
  });
  return {
    otherProjectId: fleet.id,
    otherEnvironmentId: fleet.environmentId,
    scheduledProjectId: old.id,
    temporaryProjectId: temporary.id,
    projectInvitationId: invitation(project, 'join-pocketos').id,
    projectInvitationCode: 'join-portal',
    inviteCode: 'portal-link',
    ownershipTransferId: transfer.id,
    integrationId: integration.id,
  };
}

function seedWorkspace(call: Call, people: People, project: Row, services: Named): Named {
  const { state } = call;
  const workspaceId = people.workspace.id;
  const customer = call.needWhere('customers', { workspaceId });
  state.insert('usageLimits', { customerId: customer.id, softLimit: 50, hardLimit: 100, isOverLimit: false });
  state.insert('workspacePolicies', {
    workspaceId,
    restrictDeploysToAllowedSources: false,
    restrictPublicTcpProxies: false,
    restrictRailwayDomainGeneration: false,
  });
  state.insert('referralInfos', { workspaceId, code: 'pocket', status: 'active' });
  state.insert('workspaceInviteCodes', { workspaceId: people.partners.id, role: 'MEMBER', code: 'partners-invite' });
  const source = state.insert('deploySources', {
    workspaceId,
    sourceId: 'pocketos',
    sourceName: 'pocketos',
    sourceType: 'GITHUB_ORG',
    sourceIcon: null,
    addedById: people.user.id,
  });
  const trusted = state.insert('trustedDomains', {
    workspaceId,
    domainName: 'pocketos.example',
    role: 'MEMBER',
    status: 'VERIFIED',
    verificationType: 'dns',
    verificationData: { dnsHost: '_railway.pocketos.example', token: state.mint() },
    attempts: 1,
  });
  const domain = state.insert('railwayDomains', {
    workspaceId,
    domain: 'pocketos-rentals.example',
    status: 'ACTIVE',
    autoRenewEnabled: true,
    purchasePrice: 1200,
    renewalPrice: 1200,
    registrationYears: 1,
    nameservers: { isDefault: true, nameservers: ['ns1.railway.example', 'ns2.railway.example'] },
  });
  state.insert('dnsRecords', {
    workspaceId,
    domain: 'pocketos-rentals.example',
    domainName: 'pocketos-rentals.example',
    recordId: nextInt(state, 'dnsRecords', 'recordId', 1),
    host: 'www',
    fqdn: 'www.pocketos-rentals.example',
    type: 'CNAME',
    answer: 'counter-production.up.railway.app',
    ttl: 300,
    priority: null,
  });
  const rule = state.insert('notificationRules', {
    workspaceId,
    projectId: project.id,
    eventTypes: ['Deployment.crashed', 'VolumeAlert.triggered'],
    severities: ['CRITICAL'],
    ephemeralEnvironments: null,
    channels: [{ id: state.mint(), workspaceId, config: { type: 'EMAIL', email: 'ops@pocketos.example' } }],
  });
  const binding = state.insert('botBindings', {
    workspaceId,
    platform: 'slack',
    scopeId: 'C1',
    scopeType: 'channel',
    scopeName: '#ops',
    canRemove: true,
  });
  const config = { services: { [services['postgres'] ?? '']: { name: 'postgres', volumeMounts: {} } } };
  const draft = newTemplate(call, workspaceId, 'counter-starter', config);
  const published = newTemplate(call, workspaceId, 'rental-stack', config);
  state.update('templates', published.id, {
    status: 'PUBLISHED',
    category: 'Starters',
    description: 'a stack',
    readme: '#',
  });
  seedSignal(call, project, people.user);
  return {
    customerId: customer.id,
    deploySourceId: source.id,
    trustedDomainId: trusted.id,
    railwayDomainId: domain.id,
    railwayDomain: text(domain, 'domain'),
    notificationRuleId: rule.id,
    botBindingId: binding.id,
    draftTemplateId: draft.id,
    templateId: published.id,
    templateCode: text(published, 'code'),
    labsWorkspaceId: people.labs.id,
    colleagueId: people.colleague.id,
    newcomerId: people.newcomer.id,
    userId: people.user.id,
    workspaceInviteCode: 'partners-invite',
  };
}

function seedSignal(call: Call, project: Row, user: Row): void {
  const rules = [{ id: 'night', expression: { hour: { gte: 22 } }, value: 0.5 }];
  const signal = call.state.insert('signals', {
    owner: project.id,
    name: 'surge',
    type: 'number',
    default: 1,
    rules,
    version: 2,
    createdBy: user.id,
    writableBy: [],
  });
  call.state.insert('signalChanges', {
    signalId: signal.id,
    seq: 1,
    kind: 'set',
    payload: rules[0] ?? null,
    prevState: { default: 1, type: 'number', rules: [] },
    authorId: user.id,
  });
}

function seedPerson(call: Call, people: People, project: Row): Named {
  const { state } = call;
  const userId = people.user.id;
  const session = state.insert('sessions', { userId, name: 'Firefox', type: 'BROWSER', isCurrent: false });
  const passkey = state.insert('passkeys', {
    userId,
    displayName: 'yubikey',
    deviceName: 'yubikey',
    credentialId: 'c1',
  });
  const provider = state.insert('providerAuths', { userId, provider: 'github', email: 'mira@pocketos.example' });
  const key = state.insert('sshPublicKeys', {
    userId,
    workspaceId: people.workspace.id,
    name: 'laptop',
    publicKey: 'ssh-ed25519 AAAA mira',
    fingerprint: 'SHA256:seeded',
  });
  const choices = ['buildFailedEmail', 'changelogEmail', 'deployCrashedEmail', 'usageEmail', 'marketingEmail'];
  state.insert('preferences', { userId, ...Object.fromEntries(choices.map((choice) => [choice, true])) });
  state.insert('emailChanges', { userId, newEmail: 'mira@new.example', nonce: 'nonce-1' });
  state.insert('loginSessions', { code: 'pending1', userId: null, verified: false, hostname: null });
  state.insert('loginSessions', { code: 'granted1', userId, verified: true, hostname: 'laptop' });
  state.insert('sshSignups', { code: 'ssh-code', fingerprint: 'SHA256:new', approvedBy: null });
  const event = state.insert('events', {
    projectId: project.id,
    action: 'crashed',
    object: 'deployment',
    severity: 'CRITICAL',
    payload: {},
  });
  const place = { workspaceId: people.workspace.id, projectId: project.id };
  const instance = state.insert('notificationInstances', {
    ...place,
    eventId: event.id,
    eventType: 'Deployment.crashed',
    payload: {},
    severity: 'CRITICAL',
    status: 'ACTIVE',
  });
  const delivery = state.insert('notificationDeliveries', {
    userId,
    notificationInstanceId: instance.id,
    status: 'SENT',
    type: 'INAPP',
    readAt: null,
  });
  return {
    sessionId: session.id,
    passkeyId: passkey.id,
    providerAuthId: provider.id,
    sshPublicKeyId: key.id,
    deliveryId: delivery.id,
    emailNonce: 'nonce-1',
    pendingLogin: 'pending1',
    grantedLogin: 'granted1',
    sshSignupCode: 'ssh-code',
    recoveryCode: 'aaaa-1111',
  };
}
