import { configurationOf, etagOf } from './configuration.ts';
import { isObject, type Json, type JsonObject, maybeText, pick, type Row, text } from './json.ts';
import { membersOf } from './mutations/member.ts';
import { diskOf } from './volumes.ts';
import type { Call } from './world.ts';

export type TypeField = (call: Call, row: JsonObject, args: JsonObject) => unknown;

/** Fields of types that are worked out instead of being read from a row: `Type.field`. */
export const typeFields: Readonly<Record<string, TypeField>> = {
  'Environment.config': (call, row, args) =>
    configurationOf(call.state, text(row, 'id'), args['decryptVariables'] === true),
  'Environment.configEtag': (call, row) => etagOf(call.state, text(row, 'id')),
  'Environment.canAccess': () => true,

  'EnvironmentPatch.patch': (_call, row, args) =>
    args['decryptVariables'] === true ? (row['patch'] ?? {}) : withoutValues(row['patch'] ?? {}),

  'Project.members': (call, row) => membersOf(call, text(row, 'id')),

  'Workspace.members': (call, row) => workspaceMembers(call, row),
  'Workspace.projectCount': (call, row) => call.list('projects', { workspaceId: text(row, 'id') }).length,
  'Workspace.plan': (_call, row) => row['plan'] ?? 'PRO',
  'User.workspaces': (call) => call.list('workspaces'),

  'Deployment.creator': (call, row) => {
    const user = call.state.get('users', maybeText(row, 'creatorId') ?? '');
    return user === undefined ? null : pick(user, ['id', 'email', 'name']);
  },
  'DeploymentSnapshot.variables': () => ({}),

  'ServiceInstance.latestDeployment': (call, row) => deploymentsOf(call, row).at(-1) ?? null,
  'ServiceInstance.activeDeployments': (call, row) =>
    deploymentsOf(call, row).filter((one) => one['status'] === 'SUCCESS' && one['deploymentStopped'] !== true),
  'ServiceInstance.domains': (call, row) => domainsOf(call, row),
  'ServiceInstance.edgeConfig': (call, row) => call.state.find('edgeConfigs', placeOf(row)) ?? null,
  'ServiceInstance.serviceName': (call, row) => text(call.state.need('services', text(row, 'serviceId')), 'name'),

  'CustomDomain.status': (_call, row) => domainStatus(row),
  'CustomDomain.cnameCheck': (_call, row) => ({
    status: row['verified'] === true ? 'VALID' : 'WAITING',
    message: row['verified'] === true ? 'verified' : 'waiting for DNS',
  }),

  'VolumeInstance.currentSizeMB': async (call, row) => {
    if (!isRow(row)) return 0;
    const { bytes } = await call.world.volumes.size(diskOf(row));
    return Math.round(bytes / 10_000) / 100;
  },

  'ProjectInvitation.project': (call, row) => pick(call.state.need('projects', text(row, 'projectId')), ['id', 'name']),
  'ProjectInvitation.inviter': (call, row) => {
    const user = call.state.get('users', maybeText(row, 'inviterId') ?? '');
    return user === undefined ? null : pick(user, ['email', 'name']);
  },

  'RailwayDomainDnsRecord.id': (_call, row) => row['recordId'] ?? 0,
  'RailwayDomain.workspaceName': (call, row) => text(call.state.need('workspaces', text(row, 'workspaceId')), 'name'),
  'WorkspacePolicyDeploySourceAllowlist.addedBy': (call, row) =>
    call.state.get('users', maybeText(row, 'addedById') ?? '') ?? null,
  'WorkspacePolicy.deploySourceAllowlist': (call, row) =>
    call.list('deploySources', { workspaceId: text(row, 'workspaceId') }),
  'BotScopeBindingInfo.workspaceName': (call, row) =>
    text(call.state.need('workspaces', text(row, 'workspaceId')), 'name'),
};

/** Which concrete type a row of the schema's interface and unions is. */
export function typeOfRow(value: unknown): string | undefined {
  if (!isObject(value)) return undefined;
  if (value['verificationToken'] !== undefined) return 'CustomDomain';
  if (value['suffix'] !== undefined) return 'ServiceDomain';
  if (value['email'] !== undefined) return 'ProjectInvitation';
  if (value['code'] !== undefined) return 'InviteCode';
  return undefined;
}

/** A patch as it is shown to those who did not ask for its variables' values. */
function withoutValues(patch: Json, within = false): Json {
  if (Array.isArray(patch)) return patch.map((one: Json) => withoutValues(one));
  if (!isObject(patch)) return patch;
  return Object.fromEntries(
    Object.entries(patch).map(([key, value]): readonly [string, Json] => {
      if (within && key === 'value' && typeof value === 'string') return [key, '*****'];
      const variables = key === 'variables' || key === 'sharedVariables';
      if (!variables || !isObject(value)) return [key, withoutValues(value)];
      return [key, Object.fromEntries(Object.entries(value).map(([name, one]) => [name, withoutValues(one, true)]))];
    }),
  );
}

export function placeOf(row: JsonObject): JsonObject {
  return pick(row, ['serviceId', 'environmentId']);
}

export function domainsOf(call: Call, row: JsonObject): JsonObject {
  const place = placeOf(row);
  return { customDomains: call.list('customDomains', place), serviceDomains: call.list('serviceDomains', place) };
}

export function domainStatus(row: JsonObject): JsonObject {
  const verified = row['verified'] === true;
  const domain = text(row, 'domain');
  const [host = ''] = domain.split('.');
  return {
    verified,
    verificationToken: row['verificationToken'] ?? null,
    verificationDnsHost: `_railway-verify.${host}`,
    certificateStatus: row['certificateStatus'] ?? null,
    certificates: row['certificates'] ?? [],
    dnsRecords: [
      {
        currentValue: verified ? `${text(row, 'id').slice(0, 8)}.up.railway.app` : '',
        requiredValue: `${text(row, 'id').slice(0, 8)}.up.railway.app`,
        fqdn: domain,
        hostlabel: host,
        zone: domain.split('.').slice(1).join('.'),
        purpose: 'DNS_RECORD_PURPOSE_TRAFFIC_ROUTE',
        recordType: 'DNS_RECORD_TYPE_CNAME',
        status: verified ? 'DNS_RECORD_STATUS_PROPAGATED' : 'DNS_RECORD_STATUS_REQUIRES_UPDATE',
      },
    ],
  };
}

function workspaceMembers(call: Call, row: JsonObject): readonly JsonObject[] {
  return call.state.list('workspaceMembers', { workspaceId: text(row, 'id') }).map((member) => {
    const user = call.state.need('users', text(member, 'userId'));
    return {
      ...pick(user, ['id', 'email', 'name']),
      role: text(member, 'role'),
      twoFactorAuthEnabled: user['has2FA'] ?? false,
    };
  });
}

function deploymentsOf(call: Call, row: JsonObject): readonly Row[] {
  const rows = call.state.list('deployments', placeOf(row));
  return rows.toSorted((left, right) => text(left, 'createdAt').localeCompare(text(right, 'createdAt')));
}

function isRow(row: JsonObject): row is Row {
  return typeof row['id'] === 'string';
}
