import type { Double } from '../../demo/railway/double.ts';
import type { JsonObject } from '../../src/model/json.ts';

/** Arguments with which a mutation does no more than what can be taken back, where the usual ones do more. */
export interface Kindest {
  readonly variables?: (double: Double) => JsonObject;
  /** Brings the double into the state from which it can be taken back. */
  readonly before?: (double: Double) => void;
}

const graceMs = 48 * 3_600_000;

export const kindestCalls: { readonly [operation: string]: Kindest } = {
  egressGatewayAssociationCreate: {
    variables: ({ ids }) => ({
      input: { serviceId: ids.services.postgres, environmentId: ids.environments.production },
    }),
  },
  enableServiceCdn: {
    before: ({ state, ids }) => {
      const edge = state.find('edgeConfigs', { environmentId: ids.environments.production });
      if (edge !== undefined) state.update('edgeConfigs', edge.id, { enabled: false });
    },
    variables: ({ ids }) => ({
      input: { serviceId: ids.services.counter, environmentId: ids.environments.production },
    }),
  },
  // Nothing but the new project is to go when its 48 hours are over.
  projectCreate: { before: ({ state, ids }) => unscheduled(state, ids.account['scheduledProjectId'] ?? '') },
  projectScheduleDeleteCancel: {
    before: ({ state, ids }) => {
      const deletedAt = new Date(Date.parse(state.now()) + graceMs).toISOString();
      state.update('projects', ids.project, { deletedAt });
    },
    variables: ({ ids }) => ({ id: ids.project }),
  },
  serviceConnect: {
    before: ({ state, ids }) => {
      for (const { id } of state.list('serviceInstances', { serviceId: ids.services.worker }))
        state.update('serviceInstances', id, { source: null });
    },
    variables: ({ ids }) => ({ id: ids.services.worker, input: { image: 'pocketos/worker:2' } }),
  },
  volumeInstanceBackupScheduleUpdate: { variables: () => ({ kinds: ['DAILY', 'WEEKLY'] }) },
};

function unscheduled(state: Double['state'], id: string): void {
  state.update('projects', id, { deletedAt: null });
}

/** What the catalogue calls reversible, and what no arguments make so. */
export const neverInFact: { readonly [operation: string]: string } = {
  volumeInstanceUpdate:
    'every change it makes takes the data from a service, writes the state, or cannot be read back; what is left changes nothing',
};

/** Sent as what comes back as long as Railway's own 48 hours last, and so held: `projectDelete` as well. */
export const forAWhile: { readonly [operation: string]: string } = {
  projectDelete: 'projectScheduleDeleteCancel',
  projectScheduleDelete: 'projectScheduleDeleteCancel',
};

/** Mutation → the mutations that take it back, in the order in which they are sent. */
export const reversibleByUs: { readonly [operation: string]: string } = {
  baseEnvironmentOverride: 'baseEnvironmentOverride',
  bucketUpdate: 'bucketUpdate',
  cloudAgentCreate: 'cloudAgentDelete',
  customDomainCreate: 'customDomainDelete',
  customDomainUpdate: 'customDomainUpdate',
  deploymentRedeploy: 'deploymentRollback',
  deploymentRollback: 'deploymentRollback',
  deploymentTriggerCreate: 'deploymentTriggerDelete',
  deploymentTriggerUpdate: 'deploymentTriggerUpdate',
  egressGatewayAssociationCreate: 'egressGatewayAssociationsClear',
  enableServiceCdn: 'disableServiceCdn',
  environmentCreate: 'environmentDelete',
  environmentRename: 'environmentRename',
  environmentTriggersDeploy: 'deploymentRollback',
  notificationRuleCreate: 'notificationRuleDelete',
  observabilityDashboardReset: 'observabilityDashboardUpdate',
  observabilityDashboardUpdate: 'observabilityDashboardUpdate',
  pluginCreate: 'pluginDelete',
  pluginUpdate: 'pluginUpdate',
  preferencesUpdate: 'preferencesUpdate',
  privateNetworkEndpointCreateOrGet: 'privateNetworkEndpointDelete',
  privateNetworkEndpointRename: 'privateNetworkEndpointRename',
  projectCreate: 'projectScheduleDelete',
  projectScheduleDeleteCancel: 'projectScheduleDelete',
  projectUpdate: 'projectUpdate',
  railwayDomainDnsRecordCreate: 'railwayDomainDnsRecordDelete',
  railwayDomainDnsRecordUpdate: 'railwayDomainDnsRecordUpdate',
  sandboxCheckpointCreate: 'sandboxCheckpointDelete',
  sandboxCheckpointRename: 'sandboxCheckpointRename',
  sandboxCreate: 'sandboxDestroy',
  serviceConnect: 'serviceDisconnect',
  serviceCreate: 'serviceDelete',
  serviceDomainCreate: 'serviceDomainDelete',
  serviceInstanceAutoDeployUpdate: 'serviceInstanceAutoDeployUpdate',
  serviceInstanceDeploy: 'deploymentRollback',
  serviceInstanceDeployV2: 'deploymentRollback',
  serviceInstanceRedeploy: 'deploymentRollback',
  serviceInstanceUpdate: 'serviceInstanceUpdate',
  serviceUpdate: 'serviceUpdate',
  setServiceUnderAttackMode: 'setServiceUnderAttackMode',
  updateServiceEdgeConfig: 'updateServiceEdgeConfig',
  updateServiceEdgeRules: 'updateServiceEdgeRules',
  variableCollectionUpsert: 'variableUpsert',
  variableDelete: 'variableUpsert',
  variableUpsert: 'variableUpsert',
  volumeCreate: 'volumeDelete',
  volumeInstanceBackupCreate: 'volumeInstanceBackupDelete',
  volumeInstanceBackupScheduleUpdate: 'volumeInstanceBackupScheduleUpdate',
  volumeUpdate: 'volumeUpdate',
};
