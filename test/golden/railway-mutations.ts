/**
 * What each of Railway's 230 mutations does to somebody who did not mean it, from the published schema and documentation alone.
 * Written down before the catalogue and apart from it: the tests hold the gate to these lists, not to its own classes.
 */
const lists = {
  read: `cliAuthEventTrack cliEventTrack cloudAgentStateReport egressGatewayHAMigrationPreview
    environmentPreviewChangeSet setupAgentEventTrack`,
  create: `bucketCreate cloudAgentCreate customDomainCreate deploymentTriggerCreate dockerComposeImport
    egressGatewayAssociationCreate environmentCreate githubRepoDeploy jobApplicationCreate notificationRuleCreate
    observabilityDashboardCreate pluginCreate privateNetworkCreateOrGet privateNetworkEndpointCreateOrGet
    projectCreate railwayDomainDnsRecordCreate sandboxCheckpointCreate sandboxCreate sandboxTemplateBuild
    serviceCreate serviceDomainCreate serviceDuplicate signalCreate templateClone templateDeploy templateDeployV2
    templateGenerate templateServiceSourceEject upsertSlackChannel volumeCreate volumeInstanceBackupCreate
    volumeInstancePITRRestore workspaceUpsertSlackChannel`,
  modify: `agentUsageLimitSet baseEnvironmentOverride bucketUpdate canvasViewMerge clearPitrHaWorkflowProgress
    cloudAgentWake customDomainIssueCertificate customDomainUpdate customerCreateFreePlanSubscription
    customerTogglePayoutsToCredits deploymentInstanceExecutionCreate deploymentRedeploy deploymentRestart
    deploymentRollback deploymentTriggerUpdate egressGatewayUpgradeToHA enablePitrForHaCluster enableServiceCdn
    environmentRename environmentStageChanges environmentTriggersDeploy environmentUnskipService featureFlagAdd
    featureFlagRemove githubRepoUpdate herokuImportVariables notificationDeliveriesMarkAsRead notificationRuleUpdate
    observabilityDashboardUpdate pluginRestart pluginStart pluginUpdate preferencesUpdate
    privateNetworkEndpointRename projectFeatureFlagAdd projectFeatureFlagRemove projectScheduleDeleteCancel
    projectUpdate railwayDomainDnsRecordUpdate railwayDomainUpdate referralInfoUpdate sandboxCheckpointRename
    sandboxExec sandboxHeartbeat serviceConnect serviceDomainUpdate serviceFeatureFlagAdd serviceFeatureFlagRemove
    serviceInstanceAutoDeployUpdate serviceInstanceDeploy serviceInstanceDeployV2 serviceInstanceLimitsUpdate
    serviceInstanceRedeploy serviceInstanceUpdate serviceInstanceVulnRemediationDismiss
    serviceInstanceVulnRemediationPatchNow serviceUpdate setServiceUnderAttackMode sharedVariableConfigure
    signalDefaultSet signalRollback signalRuleSet templateVolumeUpdate trustedDomainRetriggerVerification
    updateServiceEdgeConfig updateServiceEdgeRules usageLimitRemove usageLimitSet userBetaLeave
    userDiscordDisconnect userFlagsRemove userFlagsSet userProfileUpdate variableCollectionUpsert variableUpsert
    volumeInstanceBackupLock volumeInstanceBackupScheduleUpdate volumeInstanceUpdate volumeUpdate workspaceUpdate`,
  'destructive-reversible': `cancelPitrHaWorkflow cloudAgentSleep customDomainDelete deploymentCancel deploymentRemove deploymentStop
    deploymentTriggerDelete disablePitrForHaCluster disableServiceCdn egressGatewayRollbackFromHA integrationDelete
    notificationRuleDelete observabilityDashboardReset privateNetworkEndpointDelete projectScheduleDelete
    purgeServiceCache railwayDomainDnsRecordDelete serviceDisconnect serviceDomainDelete serviceRemoveUpstreamUrl
    signalReplace signalRuleUnset tcpProxyDelete templateUnpublish variableDelete`,
  'destructive-irreversible': `cloudAgentDelete egressGatewayAssociationsClear environmentApplyChangeSet environmentDelete
    environmentPatchCommit environmentPatchCommitStaged pluginDelete pluginReset privateNetworksForEnvironmentDelete
    projectDelete projectScheduleDeleteForce sandboxCheckpointDelete sandboxDestroy serviceDelete signalDelete
    templateDelete templateRevert userDelete volumeDelete volumeInstanceBackupDelete volumeInstanceBackupRestore
    workspaceDelete`,
  'privilege-or-credential': `apiTokenCreate apiTokenDelete botScopeBindingRemove bucketCredentialsReset deploymentApprove emailChangeConfirm
    emailChangeInitiate fairUseAgree generateShellToken integrationCreate integrationUpdate inviteCodeUse
    loginSessionAuth loginSessionCancel loginSessionConsume loginSessionCreate loginSessionVerify passkeyDelete
    pluginResetCredentials projectClaim projectInvitationAccept projectInvitationCreate projectInvitationDelete
    projectInvitationResend projectInviteUser projectLeave projectMemberAdd projectMemberRemove projectMemberUpdate
    projectTokenCreate projectTokenDelete projectTransfer projectTransferConfirm projectTransferInitiate
    projectTransferToTeam providerAuthRemove railwayDomainNameserversSet recoveryCodeGenerate recoveryCodeValidate
    sessionDelete sshPublicKeyCreate sshPublicKeyDelete sshSignupApprove tcpProxyCreate templatePublish
    trustedDomainCreate trustedDomainDelete trustedDomainUpdate twoFactorInfoCreate twoFactorInfoDelete
    twoFactorInfoSecret twoFactorInfoValidate userTermsUpdate webhookTest workspaceInviteCodeCreate
    workspaceInviteCodeUse workspaceLeave workspacePermissionChange workspacePolicyDeploySourceAllowlistAdd
    workspacePolicyDeploySourceAllowlistRemove workspacePolicyItemUpdate workspaceTwoFactorEnforcementUpdate
    workspaceUserInvite workspaceUserRemove`,
} as const;

export type ProposedClass = keyof typeof lists;

/** Class → its mutations. */
export const mutationsByClass: { readonly [name in ProposedClass]: readonly string[] } = {
  read: namesIn(lists.read),
  create: namesIn(lists.create),
  modify: namesIn(lists.modify),
  'destructive-reversible': namesIn(lists['destructive-reversible']),
  'destructive-irreversible': namesIn(lists['destructive-irreversible']),
  'privilege-or-credential': namesIn(lists['privilege-or-credential']),
};

/** Mutation → its class. */
export const classOfMutation: ReadonlyMap<string, ProposedClass> = new Map(
  (Object.keys(mutationsByClass) as ProposedClass[]).flatMap((name) =>
    mutationsByClass[name].map((mutation) => [mutation, name] as const),
  ),
);

function namesIn(list: string): readonly string[] {
  return list.split(/\s+/);
}
