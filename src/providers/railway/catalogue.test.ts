import { isObjectType } from 'graphql';
import { describe, expect, it } from 'vitest';
import { catalogueOf, mutationRows, rowOf } from './catalogue.ts';
import { mintingQueries, sights } from './classes/queries.ts';
import { pins } from './pins.gen.ts';
import { presets } from './presets.ts';
import { railwaySchema } from './schema.ts';
import { isSecret } from './secrets.ts';
import { pinnedSignatures } from './signatures.ts';

const schema = railwaySchema();
const catalogue = catalogueOf(schema);
const fieldsOf = (kind: 'Mutation' | 'Query'): readonly string[] => {
  const type = schema.getType(kind);
  return isObjectType(type) ? Object.keys(type.getFields()) : [];
};

/** What the incident's research calls irreversible, by name. */
const irreversible22 =
  `cloudAgentDelete egressGatewayAssociationsClear environmentApplyChangeSet environmentDelete environmentPatchCommit
  environmentPatchCommitStaged pluginDelete pluginReset privateNetworksForEnvironmentDelete projectDelete projectScheduleDeleteForce
  sandboxCheckpointDelete sandboxDestroy serviceDelete signalDelete templateDelete templateRevert userDelete volumeDelete
  volumeInstanceBackupDelete volumeInstanceBackupRestore workspaceDelete`.split(/\s+/);

/** The 25 that research proposed as reversible: only these truly are, with what they overwrite captured. */
const proposedReversible =
  `cancelPitrHaWorkflow cloudAgentSleep customDomainDelete deploymentCancel deploymentRemove deploymentStop
  deploymentTriggerDelete disablePitrForHaCluster disableServiceCdn egressGatewayRollbackFromHA integrationDelete notificationRuleDelete
  observabilityDashboardReset privateNetworkEndpointDelete projectScheduleDelete purgeServiceCache railwayDomainDnsRecordDelete
  serviceDisconnect serviceDomainDelete serviceRemoveUpstreamUrl signalReplace signalRuleUnset tcpProxyDelete templateUnpublish
  variableDelete`.split(/\s+/);

describe('K6: the catalogue covers the published schema', () => {
  it('K6 has 230 mutations, 152 queries, 13 subscriptions, each with a class', () => {
    expect(fieldsOf('Mutation')).toHaveLength(230);
    expect(fieldsOf('Query')).toHaveLength(152);
    expect(catalogue).toHaveLength(230 + 152 + 13 + 4);
    expect(catalogue.filter((one) => one.reversibility === 'unknown').map((one) => one.operation)).toEqual([]);
    expect(new Set(catalogue.map((one) => one.operation)).size).toBe(catalogue.length);
  });

  it('K6 classifies nothing that the schema does not have', () => {
    expect(Object.keys(mutationRows).filter((name) => !fieldsOf('Mutation').includes(name))).toEqual([]);
    const introspection = ['__schema', '__type', '__typename'];
    expect([...sights.keys(), ...mintingQueries.keys()].filter((name) => !fieldsOf('Query').includes(name))).toEqual(
      introspection,
    );
  });

  it('K6 every signature, input field and enum value was there when the classes were given', () => {
    // What stands here is new and nobody judged it: read it, give it a class, then pin (tools/railway-catalogue.ts).
    const now = pinnedSignatures(schema);
    expect(now.filter((line) => !pins.includes(line))).toEqual([]);
    expect(pins.filter((line) => !now.includes(line))).toEqual([]);
    expect(pins.length).toBeGreaterThan(1000);
  });

  it('K2 an operation that nobody classified is unknown and denied', () => {
    expect(rowOf('mutation', 'volumeObliterate')).toBeUndefined();
    expect(rowOf('query', 'toString')).toBeUndefined();
    expect(rowOf('mutation', 'constructor')).toBeUndefined();
  });

  it('K3 a query whose environment is taken from an argument has that argument, required', () => {
    for (const [name, sight] of sights) {
      if (sight !== 'environment' || name === 'environment') continue;
      const field = schema.getQueryType()?.getFields()[name];
      const types = new Map(field?.args.map((argument) => [argument.name, argument.type.toString()]));
      const required = /^(?:String|ID)!$/.test(types.get('environmentId') ?? '');
      const byInput =
        (types.get('input') ?? '').endsWith('Input!') &&
        pins.includes(`${(types.get('input') ?? '').slice(0, -1)}.environmentId: String!`);
      expect([name, required || byInput]).toEqual([name, true]);
    }
  });
});

describe('classes', () => {
  it.each(irreversible22)('K2 %s is irreversible', (name) => {
    expect(rowOf('mutation', name)?.[0]).toBe('irreversible');
  });

  it('U1 of the 25 proposed as reversible, only what has a true inverse is', () => {
    expect(proposedReversible.filter((name) => rowOf('mutation', name)?.[0] === 'reversible')).toEqual([
      'observabilityDashboardReset',
      'variableDelete',
    ]);
    expect(rowOf('mutation', 'projectScheduleDelete')?.[0]).toBe('recoverable');
  });

  it('C4 what mints a credential or widens a privilege says so, and is irreversible', () => {
    const minting =
      /Token(?:Create|s)?$|sshPublicKey|ssh|Invite|Member|apiToken|projectToken|Transfer|trustedDomain|twoFactor|recovery|passkey|loginSession|providerAuth|workspacePolicy|Credentials/;
    const rows = Object.entries(mutationRows).filter(([name]) => minting.test(name));
    expect(rows.length).toBeGreaterThan(40);
    for (const [name, [reversibility, , , ...traits]] of rows) {
      expect([name, reversibility]).toEqual([name, 'irreversible']);
      expect([name, traits.includes('credential') || traits.includes('privilege')]).toEqual([name, true]);
    }
    expect(rowOf('query', 'projectInviteCode')?.[0]).toBe('irreversible');
  });

  it('B4 what weakens a backup or the alarm about it says so', () => {
    const names = [
      'volumeInstanceBackupDelete',
      'volumeInstanceBackupRestore',
      'volumeDelete',
      'disablePitrForHaCluster',
      'preferencesUpdate',
      'notificationRuleUpdate',
      'notificationRuleDelete',
      'notificationDeliveriesMarkAsRead',
    ];
    for (const name of names) expect([name, rowOf('mutation', name)?.includes('weakens-backup')]).toEqual([name, true]);
  });

  it('E4 what runs code says so', () => {
    const deploys = Object.keys(mutationRows).filter(
      (name) => /Deploy(?:V2)?$|Redeploy|Restart$|Exec$/.test(name) && !name.startsWith('plugin'),
    );
    for (const name of deploys) expect([name, rowOf('mutation', name)?.includes('runs-code')]).toEqual([name, true]);
  });
});

describe('presets', () => {
  it('C2 railway:domains admits the four customDomain mutations of the 230 and no other', () => {
    const mutations = (presets['railway:domains'] ?? []).filter((name) => !name.startsWith('railway:query.'));
    expect(mutations.toSorted()).toEqual([
      'railway:customDomainCreate',
      'railway:customDomainDelete',
      'railway:customDomainIssueCertificate',
      'railway:customDomainUpdate',
    ]);
  });

  it('C2 railway:read admits no write', () => {
    expect((presets['railway:read'] ?? []).filter((name) => !name.startsWith('railway:query.'))).toEqual([]);
    expect(presets['railway:read']).not.toContain('railway:query.projectInviteCode');
  });

  it('C2 every preset names operations of the catalogue only', () => {
    const known = new Set(catalogue.map((one) => one.operation));
    for (const [preset, operations] of Object.entries(presets))
      expect([preset, operations.filter((name) => !known.has(name))]).toEqual([preset, []]);
  });
});

describe('secrets', () => {
  /** Fields that sound like secrets, looked at: none of them lets anybody in. */
  const harmless = new Set(
    `AdoptionInfo.numConfigFile AdoptionInfo.numIconConfig AdoptionInfo.numVariables CustomDomainStatus.verificationToken
    DeploymentEvent.payload Environment.configEtag Environment.variables ObservabilityDashboardItem.config ObservabilityDashboardItemInstance.displayConfig
    ObservabilityDashboardMonitor.config PlanLimitOverride.config Plugin.variables Service.hasHiddenRegistryCredentialsFromTemplate ServiceInstance.railwayConfigFile
    ServiceInstance.edgeConfig Template.canvasConfig Template.config Template.serializedConfig TemplateService.config TwoFactorInfo.hasRecoveryCodes User.apiTokenRateLimit
    Workspace.apiTokenRateLimit Team.apiTokenRateLimit RailwayDomain.nameservers ApiTokenRateLimit.remainingTokens Passkey.credentialId
    Query.apiToken Query.apiTokens Query.projectToken Query.projectTokens Query.environmentPatch Query.environmentPatches Mutation.apiTokenDelete Mutation.projectTokenDelete
    Mutation.environmentPatchCommit Mutation.environmentPatchCommitStaged Mutation.herokuImportVariables Mutation.recoveryCodeValidate Mutation.sharedVariableConfigure
    Mutation.updateServiceEdgeConfig Subscription.environmentStagedPatch ChangeSetApplyResult.stagedPatchId Mutation.serviceInstanceVulnRemediationPatchNow Query.inviteCode`.split(
      /\s+/,
    ),
  );

  it('C4 every field that sounds like a secret is masked, or was looked at', () => {
    const sounds =
      /token|secret|password|credential|accesskey|recovery|variables|config$|payload|patch|otpauth|^uri$|invitecode$/i;
    const open: string[] = [];
    for (const type of Object.values(schema.getTypeMap())) {
      if (!isObjectType(type) || type.name.startsWith('__')) continue;
      for (const field of Object.values(type.getFields())) {
        const named = field.type.toString().replace(/[[\]!]/g, '');
        const coordinate = `${type.name}.${field.name}`;
        const inside = schema.getType(named);
        const onlyInside = isObjectType(inside) && /Connection$|RateLimit$/.test(named);
        if (
          sounds.test(field.name) &&
          !onlyInside &&
          !['Boolean', 'Int', 'Float'].includes(named) &&
          !isSecret(coordinate, named) &&
          !harmless.has(coordinate)
        )
          open.push(coordinate);
      }
    }
    expect(open).toEqual([]);
  });
});
