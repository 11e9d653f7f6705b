/**
 * How far a query sees, and so how its environments are found.
 * - `open`: nothing of anybody's environment
 * - `inventory`: starts above the environments; passes for ids, names and states, counts as every environment for more
 * - `environment`: the environment that it names
 * - `maybe`: the environment that it names; every one when it names none
 * - `deployment`, `volume-instance`, `custom-domain`, `patch`: the environment of the thing that it names
 * - `account`: above the environments and more than inventory, so it counts as every one of them
 */
export type Sight =
  | 'open'
  | 'inventory'
  | 'environment'
  | 'maybe'
  | 'deployment'
  | 'volume-instance'
  | 'custom-domain'
  | 'patch'
  | 'account';

const bySight = {
  open: `__schema __type __typename allPlatformFeatureFlags auditLogEventTypeInfo changelogBlockImage customDomainAvailable
    functionRuntime functionRuntimes gitHubRepoAccessAvailable githubIsRepoNameAvailable githubRepo githubRepoBranches
    githubRepos githubWritableScopes platformStatus publicStats regions serviceDomainAvailable template templateMetrics
    templateSearch templates templatesCount workflowStatus`,
  inventory: `apiToken environments me project projects projectsByIds service workspace`,
  environment: `bucketInstanceDetails bucketS3Credentials cloudAgent cloudAgents deploymentTriggers dnsQueryLogs domains
    egressGatewayHAPreview egressGatewayLegacyPreview egressGateways environment environmentChangeSetApply
    environmentHasLegacyStaticEgress environmentLogs environmentPatches environmentStagedChanges httpDurationMetrics
    httpMetrics httpMetricsGroupedByStatus networkFlowLogs observabilityDashboards pitrHaClusterReplicationHealth
    pitrHaWorkflowProgress pluginLogs privateNetworkEndpoint privateNetworkEndpointNameAvailable privateNetworks sandbox
    sandboxCheckpoints sandboxSessions sandboxTemplateBuild sandboxes serviceInstance serviceInstanceAutoDeployStatus
    serviceInstanceIsUpdatable serviceInstanceLimitOverride serviceInstanceLimits tcpProxies validateServiceEdgeRules
    variables variablesForServiceDeployment deploymentInstanceExecutions`,
  maybe: `deployments events metrics`,
  deployment: `buildLogs deployment deploymentEvents deploymentLogs deploymentSessions deploymentSnapshot httpLogs`,
  'volume-instance': `volumeInstance volumeInstanceBackupList volumeInstanceBackupScheduleList`,
  'custom-domain': `customDomain domainStatus`,
  patch: `environmentPatch`,
  account: `adminVolumeInstancesForVolume agentUsage apiTokens auditLog auditLogs botScopeBindings canvasViewMergePreview
    cloudAgentConsoleSessions
    complianceAgreements estimatedUsage externalWorkspaces gitHubSshKeys githubPRInfo githubPRInfoResult herokuApps
    integrationAuth integrationAuths integrations inviteCode myCloudAgents notificationDeliveries notificationDelivery
    notificationRules passkeys plugin preferences projectCompliance projectInvitation projectInvitations projectMembers
    projectResourceAccess projectServiceUsage projectToken projectTokens projectWorkspaceMembers railwayDomain
    railwayDomainByName railwayDomainDnsRecords railwayDomains referralInfo resourceAccess sessions signal signalChanges
    signalEvaluate signals sshPublicKeys sshSignupInfo team teamTemplates templateSourceForProject trustedDomains
    twoFactorInfo usage userKickbackEarnings userProfile userTemplates vercelInfo workspaceByCode
    workspaceIdentityProviders workspacePolicy workspacePolicySelectableDeploySources workspaceTemplates`,
} as const satisfies { readonly [sight in Sight]: string };

/** Query → how far it sees. `projectInviteCode` is not among them: asking for a code makes one. */
export const sights: ReadonlyMap<string, Sight> = new Map(
  (Object.keys(bySight) as Sight[]).flatMap((sight) =>
    bySight[sight].split(/\s+/).map((name) => [name, sight] as const),
  ),
);

/** Queries that do more than read. */
export const mintingQueries: ReadonlyMap<string, string> = new Map([
  ['projectInviteCode', 'makes a code that lets everybody in who has it'],
]);
