import { isObject, textOf } from '../arguments.ts';
import { ask, items, must, nodes, tryAsk, unresolved } from '../ask.ts';
import type { Judged } from '../judge.ts';
import { fact, type Found, found } from './found.ts';
import { inProject } from './plugins.ts';
import type { EnvironmentView, Survey } from './survey.ts';
import {
  cloudAgentsIn,
  dashboardsIn,
  domainsIn,
  type DomainKind,
  endpointsIn,
  findWithin,
  foundWithin,
  proxiesIn,
  triggersIn,
} from './within.ts';
import type { Looking } from '../../../contract/lookup.ts';
import type { Json, JsonObject } from '../../../model/json.ts';

function idOf(judged: Judged, ...names: readonly string[]): string {
  const id = textOf(judged.field.arguments, ...names);
  if (id === undefined) throw unresolved('the arguments name no target');
  return id;
}

const shown = (value: Json | undefined): string =>
  value === null || value === undefined ? 'none' : typeof value === 'string' ? value : JSON.stringify(value);

/** A deployment: its own record says which environment and service it is of. */
export function* deployment(judged: Judged, survey: Survey): Looking<Found> {
  const id = idOf(judged, 'deploymentId', 'id');
  const query = `query ($id: String!) { deployment(id: $id) { id environmentId serviceId projectId status createdAt } }`;
  const { deployment: record } = yield* ask(`deployment \`${id}\``, query, { id });
  if (!isObject(record) || record['id'] !== id) throw unresolved(`deployment \`${id}\` is unknown to railway`);
  const environment = yield* survey.environment(must(record, 'environmentId'));
  const service = environment.services.find((one) => one.id === record['serviceId']);
  return foundWithin('deployment', { environment, record }, id, service?.name ?? id, survey, [
    fact('status', shown(record['status'])),
    fact('made', shown(record['createdAt'])),
  ]);
}

function domain(kind: string, list: DomainKind) {
  return function* (judged: Judged, survey: Survey): Looking<Found> {
    const id = idOf(judged, 'serviceDomainId', 'id');
    const within = yield* findWithin(
      `domain \`${id}\``,
      survey,
      (environment) => domainsIn(environment, list),
      (one) => one['id'] === id,
    );
    requireNamed(judged, within.environment.id, within.environment.name);
    return foundWithin(kind, within, id, must(within.record, 'domain'), survey, [
      fact('target port', shown(within.record['targetPort'])),
      fact('made', shown(within.record['createdAt'])),
    ]);
  };
}

export const customDomain = domain('custom-domain', 'customDomains');
export const serviceDomain = domain('service-domain', 'serviceDomains');

export function* tcpProxy(judged: Judged, survey: Survey): Looking<Found> {
  const id = idOf(judged, 'id');
  const within = yield* findWithin(`proxy \`${id}\``, survey, proxiesIn, (one) => one['id'] === id);
  const name = `${shown(within.record['domain'])}:${shown(within.record['proxyPort'])}`;
  return foundWithin('tcp-proxy', within, id, name, survey, [
    fact('port inside', shown(within.record['applicationPort'])),
  ]);
}

export function* trigger(judged: Judged, survey: Survey): Looking<Found> {
  const id = idOf(judged, 'id');
  const within = yield* findWithin(`trigger \`${id}\``, survey, triggersIn, (one) => one['id'] === id);
  const name = `${shown(within.record['repository'])}#${shown(within.record['branch'])}`;
  const override = textOf(judged.field.arguments, 'baseEnvironmentOverrideId');
  if (override !== undefined) survey.bound((yield* survey.environment(override)).id);
  return foundWithin('trigger', within, id, name, survey);
}

export function* endpoint(judged: Judged, survey: Survey): Looking<Found> {
  const id = idOf(judged, 'id');
  const within = yield* findWithin(`endpoint \`${id}\``, survey, endpointsIn, (one) => one['publicId'] === id);
  return foundWithin('endpoint', within, id, shown(within.record['dnsName']), survey);
}

export function* dashboard(judged: Judged, survey: Survey): Looking<Found> {
  const id = idOf(judged, 'id');
  const within = yield* findWithin(`dashboard \`${id}\``, survey, dashboardsIn, (one) => one['id'] === id);
  return foundWithin('dashboard', within, id, `dashboard of ${within.environment.name}`, survey);
}

export function* cloudAgent(judged: Judged, survey: Survey): Looking<Found> {
  const id = idOf(judged, 'cloudAgentId', 'id');
  const within = yield* findWithin(`machine \`${id}\``, survey, cloudAgentsIn, (one) => one['id'] === id);
  return foundWithin('cloud-agent', within, id, must(within.record, 'name'), survey, [
    fact('made', shown(within.record['createdAt'])),
  ]);
}

/** A service by the id of its instance in one environment. */
export function* serviceInstance(judged: Judged, survey: Survey): Looking<Found> {
  const id = idOf(judged, 'serviceInstanceId');
  for (const environment of yield* survey.visible()) {
    const service = environment.services.find((one) => one.instance === id);
    if (service !== undefined)
      return foundWithin(
        'service',
        { environment, record: { serviceId: service.id } },
        service.id,
        service.name,
        survey,
      );
  }
  throw unresolved(`service instance \`${id}\` is in no environment that holdpoint.yaml binds, or cannot be seen`);
}

const sandboxQuery = `query ($environmentId: String!, $id: String!) { sandbox(environmentId: $environmentId, id: $id) { id environmentId status createdAt } }`;
const checkpointsQuery = `query ($environmentId: String!) { sandboxCheckpoints(environmentId: $environmentId) { id key environmentId createdAt } }`;

/** The record of a sandbox that is in this environment; throws `DENIED` for one that is not. */
export function* sandboxIn(environment: EnvironmentView, id: string): Looking<JsonObject> {
  const data = yield* tryAsk(`sandbox \`${id}\``, sandboxQuery, { environmentId: environment.id, id });
  return requireIn(environment, id, data?.['sandbox']);
}

function* checkpointIn(environment: EnvironmentView, id: string): Looking<JsonObject> {
  const data = yield* ask('checkpoints', checkpointsQuery, { environmentId: environment.id });
  const record = items(data['sandboxCheckpoints'], 'checkpoints').find((one) => one['id'] === id);
  return requireIn(environment, id, record);
}

function requireIn(environment: EnvironmentView, id: string, record: Json | undefined): JsonObject {
  if (isObject(record) && record['environmentId'] === environment.id) return record;
  throw unresolved(`\`${id}\` is not in environment \`${environment.name}\`, or cannot be seen`);
}

/** A sandbox, or a checkpoint of one: both name their environment, and are looked up in it. */
export function* sandbox(judged: Judged, survey: Survey): Looking<Found> {
  const environment = yield* survey.environment(idOf(judged, 'environmentId'));
  const checkpoint = judged.field.name === 'sandboxCheckpointDelete' || judged.field.name === 'sandboxCheckpointRename';
  const id = idOf(judged, 'sandboxId', 'id');
  const record = checkpoint ? yield* checkpointIn(environment, id) : yield* sandboxIn(environment, id);
  const name = typeof record['key'] === 'string' ? record['key'] : id;
  return foundWithin(checkpoint ? 'sandbox-checkpoint' : 'sandbox', { environment, record }, id, name, survey, [
    fact('made', shown(record['createdAt'])),
  ]);
}

const bucketsQuery = `query ($id: String!) { project(id: $id) { id buckets { edges { node { id name } } pageInfo { hasNextPage } } } }`;

/** A bucket in the environment that is named; renaming it names none, so that counts as every one of its project. */
export function* bucket(judged: Judged, survey: Survey): Looking<Found> {
  const id = idOf(judged, 'bucketId', 'id');
  if (judged.field.name === 'bucketUpdate') return yield* bucketAnywhere(id, survey);
  const environment = yield* survey.environment(idOf(judged, 'environmentId'));
  const record = yield* bucketOf(environment.projectId, id);
  if (record === undefined || idOf(judged, 'projectId') !== environment.projectId)
    throw unresolved(`bucket \`${id}\` is not in this project`);
  return foundWithin('bucket', { environment, record }, id, must(record, 'name'), survey);
}

function* bucketAnywhere(id: string, survey: Survey): Looking<Found> {
  survey.requireWholeSight(`bucket \`${id}\``);
  for (const project of yield* survey.projects()) {
    const record = yield* bucketOf(project.id, id);
    if (record === undefined) continue;
    const name = must(record, 'name');
    return inProject(project, survey, { kind: 'railway:bucket', id, name }, [fact('bucket', name)]);
  }
  throw unresolved(`bucket \`${id}\` is in no project that holdpoint.yaml binds, or cannot be seen`);
}

function* bucketOf(projectId: string, id: string): Looking<JsonObject | undefined> {
  const { project } = yield* ask(`buckets of project \`${projectId}\``, bucketsQuery, { id: projectId });
  return nodes(isObject(project) ? project['buckets'] : undefined, 'buckets').find((node) => node['id'] === id);
}

const recordsQuery = `query ($domain: String!, $workspaceId: String!) {
  railwayDomainDnsRecords(domain: $domain, workspaceId: $workspaceId) { id host type answer priority ttl fqdn } }`;

export function* dnsRecords(domainName: string, workspaceId: string): Looking<readonly JsonObject[]> {
  const data = yield* ask(`DNS records of \`${domainName}\``, recordsQuery, { domain: domainName, workspaceId });
  return items(data['railwayDomainDnsRecords'], 'DNS records');
}

/** A DNS record of a whole domain: above the environments, so it counts as every one of them. */
export function* dnsRecord(judged: Judged, survey: Survey): Looking<Found> {
  const name = idOf(judged, 'domain');
  const records = yield* dnsRecords(name, idOf(judged, 'workspaceId'));
  const { input } = judged.field.arguments;
  const recordId = isObject(input) ? input['recordId'] : undefined;
  const record = records.find((one) => one['id'] === recordId);
  if (recordId !== undefined && record === undefined)
    throw unresolved(`record \`${shown(recordId)}\` is not among those of \`${name}\``);
  return found({
    resources: [{ kind: 'railway:domain', id: name, name, environments: survey.everywhere }],
    name: record === undefined ? name : shown(record['fqdn']),
    facts: [
      fact('domain', name, 'warning'),
      ...(record === undefined
        ? []
        : [fact('record now', `${shown(record['type'])} ${shown(record['host'])} → ${shown(record['answer'])}`)]),
    ],
    dependents: record === undefined ? [] : [shown(recordId)],
  });
}

/** Something above the environments: every one of them counts. Names the workspaces that the credential reaches. */
export function* account(judged: Judged, survey: Survey): Looking<Found> {
  const id = textOf(judged.field.arguments, 'workspaceId', 'id') ?? 'account';
  const query = `query { apiToken { workspaces { id name } } }`;
  const data =
    survey.context.reach === 'all' ? yield* tryAsk('the workspaces of this credential', query, {}) : undefined;
  const token = data?.['apiToken'];
  const workspaces = isObject(token) ? items(token['workspaces'], 'workspaces') : [];
  const names = workspaces.map((workspace) => must(workspace, 'name'));
  const own = workspaces.find((workspace) => workspace['id'] === id);
  const name = own === undefined ? names.join(', ') : must(own, 'name');
  return found({
    resources: [{ kind: 'railway:account', id, ...(name === '' ? {} : { name }), environments: survey.everywhere }],
    name: name === '' ? survey.everywhere.join(', ') : name,
    facts: [
      fact('account', name === '' ? 'not named by railway' : name, 'danger'),
      fact('environments', survey.everywhere.join(', '), 'warning'),
    ],
  });
}

/** The environment argument has to be the one that the thing is really in. */
function requireNamed(judged: Judged, environmentId: string, name: string): void {
  const named = textOf(judged.field.arguments, 'environmentId');
  if (named !== undefined && named !== environmentId)
    throw unresolved(`the target is in environment \`${name}\`, not in the one that is named`);
}
