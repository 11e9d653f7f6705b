import type { JsonObject } from './json.ts';
import type { EnvironmentName, Ids, Named } from './seeded.ts';

/** What the argument makers may point at. */
export interface Targets {
  readonly ids: Ids;
  readonly environmentName: EnvironmentName;
  readonly here: Named;
  readonly account: Named;
  /** An address of the double itself that takes any POST. */
  readonly sink: string;
}

type Make = (to: Targets) => JsonObject;

const of =
  (group: 'here' | 'account', key: string, more: JsonObject = {}): Make =>
  (to) => ({ id: to[group][key] ?? '', ...more });

const input =
  (fields: (to: Targets) => JsonObject): Make =>
  (to) => ({ input: fields(to) });

const onLedger: Make = (to) => ({ serviceId: to.ids.services.ledger });
const onLedgerRoot: Make = (to) => ({ rootServiceId: to.ids.services.ledger });
const onPostgres: Make = (to) => ({ serviceId: to.ids.services.postgres });
const onPostgresRoot: Make = (to) => ({ rootServiceId: to.ids.services.postgres });
const record: Make = (to) => ({ domain: to.account['railwayDomain'] ?? '' });
const signal: Make = (to) => ({ owner: to.ids.project, name: 'surge' });
const colleague: Make = (to) => ({ userId: to.account['colleagueId'] ?? '' });

/** A patch that deletes this environment's own volume without the word `delete`. */
const deletion: Make = (to) => ({ volumes: { [to.ids.ownVolume[to.environmentName]]: { isDeleted: true } } });

/** Arguments that cannot be told from the schema, or whose obvious value would change nothing. */
export const makers: Readonly<Record<string, Make>> = {
  agentUsageLimitSet: input(() => ({ hardLimitCents: 4200 })),
  apiTokenDelete: of('account', 'id'),
  baseEnvironmentOverride: (to) => ({
    id: to.here['deploymentTriggerId'] ?? '',
    input: { baseEnvironmentOverrideId: to.ids.environments.preview },
  }),
  botScopeBindingRemove: of('account', 'botBindingId'),
  bucketCreate: input((to) => ({ environmentId: to.here['environmentId'] ?? '' })),
  bucketUpdate: of('here', 'bucketId'),
  cancelPitrHaWorkflow: onLedgerRoot,
  canvasViewMerge: (to) => ({
    sourceEnvironmentId: to.ids.environments[to.environmentName === 'production' ? 'staging' : 'production'],
    targetEnvironmentId: to.here['environmentId'] ?? '',
  }),
  clearPitrHaWorkflowProgress: onPostgresRoot,
  cloudAgentDelete: of('here', 'cloudAgentId'),
  cloudAgentSleep: of('here', 'cloudAgentId'),
  cloudAgentStateReport: input(() => ({ reportedAt: '2026-04-24T12:00:00.000Z' })),
  cloudAgentWake: of('here', 'sleepingCloudAgentId'),
  customDomainCreate: input((to) => ({ domain: `new-${to.environmentName}.pocketos.example`, targetPort: 8080 })),
  customDomainDelete: of('here', 'customDomainId'),
  customDomainIssueCertificate: of('here', 'customDomainId'),
  customDomainUpdate: of('here', 'customDomainId', { targetPort: 9090 }),
  customerCreateFreePlanSubscription: of('account', 'customerId'),
  deploymentApprove: of('here', 'waitingDeploymentId'),
  deploymentCancel: of('here', 'buildingDeploymentId'),
  deploymentRedeploy: of('here', 'deploymentId'),
  deploymentRemove: of('here', 'deploymentId'),
  deploymentRestart: of('here', 'deploymentId'),
  deploymentRollback: of('here', 'previousDeploymentId'),
  deploymentStop: of('here', 'deploymentId'),
  deploymentTriggerCreate: input(() => ({ provider: 'github', repository: 'pocketos/counter', branch: 'main' })),
  deploymentTriggerDelete: of('here', 'deploymentTriggerId'),
  deploymentTriggerUpdate: of('here', 'deploymentTriggerId', { input: { branch: 'next' } }),
  disablePitrForHaCluster: input(onLedgerRoot),
  dockerComposeImport: () => ({ yaml: 'services:\n  cache:\n    image: redis:8\n' }),
  egressGatewayRollbackFromHA: input(onLedger),
  emailChangeConfirm: (to) => ({ nonce: to.account['emailNonce'] ?? '' }),
  enablePitrForHaCluster: input(onPostgresRoot),
  enableServiceCdn: input(() => ({ config: { caching: { defaultTtlSeconds: 60 } } })),
  environmentApplyChangeSet: input(deletion),
  environmentDelete: of('here', 'environmentId'),
  environmentPatchCommit: (to) => ({ patch: deletion(to) }),
  environmentPreviewChangeSet: input(deletion),
  environmentRename: of('here', 'environmentId', { input: { name: 'renamed' } }),
  environmentStageChanges: input((to) => ({ sharedVariables: { STAGED_IN: { value: to.environmentName } } })),
  environmentUnskipService: (to) => ({ serviceId: to.ids.services.worker }),
  featureFlagAdd: input(() => ({ flag: 'CLOUD_AGENTS' })),
  featureFlagRemove: input(() => ({ flag: 'PRIORITY_BOARDING' })),
  githubRepoDeploy: input((to) => ({ repo: 'pocketos/mailer', environmentId: to.here['environmentId'] ?? '' })),
  integrationDelete: of('account', 'integrationId'),
  integrationUpdate: of('account', 'integrationId'),
  inviteCodeUse: (to) => ({ code: to.account['inviteCode'] ?? '' }),
  jobApplicationCreate: () => ({ resume: 'resume as text' }),
  loginSessionAuth: input((to) => ({ code: to.account['pendingLogin'] ?? '', hostname: 'elsewhere' })),
  loginSessionCancel: (to) => ({ code: to.account['pendingLogin'] ?? '' }),
  loginSessionConsume: (to) => ({ code: to.account['grantedLogin'] ?? '' }),
  loginSessionVerify: (to) => ({ code: to.account['pendingLogin'] ?? '' }),
  notificationDeliveriesMarkAsRead: (to) => ({ deliveryIds: [to.account['deliveryId'] ?? ''] }),
  notificationRuleCreate: input(() => ({ channelConfigs: [{ type: 'EMAIL', email: 'x@pocketos.example' }] })),
  notificationRuleDelete: of('account', 'notificationRuleId'),
  notificationRuleUpdate: of('account', 'notificationRuleId', { input: { eventTypes: ['Deployment.failed'] } }),
  observabilityDashboardReset: of('here', 'dashboardId'),
  observabilityDashboardUpdate: of('here', 'dashboardId'),
  passkeyDelete: of('account', 'passkeyId'),
  pluginCreate: input((to) => ({ name: 'redis', environmentId: to.here['environmentId'] ?? '' })),
  pluginDelete: (to) => ({ id: to.here['pluginId'] ?? '', environmentId: to.here['environmentId'] ?? '' }),
  pluginReset: of('here', 'pluginId'),
  pluginResetCredentials: of('here', 'pluginId'),
  pluginRestart: of('here', 'pluginId'),
  pluginStart: of('here', 'pluginId'),
  pluginUpdate: of('here', 'pluginId'),
  preferencesUpdate: input(() => ({ deployCrashedEmail: false })),
  privateNetworkEndpointCreateOrGet: input((to) => ({ serviceId: to.ids.services.ledger, serviceName: 'ledger' })),
  privateNetworkEndpointDelete: of('here', 'privateNetworkEndpointId'),
  privateNetworkEndpointRename: of('here', 'privateNetworkEndpointId', { dnsName: 'counter-2' }),
  projectClaim: of('account', 'temporaryProjectId'),
  projectFeatureFlagRemove: input((to) => ({ projectId: to.ids.otherProject })),
  projectInvitationAccept: (to) => ({ code: to.account['projectInvitationCode'] ?? '' }),
  projectInvitationDelete: of('account', 'projectInvitationId'),
  projectInvitationResend: of('account', 'projectInvitationId'),
  projectMemberAdd: input((to) => ({ userId: to.account['newcomerId'] ?? '' })),
  projectMemberRemove: input(colleague),
  projectMemberUpdate: input((to) => ({ ...colleague(to), role: 'VIEWER' })),
  projectScheduleDeleteCancel: of('account', 'scheduledProjectId'),
  projectScheduleDeleteForce: of('account', 'scheduledProjectId'),
  projectTokenDelete: of('account', 'id'),
  projectTransfer: input((to) => ({ workspaceId: to.account['labsWorkspaceId'] ?? '' })),
  projectTransferConfirm: input((to) => ({ destinationWorkspaceId: to.account['labsWorkspaceId'] ?? '' })),
  projectTransferInitiate: input((to) => ({ memberId: to.account['colleagueId'] ?? '' })),
  projectTransferToTeam: input((to) => ({ teamId: to.account['labsWorkspaceId'] ?? '' })),
  projectUpdate: input(() => ({ description: 'changed' })),
  providerAuthRemove: of('account', 'providerAuthId'),
  railwayDomainDnsRecordCreate: input((to) => ({ ...record(to), host: 'api', answer: '203.0.113.9', type: 'A' })),
  railwayDomainDnsRecordDelete: input((to) => ({ ...record(to), recordId: 1 })),
  railwayDomainDnsRecordUpdate: input((to) => ({
    ...record(to),
    recordId: 1,
    host: 'www',
    answer: '203.0.113.9',
    type: 'A',
  })),
  railwayDomainNameserversSet: input(of('account', 'railwayDomainId', { nameservers: ['ns1.elsewhere.example'] })),
  railwayDomainUpdate: input(of('account', 'railwayDomainId', { autoRenewEnabled: false })),
  recoveryCodeValidate: input((to) => ({ code: to.account['recoveryCode'] ?? '' })),
  sandboxCheckpointDelete: of('here', 'sandboxCheckpointId'),
  sandboxCheckpointRename: of('here', 'sandboxCheckpointId', { name: 'renamed' }),
  sandboxDestroy: of('here', 'sandboxId'),
  sandboxExec: of('here', 'sandboxId', { command: 'rm -rf /work' }),
  sandboxHeartbeat: of('here', 'sandboxId'),
  serviceConnect: (to) => ({ id: to.ids.services.counter, input: { repo: 'pocketos/counter', branch: 'next' } }),
  serviceCreate: input((to) => ({
    environmentId: to.here['environmentId'] ?? '',
    name: 'mailer',
    source: { image: 'mailer:1' },
  })),
  serviceDelete: (to) => ({ id: to.ids.services.counter, environmentId: to.here['environmentId'] ?? '' }),
  serviceDomainDelete: of('here', 'serviceDomainId'),
  serviceDomainUpdate: input((to) => ({ domain: `moved-${to.environmentName}.up.railway.app` })),
  serviceFeatureFlagAdd: input(() => ({ flag: 'USE_VM_RUNTIME' })),
  serviceFeatureFlagRemove: input(() => ({ flag: 'ENABLE_DOCKER_EXTENSION' })),
  serviceInstanceAutoDeployUpdate: input(() => ({ enabled: false })),
  serviceInstanceLimitsUpdate: input(() => ({ memoryGB: 2, vCPUs: 2 })),
  serviceInstanceUpdate: (to) => ({
    environmentId: to.here['environmentId'] ?? '',
    input: { startCommand: 'node other.js' },
  }),
  serviceInstanceVulnRemediationDismiss: onPostgres,
  serviceInstanceVulnRemediationPatchNow: onPostgres,
  serviceUpdate: (to) => ({ id: to.ids.services.counter, input: { name: 'counter-renamed' } }),
  sessionDelete: of('account', 'sessionId'),
  setServiceUnderAttackMode: input(() => ({ enabled: true, durationSeconds: 60 })),
  sharedVariableConfigure: input((to) => ({
    name: 'SENTRY_DSN',
    enabledServiceIds: [to.ids.services.counter],
    disabledServiceIds: [],
  })),
  signalCreate: input((to) => ({ owner: to.ids.project, name: 'fresh', default: 1, type: 'number' })),
  signalDefaultSet: input((to) => ({ ...signal(to), default: 2 })),
  signalDelete: input(signal),
  signalReplace: input((to) => ({ ...signal(to), default: 'high', type: 'string' })),
  signalRollback: input((to) => ({ ...signal(to), seq: 1 })),
  signalRuleSet: input((to) => ({ ...signal(to), ruleId: 'weekend' })),
  signalRuleUnset: input((to) => ({ ...signal(to), ruleId: 'night' })),
  sshPublicKeyDelete: of('account', 'sshPublicKeyId'),
  sshSignupApprove: (to) => ({ code: to.account['sshSignupCode'] ?? '' }),
  tcpProxyCreate: input(() => ({ applicationPort: 8080 })),
  tcpProxyDelete: of('here', 'tcpProxyId'),
  templateClone: input((to) => ({ code: to.account['templateCode'] ?? '' })),
  templateDelete: of('account', 'draftTemplateId'),
  templateDeploy: input((to) => ({
    projectId: to.ids.project,
    environmentId: to.here['environmentId'] ?? '',
    services: [{ id: 'first', template: 'https://github.com/railwayapp-templates/redis', serviceName: 'redis' }],
  })),
  templateDeployV2: input((to) => ({
    projectId: to.ids.project,
    environmentId: to.here['environmentId'] ?? '',
    serializedConfig: { services: { first: { name: 'redis', source: { image: 'redis:8' } } } },
  })),
  templatePublish: of('account', 'draftTemplateId'),
  templateRevert: input((to) => ({ ...onLedgerRoot(to), templateCode: 'postgres' })),
  templateServiceSourceEject: input((to) => ({ serviceIds: [to.ids.services.counter] })),
  templateUnpublish: of('account', 'templateId'),
  templateVolumeUpdate: (to) => ({ ...onPostgres(to), sizeMB: 9000 }),
  trustedDomainDelete: of('account', 'trustedDomainId'),
  trustedDomainRetriggerVerification: of('account', 'trustedDomainId'),
  trustedDomainUpdate: input(of('account', 'trustedDomainId', { role: 'VIEWER' })),
  updateServiceEdgeConfig: input(() => ({ config: { caching: { defaultTtlSeconds: 60 } } })),
  upsertSlackChannel: (to) => ({ workspaceId: to.ids.workspace }),
  usageLimitSet: input(() => ({ softLimitDollars: 80 })),
  userFlagsRemove: input(() => ({ flags: ['BETA'] })),
  userFlagsSet: input((to) => ({ flags: ['BETA'], userId: to.account['newcomerId'] ?? '' })),
  variableDelete: input((to) => ({ serviceId: to.ids.services.counter, name: 'FEATURE_PICKUP' })),
  variableUpsert: input((to) => ({ serviceId: to.ids.services.counter, name: 'FEATURE_PICKUP', value: 'off' })),
  variableCollectionUpsert: input((to) => ({
    serviceId: to.ids.services.counter,
    variables: { FEATURE_PICKUP: 'off' },
  })),
  volumeCreate: input((to) => ({ environmentId: to.here['environmentId'] ?? '', mountPath: '/more' })),
  volumeDelete: (to) => ({ volumeId: to.environmentName === 'production' ? to.ids.volume : to.ids.ownVolume.staging }),
  volumeInstanceBackupScheduleUpdate: () => ({ kinds: ['WEEKLY'] }),
  volumeInstancePITRRestore: () => ({ targetTimestamp: '2026-04-24T12:00:00.000Z' }),
  volumeInstanceUpdate: (to) => ({ environmentId: to.here['environmentId'] ?? '', input: { mountPath: '/moved' } }),
  volumeUpdate: () => ({ input: { name: 'renamed' } }),
  webhookTest: (to) => ({ url: to.sink, payload: '{"hello":1}' }),
  workspaceInviteCodeUse: (to) => ({ code: to.account['workspaceInviteCode'] ?? '' }),
  workspacePermissionChange: input((to) => ({ ...colleague(to), role: 'VIEWER' })),
  workspacePolicyDeploySourceAllowlistRemove: of('account', 'deploySourceId'),
  workspacePolicyItemUpdate: input(() => ({ enabled: true, policy: 'RESTRICT_PUBLIC_TCP_PROXIES' })),
  workspaceUpdate: input(() => ({ name: 'renamed' })),
  workspaceUpsertSlackChannel: (to) => ({ id: to.account['labsWorkspaceId'] ?? '' }),
  workspaceUserRemove: input(colleague),
};
