import { isObject } from '../arguments.ts';
import { ask, must, nodes, tryAsk, unresolved } from '../ask.ts';
import type { Looking } from '../../../contract/lookup.ts';
import type { ResolveContext } from '../../../contract/provider.ts';
import { boundTo } from '../../../model/environment.ts';
import type { Json, JsonObject } from '../../../model/json.ts';

const instanceFields = `serviceInstances { edges { node { id serviceId serviceName environmentId } } pageInfo { hasNextPage } }
  volumeInstances { edges { node { id volumeId environmentId mountPath serviceId state sizeMB currentSizeMB createdAt isPendingDeletion region } } pageInfo { hasNextPage } }`;

const projectQuery = `query ($id: String!) { project(id: $id) { id name createdAt
  environments { edges { node { id name canAccess deletedAt sourceEnvironment { id } ${instanceFields} } } pageInfo { hasNextPage } }
  services { edges { node { id name createdAt deletedAt } } pageInfo { hasNextPage } }
  volumes { edges { node { id name createdAt } } pageInfo { hasNextPage } } } }`;

/** A project token may not see the environment that its own was forked from: asking for it could cost the whole answer. */
const environmentQuery = (reach: ResolveContext['reach'], also: Also = nothingElse): string =>
  `query ($id: String!${also.parameters}) { environment(id: $id) { id name projectId createdAt ${reach === 'all' ? 'sourceEnvironment { id }' : ''} ${instanceFields} ${also.inside} } ${also.beside} }`;

/** What is asked in one question with an environment. */
export interface Also {
  /** Further parameters of the query, each with its comma. */
  readonly parameters: string;
  /** Fields of the environment, and of the query. */
  readonly inside: string;
  readonly beside: string;
}

const nothingElse: Also = { parameters: '', inside: '', beside: '' };

export interface VolumeInstance {
  readonly id: string;
  readonly volumeId: string;
  readonly environmentId: string;
  readonly mountPath: string;
  readonly serviceId: string | undefined;
  readonly state: string;
  readonly sizeMB: number;
  readonly currentSizeMB: number;
  readonly createdAt: string;
  readonly pendingDeletion: boolean;
}

/** One of Railway's environments with what is in it. */
export interface EnvironmentView {
  readonly id: string;
  readonly name: string;
  readonly projectId: string;
  /** A fork of another environment: operations on a service stay inside it. */
  readonly fork: boolean;
  /** Services that have an instance in it; `instance` is that instance's own id. */
  readonly services: readonly { readonly id: string; readonly name: string; readonly instance: string }[];
  readonly volumeInstances: readonly VolumeInstance[];
}

export interface ProjectView {
  readonly id: string;
  readonly name: string;
  readonly createdAt: string;
  readonly environments: readonly EnvironmentView[];
  readonly services: ReadonlyMap<string, { readonly name: string; readonly createdAt: string }>;
  readonly volumes: ReadonlyMap<string, { readonly name: string; readonly createdAt: string }>;
}

/** What one resolution has seen so far. Nothing outlives it: every write's targets are looked up live. */
export class Survey {
  readonly context: ResolveContext;
  readonly #projects = new Map<string, ProjectView>();
  readonly #environments = new Map<string, EnvironmentView | undefined>();
  #own: string | undefined;

  constructor(context: ResolveContext) {
    this.context = context;
  }

  /** Our environment's name for one of Railway's ids; throws `DENIED` when it is bound to none. */
  bound(id: string, name?: string): string {
    const environment = boundTo(this.context.environments, 'railway', id);
    if (environment !== undefined) return environment.name;
    const shown = name === undefined ? `\`${id}\`` : `\`${name}\` (\`${id}\`)`;
    throw unresolved(`environment ${shown} is not bound in holdpoint.yaml`);
  }

  isBound(id: string): boolean {
    return boundTo(this.context.environments, 'railway', id) !== undefined;
  }

  /** Every environment of ours. */
  get everywhere(): readonly string[] {
    return this.context.environments.map((environment) => environment.name).sort();
  }

  /** Railway's ids that any environment of ours is bound to. */
  get boundIds(): readonly string[] {
    return this.context.environments.flatMap((environment) => [...(environment.bindings['railway'] ?? [])]);
  }

  /** Throws `DENIED` where only the credential's own environment can be seen. */
  requireWholeSight(what: string): void {
    if (this.context.reach === 'all') return;
    throw unresolved(`${what} may exist in other environments, which the credential at hand cannot see: not resolved`);
  }

  /** One environment that is bound. What is not bound is not even asked about. */
  *environment(id: string): Looking<EnvironmentView> {
    this.bound(id);
    const view = yield* this.#view(id);
    if (view === undefined)
      throw unresolved(`environment \`${id}\` is unknown to railway, or this credential cannot see it`);
    return view;
  }

  /**
   * What else is to be known of a bound environment, in one question with it: a write waits for each answer in turn.
   * Undefined where Railway does not answer all of it, or the environment was seen before; then `environment` is asked,
   * and says what is wrong.
   */
  *ahead(id: string, also: Also, variables: JsonObject): Looking<JsonObject | undefined> {
    this.bound(id);
    if (this.#environments.has(id)) return undefined;
    if (this.context.reach === 'environment' && (yield* this.#ownEnvironment()) !== id) return undefined;
    const query = environmentQuery(this.context.reach, also);
    const data = yield* tryAsk(`environment \`${id}\` and what is in it`, query, { id, ...variables });
    if (data !== undefined) this.#seen(id, data);
    return data;
  }

  /** A project that an environment of ours belongs to; others are not asked about. */
  *project(id: string): Looking<ProjectView> {
    const known = this.#projects.get(id);
    if (known !== undefined) return known;
    if (!(yield* this.visible()).some((environment) => environment.projectId === id)) {
      throw unresolved(`project \`${id}\` has no environment that is bound in holdpoint.yaml, or cannot be seen`);
    }
    const { project } = yield* ask(`project \`${id}\``, projectQuery, { id });
    if (!isObject(project) || project['id'] !== id) throw unresolved(`project \`${id}\` is unknown to railway`);
    const view = readProject(project);
    this.#projects.set(id, view);
    for (const environment of view.environments) this.#environments.set(environment.id, environment);
    return view;
  }

  /** Every environment of ours that this credential can see. */
  *visible(): Looking<readonly EnvironmentView[]> {
    const found: EnvironmentView[] = [];
    for (const id of this.boundIds) {
      const view = yield* this.#view(id);
      if (view !== undefined) found.push(view);
    }
    return found;
  }

  /** Every project that an environment of ours belongs to. */
  *projects(): Looking<readonly ProjectView[]> {
    const ids = new Set<string>();
    for (const { projectId } of yield* this.visible()) ids.add(projectId);
    const views: ProjectView[] = [];
    for (const id of ids) views.push(yield* this.project(id));
    return views;
  }

  *#view(id: string): Looking<EnvironmentView | undefined> {
    if (this.#environments.has(id)) return this.#environments.get(id);
    if (this.context.reach === 'environment' && (yield* this.#ownEnvironment()) !== id) return undefined;
    return this.#seen(id, yield* tryAsk(`environment \`${id}\``, environmentQuery(this.context.reach), { id }));
  }

  #seen(id: string, data: JsonObject | undefined): EnvironmentView | undefined {
    const environment = data?.['environment'];
    const view =
      isObject(environment) && environment['id'] === id
        ? readEnvironment(environment, must(environment, 'projectId'))
        : undefined;
    this.#environments.set(id, view);
    return view;
  }

  /** The environment of a project token: asking about others would only be refused. */
  *#ownEnvironment(): Looking<string> {
    if (this.#own !== undefined) return this.#own;
    const { projectToken } = yield* ask(
      'the environment of this credential',
      'query { projectToken { environmentId } }',
      {},
    );
    if (!isObject(projectToken)) throw unresolved('which environment this credential sees cannot be read');
    this.#own = must(projectToken, 'environmentId');
    return this.#own;
  }
}

function readProject(project: JsonObject): ProjectView {
  const id = must(project, 'id');
  const environments = nodes(project['environments'], 'environments').filter(
    (environment) => (environment['deletedAt'] ?? null) === null,
  );
  const hidden = environments.find((environment) => environment['canAccess'] === false);
  if (hidden !== undefined)
    throw unresolved(`environment \`${must(hidden, 'name')}\` cannot be seen with this credential`);
  return {
    id,
    name: must(project, 'name'),
    createdAt: must(project, 'createdAt'),
    environments: environments.map((environment) => readEnvironment(environment, id)),
    services: named(nodes(project['services'], 'services')),
    volumes: named(nodes(project['volumes'], 'volumes')),
  };
}

function named(
  list: readonly JsonObject[],
): ReadonlyMap<string, { readonly name: string; readonly createdAt: string }> {
  return new Map(list.map((one) => [must(one, 'id'), { name: must(one, 'name'), createdAt: must(one, 'createdAt') }]));
}

function readEnvironment(environment: JsonObject, projectId: string): EnvironmentView {
  return {
    id: must(environment, 'id'),
    name: must(environment, 'name'),
    projectId,
    fork: isObject(environment['sourceEnvironment']),
    services: nodes(environment['serviceInstances'], 'services').map((instance) => ({
      id: must(instance, 'serviceId'),
      name: must(instance, 'serviceName'),
      instance: must(instance, 'id'),
    })),
    volumeInstances: nodes(environment['volumeInstances'], 'volumes').map(readInstance),
  };
}

function readInstance(instance: JsonObject): VolumeInstance {
  const { serviceId, state, sizeMB, currentSizeMB, isPendingDeletion } = instance;
  return {
    id: must(instance, 'id'),
    volumeId: must(instance, 'volumeId'),
    environmentId: must(instance, 'environmentId'),
    mountPath: must(instance, 'mountPath'),
    serviceId: typeof serviceId === 'string' ? serviceId : undefined,
    state: typeof state === 'string' ? state : 'unknown',
    sizeMB: numberOf(sizeMB),
    currentSizeMB: numberOf(currentSizeMB),
    createdAt: must(instance, 'createdAt'),
    pendingDeletion: isPendingDeletion === true,
  };
}

function numberOf(value: Json | undefined): number {
  return typeof value === 'number' ? value : 0;
}
