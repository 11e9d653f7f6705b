import { describe, expect, it } from 'vitest';
import { escalations, firing } from './escalations.ts';
import { mutationRows } from './catalogue.ts';
import type { JsonObject } from '../../model/json.ts';

const place = { projectId: 'p', environmentId: 'e', serviceId: 's' };
const quiet = { ...place, skipDeploys: true };
const patched = (patch: JsonObject | string): JsonObject => ({ environmentId: 'e', patch });

/** Operation, arguments, the rules that fire. */
const table: readonly (readonly [operation: string, args: JsonObject, rules: readonly string[]])[] = [
  ['environmentPatchCommit', patched({ services: { s: { deploy: { sleepApplication: true } } } }), []],
  ['environmentPatchCommit', patched({ volumes: { v: { isDeleted: true } } }), ['patch-deletes']],
  ['environmentPatchCommit', patched({ volumes: { v: { isDeleted: 'true' } } }), ['patch-deletes']],
  ['environmentPatchCommit', patched({ volumes: { v: { is_deleted: 1 } } }), ['patch-deletes']],
  ['environmentPatchCommit', patched({ volumes: { v: { isDeleted: false } } }), []],
  ['environmentPatchCommit', patched({ buckets: { b: null } }), ['patch-deletes']],
  ['environmentPatchCommit', patched(JSON.stringify({ buckets: { b: null } })), ['patch-deletes']],
  ['environmentPatchCommit', patched('not json'), ['patch-opaque']],
  ['environmentPatchCommit', patched('{"a":1,"a":2}'), ['patch-opaque']],
  ['environmentPatchCommit', patched({ services: { s: { deploy: { startCommand: 'x' } } } }), ['patch-runs-code']],
  [
    'environmentPatchCommit',
    patched({ services: { s: { variables: { DATABASE_URL: { value: 'x' } } } } }),
    ['patch-variables'],
  ],
  ['environmentPatchCommit', patched({ services: { s: { variables: { COLOUR: { value: 'x' } } } } }), []],
  ['environmentStageChanges', { environmentId: 'e', input: { services: { s: null } } }, ['patch-deletes']],
  ['environmentStageChanges', { environmentId: 'e', input: '[null]' }, ['patch-deletes']],
  ['environmentApplyChangeSet', { environmentId: 'e', input: [{ kind: 'volume.delete', id: 'v' }] }, ['patch-deletes']],
  ['environmentApplyChangeSet', { environmentId: 'e', input: [{ kind: 'delete', id: 'v' }] }, ['patch-deletes']],
  ['environmentApplyChangeSet', { environmentId: 'e', input: { ops: [{ op: 'deleteVolume' }] } }, ['patch-deletes']],
  ['variableCollectionUpsert', { input: { ...quiet, replace: true, variables: {} } }, ['variables-replace']],
  ['variableCollectionUpsert', { input: { ...quiet, replace: null, variables: {} } }, ['variables-replace']],
  ['variableCollectionUpsert', { input: { ...quiet, replace: false, variables: { COLOUR: 'red' } } }, []],
  [
    'variableCollectionUpsert',
    { input: { ...quiet, replace: false, variables: { API_KEY: 'x' } } },
    ['variables-credential'],
  ],
  [
    'variableCollectionUpsert',
    { input: { ...quiet, replace: false, variables: { COLOUR: { value: 'red', isSealed: true } } } },
    ['variables-opaque'],
  ],
  ['variableCollectionUpsert', { input: { ...quiet, replace: false, variables: '{"A":"b"}' } }, ['variables-opaque']],
  ['variableCollectionUpsert', { input: { ...quiet, replace: false, variables: [] } }, ['variables-opaque']],
  ['serviceCreate', { input: { projectId: 'p', variables: { A: { value: 'b' } } } }, ['new-variables-credential']],
  ['variableUpsert', { input: { ...quiet, name: 'DATABASE_URL', value: 'x' } }, ['variables-credential']],
  ['variableUpsert', { input: { ...quiet, name: 'PRIMARY', value: 'postgres://a:b@c/d' } }, ['variables-credential']],
  ['variableUpsert', { input: { ...quiet, name: 'STRIPE_SECRET_KEY', value: 'x' } }, ['variables-credential']],
  ['variableUpsert', { input: { ...quiet, name: 'ADMIN_PASSWORD', value: 'x' } }, ['variables-credential']],
  ['variableUpsert', { input: { ...quiet, name: 'GITHUB_TOKEN', value: 'x' } }, ['variables-credential']],
  ['variableUpsert', { input: { ...quiet, name: 'PGHOST', value: 'x' } }, ['variables-credential']],
  ['variableUpsert', { input: { ...quiet, name: 'LOG_LEVEL', value: 'debug' } }, []],
  ['variableUpsert', { input: { ...quiet, name: 'FEATURE_PICKUP', value: 'on' } }, []],
  ['variableUpsert', { input: { ...quiet, name: 'NODE_OPTIONS', value: '--require x' } }, ['variables-steer-code']],
  ['variableUpsert', { input: { ...place, name: 'LOG_LEVEL', value: 'debug' } }, ['variables-deploy']],
  [
    'variableUpsert',
    { input: { ...place, name: 'LOG_LEVEL', value: 'debug', skipDeploys: null } },
    ['variables-deploy'],
  ],
  ['variableCollectionUpsert', { input: { ...place, replace: false, variables: { A: 'b' } } }, ['variables-deploy']],
  ['variableDelete', { input: { ...place, name: 'LOG_LEVEL' } }, ['variables-deploy']],
  ['variableDelete', { input: { ...place, name: 'DATABASE_URL' } }, ['variables-credential', 'variables-deploy']],
  [
    'volumeInstanceBackupRestore',
    { volumeInstanceBackupId: 'b', volumeInstanceId: 'v', wipeServiceIds: ['s'] },
    ['backup-wipes'],
  ],
  ['volumeInstanceBackupRestore', { volumeInstanceBackupId: 'b', volumeInstanceId: 'v', wipeServiceIds: [] }, []],
  ['volumeInstanceBackupScheduleUpdate', { volumeInstanceId: 'v', kinds: [] }, ['backup-schedule-off']],
  ['volumeInstanceBackupScheduleUpdate', { volumeInstanceId: 'v', kinds: ['DAILY'] }, []],
  [
    'volumeInstanceUpdate',
    { volumeId: 'v', environmentId: 'e', input: { serviceId: 's', state: 'DELETED' } },
    ['volume-state'],
  ],
  [
    'volumeInstanceUpdate',
    { volumeId: 'v', environmentId: 'e', input: { serviceId: 's', state: null } },
    ['volume-state'],
  ],
  ['volumeInstanceUpdate', { volumeId: 'v', environmentId: 'e', input: { serviceId: null } }, ['volume-detach']],
  ['volumeInstanceUpdate', { volumeId: 'v', environmentId: 'e', input: { mountPath: '/x' } }, ['volume-detach']],
  ['volumeInstanceUpdate', { volumeId: 'v', input: { serviceId: 's', mountPath: '/x' } }, ['volume-everywhere']],
  ['volumeInstanceUpdate', { volumeId: 'v', environmentId: 'e', input: { serviceId: 's', mountPath: '/x' } }, []],
  ['serviceInstanceUpdate', { serviceId: 's', environmentId: 'e', input: { startCommand: 'x' } }, ['service-code']],
  [
    'serviceInstanceUpdate',
    { serviceId: 's', environmentId: 'e', input: { preDeployCommand: ['x'] } },
    ['service-code'],
  ],
  [
    'serviceInstanceUpdate',
    { serviceId: 's', environmentId: 'e', input: { cronSchedule: '* * * * *' } },
    ['service-code'],
  ],
  [
    'serviceInstanceUpdate',
    { serviceId: 's', environmentId: 'e', input: { source: { image: 'x' } } },
    ['service-code'],
  ],
  ['serviceInstanceUpdate', { serviceId: 's', environmentId: 'e', input: { numReplicas: 2 } }, []],
  [
    'serviceInstanceUpdate',
    { serviceId: 's', environmentId: 'e', input: { multiRegionConfig: {} } },
    ['service-secrets-not-read-back'],
  ],
  [
    'serviceInstanceUpdate',
    { serviceId: 's', environmentId: 'e', input: { registryCredentials: {} } },
    ['service-code', 'service-secrets-not-read-back', 'registry-credentials'],
  ],
  ['serviceCreate', { input: { projectId: 'p', name: 'x' } }, []],
  ['serviceCreate', { input: { projectId: 'p', source: { image: 'x' } } }, ['service-source']],
  [
    'serviceCreate',
    { input: { projectId: 'p', variables: { DATABASE_URL: '${{Postgres.DATABASE_URL}}' } } },
    ['new-variables-credential'],
  ],
  ['sandboxCreate', { input: { environmentId: 'e', variables: { X: '${{shared.X}}' } } }, ['new-variables-credential']],
  ['deploymentTriggerUpdate', { id: 't', input: { rootDirectory: '/' } }, ['trigger-root']],
  ['deploymentTriggerUpdate', { id: 't', input: { branch: 'main' } }, []],
  ['environmentCreate', { input: { name: 'x', projectId: 'p', sourceEnvironmentId: 'e' } }, ['environment-copy']],
  ['environmentCreate', { input: { name: 'x', projectId: 'p' } }, []],
  ['projectUpdate', { id: 'p', input: { isPublic: true } }, ['project-public']],
  ['projectUpdate', { id: 'p', input: { prDeploys: true } }, ['project-pull-requests']],
  ['projectUpdate', { id: 'p', input: { botPrEnvironments: true } }, ['project-pull-requests']],
  ['projectUpdate', { id: 'p', input: { baseEnvironmentId: 'e' } }, ['project-base-environment']],
  ['projectUpdate', { id: 'p', input: { name: 'x' } }, []],
  ['projectCreate', { input: { repo: { branch: 'main', fullRepoName: 'a/b' } } }, ['project-runs']],
  [
    'egressGatewayUpgradeToHA',
    { input: { environmentId: 'e', serviceId: 's', allEnvironments: true } },
    ['egress-everywhere'],
  ],
  [
    'bucketCredentialsReset',
    { bucketId: 'b', environmentId: 'e', projectId: 'p', redeployDependents: true },
    ['redeploys-dependents'],
  ],
];

describe('K3: arguments change the class where they change the effect', () => {
  it.each(table.map(([operation, args, rules]) => [operation, JSON.stringify(args), args, rules] as const))(
    'K3 %s %s',
    (operation, _text, args, rules) => {
      expect(firing(operation, args).map((rule) => rule.id)).toEqual(rules);
    },
  );

  it('K3 every rule is proved by a row that fires it, and names operations of the catalogue', () => {
    const fired = new Set(table.flatMap(([, , rules]) => rules));
    expect(escalations.map((rule) => rule.id).filter((id) => !fired.has(id))).toEqual([]);
    for (const rule of escalations)
      for (const name of rule.operations) expect(Object.hasOwn(mutationRows, name)).toBe(true);
  });
});
