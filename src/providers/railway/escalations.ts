import { flat, given, isObject, textOf, variableMap, writtenVariables } from './arguments.ts';
import { readPatch } from './patch.ts';
import { holdsCredential, steersCode } from './sensitive.ts';
import type { Trait } from '../../model/action.ts';
import type { Json, JsonObject } from '../../model/json.ts';
import type { Reversibility } from '../../model/reversibility.ts';

/** An argument that changes the effect changes the class (K3). Escalations only ever raise. */
export interface Escalation {
  readonly id: string;
  readonly operations: readonly string[];
  readonly applies: (args: JsonObject, operation: string) => boolean;
  readonly reversibility?: Reversibility;
  readonly traits: readonly Trait[];
  readonly why: string;
}

const patches = ['environmentPatchCommit', 'environmentStageChanges', 'environmentApplyChangeSet'] as const;
const variables = ['variableUpsert', 'variableDelete', 'variableCollectionUpsert'] as const;
const withVariables = ['serviceCreate', 'sandboxCreate', 'sandboxTemplateBuild', 'cloudAgentCreate'] as const;

const patchOf = (args: JsonObject): Json | undefined => args['patch'] ?? args['input'];
const filled = (value: Json | undefined): boolean =>
  Array.isArray(value) ? value.length > 0 : value !== undefined && value !== null;
const isTrue = (name: string) => (args: JsonObject) => flat(args)[name] === true;
const anyGiven =
  (...names: readonly string[]) =>
  (args: JsonObject) =>
    names.some((name) => given(args, name));

/** Variables of what is made, those of a template that it is made from included. */
function newVariables(args: JsonObject): readonly (readonly [name: string, value: string | null])[] {
  const { variables: own, template } = flat(args);
  const inherited = isObject(template) ? template['variables'] : undefined;
  return [own, inherited].flatMap((map) => Object.entries(variableMap(map)));
}

/** Whether a map of variables is none, or holds more than texts: what that writes nobody here can say. */
function opaqueVariables(map: Json | undefined): boolean {
  if (map === undefined || map === null) return false;
  return !isObject(map) || Object.values(map).some((value) => typeof value === 'object' && value !== null);
}

/** The same of what is made, and of a template that it is made from. */
function opaqueNewVariables(args: JsonObject): boolean {
  const { variables: own, template } = flat(args);
  return opaqueVariables(own) || (isObject(template) && opaqueVariables(template['variables']));
}

/** Settings of a service instance that decide which code runs, or as what. */
const codeSettings = [
  'startCommand',
  'preDeployCommand',
  'buildCommand',
  'cronSchedule',
  'source',
  'builder',
  'dockerfilePath',
  'nixpacksPlan',
  'railwayConfigFile',
  'rootDirectory',
  'registryCredentials',
  'watchPatterns',
];

export const escalations: readonly Escalation[] = [
  {
    id: 'patch-deletes',
    operations: patches,
    applies: (args) => readPatch(patchOf(args)).deletions.length > 0,
    reversibility: 'irreversible',
    traits: ['weakens-backup'],
    why: 'the change set deletes: it holds `isDeleted` or null',
  },
  {
    id: 'patch-opaque',
    operations: patches,
    applies: (args) => readPatch(patchOf(args)).opaque,
    reversibility: 'irreversible',
    traits: ['runs-code', 'weakens-backup'],
    why: 'the change set is no object, so nobody can say what it holds',
  },
  {
    id: 'patch-runs-code',
    operations: patches,
    applies: (args) => readPatch(patchOf(args)).code.length > 0,
    traits: ['runs-code'],
    why: 'the change set decides which code runs',
  },
  {
    id: 'patch-variables',
    operations: patches,
    applies: (args) => readPatch(patchOf(args)).variables.some((path) => holdsCredential(path.split('.').at(-1) ?? '')),
    traits: ['credential'],
    why: 'the change set writes a variable that holds a credential',
  },
  {
    id: 'variables-replace',
    operations: ['variableCollectionUpsert'],
    applies: (args) => flat(args)['replace'] !== false,
    reversibility: 'irreversible',
    traits: [],
    why: '`replace: true` drops every variable that is not listed, sealed ones included',
  },
  {
    id: 'variables-opaque',
    operations: ['variableCollectionUpsert'],
    applies: (args) => opaqueVariables(flat(args)['variables']),
    reversibility: 'irreversible',
    traits: ['credential', 'runs-code'],
    why: 'a variable that is given as more than a text can be sealed with that, and nothing unseals it or reads it back',
  },
  {
    id: 'variables-credential',
    operations: variables,
    applies: (args, operation) =>
      Object.entries(writtenVariables(operation, args)).some(([name, value]) => holdsCredential(name, value)),
    traits: ['credential'],
    why: 'a variable that holds a credential or points at a database is changed',
  },
  {
    id: 'variables-steer-code',
    operations: variables,
    applies: (args, operation) => Object.keys(writtenVariables(operation, args)).some(steersCode),
    traits: ['runs-code'],
    why: 'a variable decides which code a service loads',
  },
  {
    id: 'variables-deploy',
    operations: variables,
    // `variableDelete` cannot be told not to.
    applies: (args) => flat(args)['skipDeploys'] !== true,
    traits: ['runs-code'],
    why: 'it deploys the service again, which runs its code beside the real credentials; with `skipDeploys: true` a variable is written without that',
  },
  {
    id: 'new-variables-credential',
    operations: withVariables,
    applies: (args) =>
      opaqueNewVariables(args) ||
      newVariables(args).some(([name, value]) => holdsCredential(name, value) || /\$\{\{/.test(value ?? '')),
    traits: ['copies-secrets'],
    why: 'credentials are handed to a new machine',
  },
  {
    id: 'backup-wipes',
    operations: ['volumeInstanceBackupRestore'],
    applies: (args) => filled(args['wipeServiceIds']),
    reversibility: 'irreversible',
    traits: ['weakens-backup'],
    why: '`wipeServiceIds` wipes the volumes of other services as well',
  },
  {
    id: 'backup-schedule-off',
    operations: ['volumeInstanceBackupScheduleUpdate'],
    applies: (args) => !filled(args['kinds']),
    reversibility: 'irreversible',
    traits: ['weakens-backup'],
    why: 'an empty list of kinds switches scheduled backups off',
  },
  {
    id: 'volume-state',
    operations: ['volumeInstanceUpdate'],
    applies: anyGiven('state'),
    reversibility: 'irreversible',
    traits: ['weakens-backup'],
    why: 'the state of a volume is written directly: `DELETED` and `DELETING` are among its values',
  },
  {
    id: 'volume-detach',
    operations: ['volumeInstanceUpdate'],
    applies: (args) => textOf(args, 'serviceId') === undefined,
    reversibility: 'irreversible',
    traits: [],
    why: 'without a `serviceId` the volume is detached from its service',
  },
  {
    id: 'volume-everywhere',
    operations: ['volumeInstanceUpdate'],
    applies: (args) => textOf(args, 'environmentId') === undefined,
    reversibility: 'irreversible',
    traits: [],
    why: 'without an environment it acts on the volume in every one of them',
  },
  {
    id: 'service-code',
    operations: ['serviceInstanceUpdate'],
    applies: anyGiven(...codeSettings),
    traits: ['runs-code'],
    why: 'a setting decides which code runs beside the real credentials and volumes',
  },
  {
    id: 'service-secrets-not-read-back',
    operations: ['serviceInstanceUpdate'],
    applies: anyGiven('registryCredentials', 'multiRegionConfig'),
    reversibility: 'irreversible',
    traits: [],
    why: 'a setting cannot be read back before it is written over',
  },
  {
    id: 'registry-credentials',
    operations: ['serviceInstanceUpdate', 'serviceCreate'],
    applies: anyGiven('registryCredentials'),
    traits: ['credential'],
    why: 'credentials of a registry are written',
  },
  {
    id: 'service-source',
    operations: ['serviceCreate'],
    applies: anyGiven('source', 'branch', 'templateId', 'templateServiceId', 'registryCredentials'),
    traits: ['runs-code', 'spends'],
    why: 'the new service runs code at once',
  },
  {
    id: 'trigger-root',
    operations: ['deploymentTriggerUpdate'],
    applies: anyGiven('rootDirectory'),
    reversibility: 'irreversible',
    traits: [],
    why: 'the former root directory cannot be read back',
  },
  {
    id: 'environment-copy',
    operations: ['environmentCreate'],
    applies: anyGiven('sourceEnvironmentId'),
    traits: ['copies-secrets', 'runs-code', 'spends'],
    why: 'copies variables and services of another environment',
  },
  {
    id: 'project-public',
    operations: ['projectUpdate', 'projectCreate'],
    applies: isTrue('isPublic'),
    reversibility: 'irreversible',
    traits: ['exposes', 'privilege'],
    why: 'everybody may look into a public project',
  },
  {
    id: 'project-pull-requests',
    operations: ['projectUpdate', 'projectCreate'],
    applies: (args) => isTrue('prDeploys')(args) || isTrue('botPrEnvironments')(args),
    traits: ['runs-code', 'copies-secrets'],
    why: 'pull requests run in environments copied from the base environment',
  },
  {
    id: 'project-base-environment',
    operations: ['projectUpdate'],
    applies: anyGiven('baseEnvironmentId'),
    traits: ['copies-secrets', 'runs-code'],
    why: 'decides which environment pull request environments are copied from',
  },
  {
    id: 'project-runs',
    operations: ['projectCreate'],
    applies: anyGiven('repo', 'runtime'),
    traits: ['runs-code'],
    why: 'the new project runs code at once',
  },
  {
    id: 'egress-everywhere',
    operations: ['egressGatewayAssociationsClear', 'egressGatewayRollbackFromHA', 'egressGatewayUpgradeToHA'],
    applies: isTrue('allEnvironments'),
    reversibility: 'irreversible',
    traits: [],
    why: '`allEnvironments` acts on every environment of the service',
  },
  {
    id: 'redeploys-dependents',
    operations: ['bucketCredentialsReset'],
    applies: isTrue('redeployDependents'),
    traits: ['runs-code'],
    why: 'everything that uses the bucket is deployed again',
  },
];

/** The rules that fire for a mutation with these arguments. A rule that throws counts as fired. */
export function firing(operation: string, args: JsonObject): readonly Escalation[] {
  return escalations.filter((rule) => {
    if (!rule.operations.includes(operation)) return false;
    try {
      return rule.applies(args, operation);
    } catch {
      return true;
    }
  });
}
