import { isObject } from '../arguments.ts';
import { ask, items, must, nodes, tryAsk, unresolved } from '../ask.ts';
import { backupCounts, type InstanceCounts } from './backups.ts';
import type { Looking } from '../../../contract/lookup.ts';
import type { Introspecting, ReachedEnvironment } from '../../../contract/reach.ts';
import type { Json, JsonObject } from '../../../model/json.ts';

/** What is in reach, as far as the provider shows it. */
export interface Inventory {
  readonly environments: readonly ReachedEnvironment[];
  readonly whole: boolean;
  readonly counts: InstanceCounts;
}

interface Seen {
  readonly environment: JsonObject;
  readonly project: { readonly id: string; readonly name: string };
}

const contents = `serviceInstances { edges { node { id } } pageInfo { hasNextPage } }
  volumeInstances { edges { node { id } } pageInfo { hasNextPage } }`;
const projectsQuery = `query ($after: String) { projects(first: 50, after: $after) {
  edges { node { id name environments { edges { node { id name canAccess deletedAt ${contents} } } pageInfo { hasNextPage } } } }
  pageInfo { hasNextPage endCursor } } }`;
const environmentQuery = `query ($id: String!) { environment(id: $id) { id name ${contents} } }`;

/** More pages than this are not read: what is beyond them is said to be there. */
const mostPages = 10;

/** Every environment that an account or workspace token is shown. */
export function* wholeInventory(about: Introspecting): Looking<Inventory> {
  const seen: Seen[] = [];
  let whole = true;
  let after: string | null = null;
  for (let page = 0; ; page++) {
    const { projects }: JsonObject = yield* ask('the projects in reach', projectsQuery, { after });
    const list = isObject(projects) ? projects : {};
    for (const edge of edgesOf(list, 'projects')) {
      const project = { id: must(edge, 'id'), name: must(edge, 'name') };
      const environments = isObject(edge['environments']) ? edge['environments'] : {};
      whole &&= !hasMore(environments);
      seen.push(...edgesOf(environments, 'environments').map((environment) => ({ environment, project })));
    }
    const cursor = endCursor(list);
    if (!hasMore(list)) break;
    if (cursor === undefined || page + 1 === mostPages) {
      whole = false;
      break;
    }
    after = cursor;
  }
  return yield* described(
    seen.filter(({ environment }) => isOpen(environment)),
    whole,
    about,
  );
}

/** The one environment of a project token. */
export function* ownInventory(token: JsonObject, about: Introspecting): Looking<Inventory> {
  const { project } = token;
  if (!isObject(project)) throw unresolved('which project this credential is of cannot be read');
  const { environment } = yield* ask('the environment of this credential', environmentQuery, {
    id: must(token, 'environmentId'),
  });
  if (!isObject(environment)) throw unresolved('which environment this credential is of cannot be read');
  return yield* described(
    [{ environment, project: { id: must(project, 'id'), name: must(project, 'name') } }],
    true,
    about,
  );
}

/** Names of the other environments of a project that a project token is shown, and how many volumes they share with it. */
export function* sharedVolumes(projectId: string): Looking<number | undefined> {
  const query =
    'query ($id: String!) { project(id: $id) { id volumes { edges { node { id } } pageInfo { hasNextPage } } } }';
  const data = yield* tryAsk('the volumes of the project', query, { id: projectId });
  const project = data?.['project'];
  return isObject(project) && isObject(project['volumes']) ? edgesOf(project['volumes'], 'volumes').length : undefined;
}

function* described(seen: readonly Seen[], whole: boolean, about: Introspecting): Looking<Inventory> {
  const instances = seen.map(({ environment }) => idsIn(environment['volumeInstances']));
  const counts = yield* backupCounts(instances.flat());
  const environments = seen.map(({ environment, project }, index): ReachedEnvironment => {
    const id = must(environment, 'id');
    const name = must(environment, 'name');
    return {
      id,
      name,
      project,
      ...productionOf(id, name, about),
      services: idsIn(environment['serviceInstances']).length,
      volumes: instances[index]?.length ?? 0,
      backups: counts.backupsOf(instances[index] ?? []),
    };
  });
  return { environments, whole, counts };
}

/** Names that people give to what is no production. */
const elsewhere =
  /(^|[^a-z])(stag(e|ing)?|dev(elop(ment)?)?|test(ing)?|preview|sandbox|demo|qa|ci|local|pr)([^a-z]|$)/i;

/** By the signed binding; else by its name, and a name that says nothing is production. */
function productionOf(
  id: string,
  name: string,
  about: Introspecting,
): Pick<ReachedEnvironment, 'production' | 'productionIs'> {
  const bound = about.environments.filter((one) => one.bindings['railway']?.includes(id));
  if (bound.length > 0) return { production: bound.some((one) => one.production), productionIs: 'proven' };
  return { production: !elsewhere.test(name), productionIs: 'assumed' };
}

function isOpen(environment: JsonObject): boolean {
  return (environment['deletedAt'] ?? null) === null && environment['canAccess'] !== false;
}

function edgesOf(connection: JsonObject, what: string): readonly JsonObject[] {
  // The question of whether there are more is asked apart: here a page is taken for what it is.
  return nodes({ ...connection, pageInfo: { hasNextPage: false } }, what);
}

function hasMore(connection: JsonObject): boolean {
  const { pageInfo } = connection;
  return !isObject(pageInfo) || pageInfo['hasNextPage'] !== false;
}

function endCursor(connection: JsonObject): string | undefined {
  const { pageInfo } = connection;
  const cursor = isObject(pageInfo) ? pageInfo['endCursor'] : undefined;
  return typeof cursor === 'string' ? cursor : undefined;
}

function idsIn(connection: Json | undefined): readonly string[] {
  if (!isObject(connection) || !Array.isArray(connection['edges'])) return [];
  return items(connection['edges'], 'edges').flatMap((edge) => {
    const { node } = edge;
    return isObject(node) && typeof node['id'] === 'string' ? [node['id']] : [];
  });
}
