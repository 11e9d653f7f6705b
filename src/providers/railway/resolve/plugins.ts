import { fact, type Found, found } from './found.ts';
import { environmentFact } from './service.ts';
import type { ProjectView, Survey } from './survey.ts';
import { isObject, textOf } from '../arguments.ts';
import { ask, must, unresolved } from '../ask.ts';
import type { Judged } from '../judge.ts';
import type { Looking } from '../../../contract/lookup.ts';
import type { Fact } from '../../../model/hold.ts';

const query = `query ($id: String!) { plugin(id: $id) { id name friendlyName status createdAt deletedAt project { id } } }`;

/**
 * A legacy database. It belongs to its project, and the schema does not say that an environment among the arguments
 * keeps an operation inside it: so it counts as every environment of the project.
 */
export function* plugin(judged: Judged, survey: Survey): Looking<Found> {
  const { field } = judged;
  const environmentId = textOf(field.arguments, 'environmentId');
  survey.requireWholeSight('a legacy database');
  if (field.name === 'pluginCreate') {
    const project = yield* survey.project(textOf(field.arguments, 'projectId') ?? '');
    requireWithin(environmentId, project);
    return inProject(project, survey, { kind: 'railway:project', id: project.id, name: project.name });
  }
  const id = textOf(field.arguments, 'id');
  if (id === undefined) throw unresolved('no legacy database is named');
  const { plugin: record } = yield* ask(`legacy database \`${id}\``, query, { id });
  if (!isObject(record) || record['id'] !== id || !isObject(record['project']))
    throw unresolved(`legacy database \`${id}\` is unknown to railway`);
  const project = yield* survey.project(must(record['project'], 'id'));
  requireWithin(environmentId, project);
  const name = must(record, 'friendlyName');
  return inProject(project, survey, { kind: 'railway:plugin', id, name }, [
    fact('legacy database', `${name} (${must(record, 'name')}, ${must(record, 'status').toLowerCase()})`, 'warning'),
    fact('made', must(record, 'createdAt')),
  ]);
}

function requireWithin(environmentId: string | undefined, project: ProjectView): void {
  if (environmentId === undefined || project.environments.some((one) => one.id === environmentId)) return;
  throw unresolved(`environment \`${environmentId}\` is not in project \`${project.name}\``);
}

/** Something that belongs to a project as a whole: in every environment of it. */
export function inProject(
  project: ProjectView,
  survey: Survey,
  resource: { readonly kind: string; readonly id: string; readonly name: string },
  facts: readonly Fact[] = [],
): Found {
  const places = project.environments.map((one) => ({
    projectId: project.id,
    environmentId: one.id,
    environment: survey.bound(one.id, one.name),
  }));
  if (places.length === 0) throw unresolved(`project \`${project.name}\` has no environment that can be seen`);
  return found({
    resources: [{ ...resource, environments: [...new Set(places.map((one) => one.environment))].sort() }],
    name: resource.name,
    facts: [
      ...facts,
      fact('project', project.name),
      ...project.environments.map((one) => environmentFact(survey.bound(one.id), one.name, survey.context)),
    ],
    places,
  });
}
