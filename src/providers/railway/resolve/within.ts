import { isObject } from '../arguments.ts';
import { ask, askEach, items, must, nodes, unresolved } from '../ask.ts';
import { fact, type Found, found } from './found.ts';
import { privateNetworksIn } from './private-networks.ts';
import { environmentFact } from './service.ts';
import type { EnvironmentView, Survey } from './survey.ts';
import type { Looking } from '../../../contract/lookup.ts';
import type { Fact } from '../../../model/hold.ts';
import type { JsonObject } from '../../../model/json.ts';

/** A thing that lies in exactly one environment, and is known by an id of its own. */
export interface Within {
  readonly environment: EnvironmentView;
  readonly record: JsonObject;
}

/**
 * Looks for a thing in every environment that is bound and visible, `list` naming the candidates in one of them. Throws
 * `DENIED` when it is in none: unknown, of an environment that is not bound, or out of this credential's sight.
 */
export function* findWithin(
  what: string,
  survey: Survey,
  list: (environment: EnvironmentView) => Looking<readonly JsonObject[]>,
  matches: (record: JsonObject) => boolean,
): Looking<Within> {
  for (const environment of yield* survey.visible()) {
    const record = (yield* list(environment)).find(matches);
    if (record !== undefined) return { environment, record };
  }
  throw unresolved(`${what} is in no environment that holdpoint.yaml binds, or cannot be seen`);
}

/** The resolution of such a thing. */
export function foundWithin(
  kind: string,
  { environment, record }: Within,
  id: string,
  name: string,
  survey: Survey,
  facts: readonly Fact[] = [],
): Found {
  const bound = survey.bound(environment.id, environment.name);
  const serviceId = record['serviceId'];
  const service = environment.services.find((one) => one.id === serviceId);
  return found({
    resources: [{ kind: `railway:${kind}`, id, name, environments: [bound] }],
    name,
    facts: [
      fact(kind, name),
      environmentFact(bound, environment.name, survey.context),
      ...(service === undefined ? [] : [fact('service', service.name)]),
      ...facts,
    ],
    places: [
      {
        projectId: environment.projectId,
        environmentId: environment.id,
        environment: bound,
        ...(typeof serviceId === 'string' ? { serviceId } : {}),
      },
    ],
  });
}

export type DomainKind = 'customDomains' | 'serviceDomains';

const domainsQuery = `query ($id: String!) { environment(id: $id) { id serviceInstances { edges { node { id domains {
  customDomains { id domain environmentId serviceId targetPort createdAt }
  serviceDomains { id domain environmentId serviceId targetPort createdAt } } } } pageInfo { hasNextPage } } } }`;

export function* domainsIn(environment: EnvironmentView, kind: DomainKind): Looking<readonly JsonObject[]> {
  const { environment: view } = yield* ask(`domains in \`${environment.name}\``, domainsQuery, { id: environment.id });
  if (!isObject(view)) throw unresolved(`domains in \`${environment.name}\` cannot be seen`);
  return nodes(view['serviceInstances'], 'services').flatMap((instance) => {
    const { domains } = instance;
    return isObject(domains) ? items(domains[kind], 'domains') : [];
  });
}

const triggersQuery = `query ($id: String!) { environment(id: $id) { id deploymentTriggers { edges { node {
  id environmentId serviceId provider repository branch checkSuites baseEnvironmentOverrideId } } pageInfo { hasNextPage } } } }`;

export function* triggersIn(environment: EnvironmentView): Looking<readonly JsonObject[]> {
  const { environment: view } = yield* ask(`triggers in \`${environment.name}\``, triggersQuery, {
    id: environment.id,
  });
  if (!isObject(view)) throw unresolved(`triggers in \`${environment.name}\` cannot be seen`);
  return nodes(view['deploymentTriggers'], 'triggers');
}

export function* proxiesIn(environment: EnvironmentView): Looking<readonly JsonObject[]> {
  const question = {
    field: 'tcpProxies',
    argument: 'serviceId',
    selection: 'id domain applicationPort proxyPort environmentId serviceId',
    shared: { environmentId: environment.id },
  };
  const services = environment.services.map((service) => service.id);
  const answers = yield* askEach(`proxies in \`${environment.name}\``, question, services);
  return answers.flatMap((list) => items(list, 'proxies'));
}

/** Endpoints of all private networks of an environment, each with its network and service. */
export function* endpointsIn(environment: EnvironmentView): Looking<readonly JsonObject[]> {
  const all: JsonObject[] = [];
  const services = environment.services.map((service) => service.id);
  for (const network of yield* privateNetworksIn(environment)) {
    const shared = { environmentId: environment.id, privateNetworkId: must(network, 'publicId') };
    const question = { field: 'privateNetworkEndpoint', argument: 'serviceId', selection: 'publicId dnsName', shared };
    const answers = yield* askEach(`endpoints in \`${environment.name}\``, question, services);
    for (const [index, endpoint] of answers.entries()) {
      if (isObject(endpoint)) all.push({ ...endpoint, ...shared, serviceId: services[index] });
    }
  }
  return all;
}

const dashboardsQuery = `query ($id: String!) { observabilityDashboards(environmentId: $id) { edges { node { id } } pageInfo { hasNextPage } } }`;

export function* dashboardsIn(environment: EnvironmentView): Looking<readonly JsonObject[]> {
  const { observabilityDashboards } = yield* ask(`dashboards in \`${environment.name}\``, dashboardsQuery, {
    id: environment.id,
  });
  return nodes(observabilityDashboards, 'dashboards');
}

const agentsQuery = `query ($id: ID!) { cloudAgents(environmentId: $id) { id name status createdAt environmentId } }`;

export function* cloudAgentsIn(environment: EnvironmentView): Looking<readonly JsonObject[]> {
  const { cloudAgents } = yield* ask(`machines in \`${environment.name}\``, agentsQuery, { id: environment.id });
  return items(cloudAgents, 'machines');
}
