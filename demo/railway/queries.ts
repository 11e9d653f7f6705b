import { int, type JsonObject, maybeInt, maybeText, object, pick, type Row, text, texts } from './json.ts';
import { membersOf } from './mutations/member.ts';
import { stagedOf } from './mutations/patch.ts';
import { referencesIn } from './setting.ts';
import { uuidOf } from './state.ts';
import { domainsOf, domainStatus } from './type-fields.ts';
import { type Call, notAuthorized, type Resolvers } from './world.ts';

/** Queries that need more than rows matching their arguments; `fields.ts` answers all others. */
export const queries: Resolvers = {
  me: (call) => call.account(),
  apiToken: (call) => {
    call.user();
    return { workspaces: call.list('workspaces').map((row) => pick(row, ['id', 'name'])) };
  },
  apiTokens: (call) => call.list('apiTokens', { userId: call.user().id }),
  projectToken: (call) => {
    const caller = call.known();
    if (caller.kind !== 'project') throw new Error(notAuthorized);
    return call.state.need('projectTokens', caller.tokenId);
  },
  projects: (call, args) => {
    const workspaceId = maybeText(args, 'workspaceId');
    if (workspaceId !== null) call.need('workspaces', workspaceId);
    return call.list('projects', (row) => workspaceId === null || row['workspaceId'] === workspaceId);
  },
  projectsByIds: (call, args) => texts(args, 'ids').map((id) => call.need('projects', id)),
  projectMembers: (call, args) => membersOf(call, call.need('projects', text(args, 'projectId')).id),
  projectInvitations: (call, args) =>
    call.list('projectInvitations', { projectId: call.need('projects', text(args, 'id')).id }),
  projectInvitation: (call, args) => {
    const code = text(args, 'code');
    const row = call.state.find('projectInvitations', { code }) ?? call.state.find('inviteCodes', { code });
    if (row === undefined) throw new Error('ProjectInvitation not found');
    return row;
  },
  inviteCode: (call, args) => {
    const row = call.state.find('inviteCodes', { code: text(args, 'code') });
    if (row === undefined) throw new Error('InviteCode not found');
    return row;
  },
  workspaceByCode: (call, args) => {
    const row = call.state.find('workspaceInviteCodes', { code: text(args, 'code') });
    if (row === undefined) throw new Error('Workspace not found');
    return call.state.need('workspaces', text(row, 'workspaceId'));
  },
  environment: (call, args) => call.need('environments', text(args, 'id')),

  variables: (call, args) => variablesAt(call, args, args['unrendered'] === true),
  variablesForServiceDeployment: (call, args) => ({
    ...variablesAt(call, { ...args, serviceId: null }, false),
    ...variablesAt(call, args, false),
  }),

  domains: (call, args) => {
    call.instance(text(args, 'serviceId'), text(args, 'environmentId'));
    return domainsOf(call, args);
  },
  domainStatus: (call, args) => {
    const domain = call.need('customDomains', text(args, 'id'));
    return { ...domainStatus(domain), domain };
  },
  customDomainAvailable: (call, args) => available(call.state.find('customDomains', pick(args, ['domain']))),
  serviceDomainAvailable: (call, args) => available(call.state.find('serviceDomains', pick(args, ['domain']))),

  deployments: (call, args) => deploymentsWanted(call, object(args, 'input')),
  buildLogs: (call, args) => logsOf(call, call.need('deployments', text(args, 'deploymentId')), args, 'build'),
  deploymentLogs: (call, args) => logsOf(call, call.need('deployments', text(args, 'deploymentId')), args, 'deploy'),
  environmentLogs: (call, args) => {
    const environmentId = call.need('environments', text(args, 'environmentId')).id;
    return filtered(call.list('logs', { environmentId }), args);
  },
  httpLogs: (call, args) => {
    call.need('deployments', text(args, 'deploymentId'));
    return [];
  },
  workflowStatus: (call, args) => {
    const row = call.state.get('workflows', text(args, 'workflowId'));
    return { status: row === undefined ? 'NotFound' : text(row, 'status'), error: null };
  },

  environmentStagedChanges: (call, args) => {
    const environment = call.need('environments', text(args, 'environmentId'));
    return (
      stagedOf(call, environment) ?? {
        id: uuidOf(`nothing staged in ${environment.id}`),
        environmentId: environment.id,
        status: 'STAGED',
        patch: {},
        createdAt: text(environment, 'createdAt'),
        updatedAt: text(environment, 'createdAt'),
      }
    );
  },
  canvasViewMergePreview: (call, args) => {
    const source = call.need('environments', text(args, 'sourceEnvironmentId'));
    call.need('environments', text(args, 'targetEnvironmentId'));
    const view = call.state.find('canvasViews', { environmentId: source.id });
    return { mutations: [], state: object(view ?? {}, 'layout') };
  },

  serviceInstance: (call, args) => call.instance(text(args, 'serviceId'), text(args, 'environmentId')),
  serviceInstanceIsUpdatable: (call, args) =>
    call.instance(text(args, 'serviceId'), text(args, 'environmentId'))['isUpdatable'] === true,
  serviceInstanceLimits: (call, args) =>
    object(call.instance(text(args, 'serviceId'), text(args, 'environmentId')), 'limits'),
  serviceInstanceLimitOverride: (call, args) =>
    object(call.instance(text(args, 'serviceId'), text(args, 'environmentId')), 'limits'),
  serviceInstanceAutoDeployStatus: (call, args) => {
    const instance = call.instance(text(args, 'serviceId'), text(args, 'environmentId'));
    return { canEnable: true, enabled: instance['autoDeploy'] === true, reason: null };
  },

  adminVolumeInstancesForVolume: () => {
    throw new Error(notAuthorized);
  },

  bucketS3Credentials: (call, args) => {
    const bucket = call.need('buckets', text(args, 'bucketId'));
    const environmentId = call.need('environments', text(args, 'environmentId')).id;
    return call.state.list('bucketCredentials', { bucketId: bucket.id, environmentId });
  },
  bucketInstanceDetails: (call, args) => {
    const bucket = call.need('buckets', text(args, 'bucketId'));
    return { objectCount: maybeInt(bucket, 'objectCount') ?? 0, sizeBytes: maybeInt(bucket, 'sizeBytes') ?? 0 };
  },

  signals: (call, args) => signalsOf(call, args),
  signal: (call, args) => signalsOf(call, args).find((row) => row['name'] === args['name']) ?? null,
  signalChanges: (call, args) => {
    const signal = signalsOf(call, args).find((row) => row['name'] === args['name']);
    if (signal === undefined) return [];
    const rows = call.state.list('signalChanges', { signalId: signal.id });
    return rows.toSorted((left, right) => int(right, 'seq') - int(left, 'seq')).slice(0, maybeInt(args, 'limit') ?? 50);
  },
  signalEvaluate: (call, args) => {
    const signal = signalsOf(call, args).find((row) => row['name'] === args['name']);
    if (signal === undefined) throw new Error('Signal not found');
    return { reason: 'DEFAULT', trace: [], value: signal['default'] };
  },

  agentUsage: (call, args) => {
    const customer = call.needWhere('customers', {
      workspaceId: call.need('workspaces', text(args, 'workspaceId')).id,
    });
    const limit = call.state.find('usageLimits', { customerId: customer.id });
    return {
      totalUsedCents: 0,
      hardLimitCents: limit?.['agentHardLimitCents'] ?? null,
      softLimitCents: limit?.['agentSoftLimitCents'] ?? null,
      billingPeriodEnd: new Date(Date.parse(call.state.now()) + 7 * 86_400_000).toISOString(),
    };
  },
  twoFactorInfo: (call) => {
    const user = call.account();
    return { isVerified: user['has2FA'] === true, hasRecoveryCodes: texts(user, 'recoveryCodes').length > 0 };
  },
  platformStatus: () => ({ isStable: true, incident: null, maintenance: null }),
  regions: () => [
    { id: 'us-west2', name: 'us-west2', country: 'US', location: 'California, USA', region: 'us-west2' },
    { id: 'europe-west4', name: 'europe-west4', country: 'NL', location: 'Amsterdam', region: 'europe-west4' },
  ],
  templatesCount: (call) => call.state.list('templates').length,
  templates: (call) =>
    call.state.list('templates', (row) => row['status'] === 'PUBLISHED' || call.sees('templates', row)),
};

function variablesAt(call: Call, args: JsonObject, raw: boolean): JsonObject {
  const environment = call.need('environments', text(args, 'environmentId'));
  const project = call.need('projects', text(args, 'projectId'));
  if (environment['projectId'] !== project.id) throw new Error('Environment not found');
  const serviceId = maybeText(args, 'serviceId');
  if (serviceId !== null) call.need('services', serviceId);
  const rows = call.state.list('variables', { environmentId: environment.id, serviceId });
  const open = rows.filter((row) => row['isSealed'] !== true);
  return Object.fromEntries(
    open.map((row) => [text(row, 'name'), raw ? text(row, 'value') : rendered(call, environment.id, row, 0)] as const),
  );
}

/** Fills in `${{ service.NAME }}` and `${{ shared.NAME }}`, a few levels deep. */
function rendered(call: Call, environmentId: string, row: Row, depth: number): string {
  let value = text(row, 'value');
  for (const reference of depth > 4 ? [] : referencesIn(value)) {
    const [owner = '', name = ''] = reference.split('.');
    const service = call.state.find(
      'services',
      (one) => one['name'] === owner && one['projectId'] === row['projectId'],
    );
    const serviceId = owner === 'shared' ? null : (service?.id ?? '');
    const target = call.state.find('variables', { environmentId, serviceId, name });
    const pattern = new RegExp(`\\$\\{\\{\\s*${reference.replaceAll(/[.*+?^${}()|[\]\\]/gu, '\\$&')}\\s*\\}\\}`, 'gu');
    value = value.replaceAll(pattern, () =>
      target === undefined ? '' : rendered(call, environmentId, target, depth + 1),
    );
  }
  return value;
}

function available(taken: Row | undefined): JsonObject {
  return { available: taken === undefined, message: taken === undefined ? 'Domain is available' : 'Domain is in use' };
}

function deploymentsWanted(call: Call, input: JsonObject): readonly Row[] {
  const status = object(input, 'status');
  const only = texts(status, 'in');
  const not = texts(status, 'notIn');
  const place = pick(input, ['projectId', 'environmentId', 'serviceId']);
  const rows = call.list('deployments', (row) => {
    const here = Object.entries(place).every(([key, value]) => value === null || row[key] === value);
    const state = text(row, 'status');
    return here && (only.length === 0 || only.includes(state)) && !not.includes(state);
  });
  return rows.toSorted((left, right) => text(right, 'createdAt').localeCompare(text(left, 'createdAt')));
}

function logsOf(call: Call, deployment: Row, args: JsonObject, phase: string): readonly Row[] {
  return filtered(call.list('logs', { deploymentId: deployment.id, phase }), args);
}

function filtered(rows: readonly Row[], args: JsonObject): readonly Row[] {
  const wanted = maybeText(args, 'filter') ?? '';
  const limit = maybeInt(args, 'limit') ?? 500;
  return rows.filter((row) => text(row, 'message').includes(wanted)).slice(-limit);
}

function signalsOf(call: Call, args: JsonObject): readonly Row[] {
  const owner = maybeText(args, 'owner');
  const reach = [...call.list('projects'), ...call.list('workspaces')].map((row) => row.id);
  if (owner !== null && !reach.includes(owner)) throw new Error(notAuthorized);
  return call.state.list('signals', (row) =>
    owner === null ? reach.includes(text(row, 'owner')) : row['owner'] === owner,
  );
}
