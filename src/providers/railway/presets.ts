import { mutationRows, operationName } from './catalogue.ts';
import { sights } from './classes/queries.ts';

const mutations = (...names: readonly string[]): readonly string[] =>
  names.map((name) => operationName('mutation', name));
const queries = (...names: readonly string[]): readonly string[] => names.map((name) => operationName('query', name));

const always = queries('__typename', '__schema', '__type');
/** What every tool asks first: which projects, environments and services there are. */
const inventory = [
  ...always,
  ...queries('apiToken', 'environments', 'me', 'project', 'projects', 'service', 'workspace'),
];
const logs = queries(
  'buildLogs',
  'deployment',
  'deploymentEvents',
  'deploymentLogs',
  'deployments',
  'environmentLogs',
  'httpLogs',
);

const readable = [...sights].flatMap(([name, sight]) => (sight === 'account' ? [] : [name]));

/** Words people use → the operations that they mean. */
export const presets: { readonly [name: string]: readonly string[] } = {
  'railway:domains': [
    ...mutations('customDomainCreate', 'customDomainDelete', 'customDomainIssueCertificate', 'customDomainUpdate'),
    ...always,
    ...queries('customDomain', 'customDomainAvailable', 'domainStatus', 'domains'),
  ],
  'railway:read': [...always, ...queries(...readable)],
  'railway:variables': [
    ...mutations('variableCollectionUpsert', 'variableDelete', 'variableUpsert'),
    ...inventory,
    ...queries('environment', 'variables', 'variablesForServiceDeployment'),
  ],
  'railway:deploy': [
    ...mutations(
      'deploymentCancel',
      'deploymentRedeploy',
      'deploymentRestart',
      'deploymentRollback',
      'deploymentStop',
      'environmentTriggersDeploy',
      'serviceInstanceDeploy',
      'serviceInstanceDeployV2',
      'serviceInstanceRedeploy',
    ),
    ...inventory,
    ...logs,
    ...queries('environment', 'serviceInstance'),
  ],
  'railway:all': [
    ...mutations(...Object.keys(mutationRows), '__typename'),
    ...queries(...sights.keys(), 'projectInviteCode'),
  ],
};
