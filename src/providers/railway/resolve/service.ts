import { isObject, textOf } from '../arguments.ts';
import { unresolved } from '../ask.ts';
import type { Judged } from '../judge.ts';
import { fact, type Found, found, type Place } from './found.ts';
import { requirePrivateNetwork } from './private-networks.ts';
import type { EnvironmentView, ProjectView, Survey } from './survey.ts';
import type { Looking } from '../../../contract/lookup.ts';
import type { ResolveContext } from '../../../contract/provider.ts';

const serviceArguments = ['serviceId', 'rootServiceId', 'id'] as const;

/**
 * Operations on a service whose environment argument confines them only where it names a fork: elsewhere railway acts on
 * every environment that is not one (schema: `serviceDelete.environmentId`, `serviceInstanceUpdate.environmentId`).
 */
export function* service(judged: Judged, survey: Survey): Looking<Found> {
  const args = judged.field.arguments;
  const serviceId = textOf(args, ...serviceArguments);
  if (serviceId === undefined) throw unresolved('no service is named');
  const environmentId = textOf(args, 'environmentId');
  if (environmentId !== undefined) {
    const environment = yield* survey.environment(environmentId);
    survey.bound(environment.id, environment.name);
    requireService(serviceId, environment);
    if (environment.fork) return one(serviceId, environment, survey);
  }
  survey.requireWholeSight(`service \`${serviceId}\``);
  const project = yield* projectOf(serviceId, environmentId, survey);
  const forks = environmentId === undefined;
  const environments = project.environments.filter(
    (environment) => (forks || !environment.fork) && environment.services.some((instance) => instance.id === serviceId),
  );
  return many(serviceId, project, environments, survey);
}

/** A service in the one environment that is named. */
export function* serviceIn(judged: Judged, survey: Survey): Looking<Found> {
  const args = judged.field.arguments;
  const serviceId = textOf(args, ...serviceArguments);
  const environmentId = textOf(args, 'environmentId');
  if (serviceId === undefined || environmentId === undefined) throw unresolved('no service or no environment is named');
  const environment = yield* survey.environment(environmentId);
  const projectId = textOf(args, 'projectId');
  if (projectId !== undefined && projectId !== environment.projectId) {
    throw unresolved(`environment \`${environment.name}\` is not in project \`${projectId}\``);
  }
  requireService(serviceId, environment);
  const network = textOf(args, 'privateNetworkId');
  if (network !== undefined) yield* requirePrivateNetwork(network, environment);
  const input = args['input'];
  const everywhere = isObject(input) && input['allEnvironments'] === true;
  if (!everywhere) return one(serviceId, environment, survey);
  survey.requireWholeSight(`service \`${serviceId}\``);
  const project = yield* survey.project(environment.projectId);
  const environments = project.environments.filter((view) =>
    view.services.some((instance) => instance.id === serviceId),
  );
  return many(serviceId, project, environments, survey);
}

function requireService(serviceId: string, environment: EnvironmentView): void {
  if (environment.services.some((instance) => instance.id === serviceId)) return;
  throw unresolved(
    `service \`${serviceId}\` has no instance in environment \`${environment.name}\`, or cannot be seen`,
  );
}

function* projectOf(serviceId: string, environmentId: string | undefined, survey: Survey): Looking<ProjectView> {
  if (environmentId !== undefined) return yield* survey.project((yield* survey.environment(environmentId)).projectId);
  for (const project of yield* survey.projects()) if (project.services.has(serviceId)) return project;
  throw unresolved(`service \`${serviceId}\` is in no project that holdpoint.yaml binds, or cannot be seen`);
}

function one(serviceId: string, environment: EnvironmentView, survey: Survey): Found {
  const bound = survey.bound(environment.id, environment.name);
  const name = environment.services.find((instance) => instance.id === serviceId)?.name ?? serviceId;
  return found({
    resources: [{ kind: 'railway:service', id: serviceId, name, environments: [bound] }],
    name,
    facts: [
      fact('service', name),
      environmentFact(bound, environment.name, survey.context),
      ...volumeFacts(serviceId, environment),
    ],
    dependents: attached(serviceId, environment),
    places: [{ projectId: environment.projectId, environmentId: environment.id, environment: bound, serviceId }],
  });
}

function many(
  serviceId: string,
  project: ProjectView,
  environments: readonly EnvironmentView[],
  survey: Survey,
): Found {
  const name = project.services.get(serviceId)?.name ?? serviceId;
  if (environments.length === 0)
    throw unresolved(`service \`${name}\` has no instance in any environment that can be seen`);
  const places = environments.map((environment): Place => {
    const bound = survey.bound(environment.id, environment.name);
    return { projectId: project.id, environmentId: environment.id, environment: bound, serviceId };
  });
  return found({
    resources: [
      {
        kind: 'railway:service',
        id: serviceId,
        name,
        environments: [...new Set(places.map((one) => one.environment))].sort(),
      },
    ],
    name,
    facts: [
      fact('service', name),
      fact('project', project.name),
      ...environments.map((environment) =>
        environmentFact(survey.bound(environment.id), environment.name, survey.context),
      ),
      ...environments.flatMap((environment) => volumeFacts(serviceId, environment)),
    ],
    dependents: environments.flatMap((environment) => attached(serviceId, environment)),
    places,
  });
}

export function environmentFact(bound: string, name: string, context: ResolveContext): ReturnType<typeof fact> {
  const production = context.environments.some((one) => one.name === bound && one.production);
  return fact('environment', bound === name ? bound : `${bound} (\`${name}\`)`, production ? 'danger' : 'plain');
}

function attached(serviceId: string, environment: EnvironmentView): readonly string[] {
  return environment.volumeInstances
    .filter((instance) => instance.serviceId === serviceId)
    .flatMap((instance) => [instance.id, instance.volumeId]);
}

function volumeFacts(serviceId: string, environment: EnvironmentView): readonly ReturnType<typeof fact>[] {
  return environment.volumeInstances
    .filter((instance) => instance.serviceId === serviceId)
    .map((instance) =>
      fact(
        `volume in ${environment.name}`,
        `${Math.round(instance.currentSizeMB)} of ${instance.sizeMB} MB at ${instance.mountPath}`,
        'warning',
      ),
    );
}
