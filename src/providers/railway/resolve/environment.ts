import { flat, textOf } from '../arguments.ts';
import { unresolved } from '../ask.ts';
import type { Judged } from '../judge.ts';
import { fact, type Found, found } from './found.ts';
import { patchReach } from './patches.ts';
import { environmentFact } from './service.ts';
import { sandboxIn } from './things.ts';
import type { EnvironmentView, Survey } from './survey.ts';
import { backupsOf } from './volume.ts';
import type { Looking } from '../../../contract/lookup.ts';
import type { Fact } from '../../../model/hold.ts';

/** One environment, as it is named. */
export function* environment(judged: Judged, survey: Survey): Looking<Found> {
  const args = judged.field.arguments;
  const id = textOf(args, 'environmentId', 'sourceEnvironmentId', 'id');
  if (id === undefined) throw unresolved('no environment is named');
  const view = yield* survey.environment(id);
  const projectId = textOf(args, 'projectId');
  if (projectId !== undefined && projectId !== view.projectId) {
    throw unresolved(`environment \`${view.name}\` is not in project \`${projectId}\``);
  }
  const source = judged.field.name === 'sandboxCreate' ? textOf(args, 'sourceSandboxId') : undefined;
  if (source !== undefined) yield* sandboxIn(view, source);
  const into = textOf(args, 'targetEnvironmentId');
  const others = into === undefined ? [] : [yield* survey.environment(into)];
  const facts = [...contents(view, survey), ...others.flatMap((other) => contents(other, survey))];
  const backups = judged.field.name === 'environmentDelete' ? yield* backupsIn([view]) : [];
  if (backups.length > 0) facts.push(fact('backups that die with it', String(backups.length), 'danger'));
  const patch = yield* patchReach(judged, view, survey);
  return found({
    resources: [
      ...[view, ...others].map((one) => ({
        kind: 'railway:environment',
        id: one.id,
        name: one.name,
        environments: [survey.bound(one.id, one.name)],
      })),
      ...patch.resources,
    ],
    name: view.name,
    facts: [...facts, ...patch.facts],
    dependents: [...volumesIn(view), ...backups, ...patch.dependents],
    places: [{ projectId: view.projectId, environmentId: view.id, environment: survey.bound(view.id, view.name) }],
    ...(patch.worse === undefined ? {} : { worse: patch.worse }),
  });
}

/** A whole project: every environment in it. */
export function* project(judged: Judged, survey: Survey): Looking<Found> {
  const args = judged.field.arguments;
  const id = textOf(args, 'projectId', 'id');
  if (id === undefined) throw unresolved('no project is named');
  survey.requireWholeSight(`project \`${id}\``);
  const seen = yield* survey.project(id);
  // That the project stays harms no environment: one that nobody has bound yet must not stop it.
  const stays = judged.field.name === 'projectScheduleDeleteCancel';
  const view = stays ? { ...seen, environments: seen.environments.filter((one) => survey.isBound(one.id)) } : seen;
  if (judged.field.name === 'environmentCreate') return yield* newEnvironment(judged, survey);
  const deletes = /Delete(?:Force)?$/.test(judged.field.name);
  const dependents: string[] = [];
  const facts: Fact[] = [
    fact('project', view.name),
    fact('services', String(view.services.size)),
    fact('made', view.createdAt),
  ];
  for (const one of view.environments) {
    facts.push(...contents(one, survey));
    dependents.push(one.id, ...volumesIn(one));
  }
  const backups = deletes ? yield* backupsIn(view.environments) : [];
  dependents.push(...backups);
  if (backups.length > 0) facts.push(fact('backups that die with it', String(backups.length), 'danger'));
  return found({
    resources: [
      {
        kind: 'railway:project',
        id,
        name: view.name,
        environments: [...new Set(view.environments.map((one) => survey.bound(one.id, one.name)))].sort(),
      },
    ],
    name: view.name,
    facts,
    dependents,
    places: view.environments.map((one) => ({
      projectId: id,
      environmentId: one.id,
      environment: survey.bound(one.id, one.name),
    })),
  });
}

/** A new environment counts as the one that it is copied from; an empty one as every environment of its project. */
function* newEnvironment(judged: Judged, survey: Survey): Looking<Found> {
  const args = judged.field.arguments;
  const view = yield* survey.project(textOf(args, 'projectId') ?? '');
  const source = textOf(args, 'sourceEnvironmentId');
  const copied = source === undefined ? view.environments : view.environments.filter((one) => one.id === source);
  if (copied.length === 0) throw unresolved(`environment \`${source ?? ''}\` is not in project \`${view.name}\``);
  return found({
    resources: [
      {
        kind: 'railway:project',
        id: view.id,
        name: view.name,
        environments: [...new Set(copied.map((one) => survey.bound(one.id, one.name)))].sort(),
      },
    ],
    name: view.name,
    facts: [
      fact('project', view.name),
      ...(source === undefined
        ? []
        : copied.flatMap((one) => [fact('copied from', one.name, 'danger'), ...contents(one, survey)])),
    ],
    places: [{ projectId: view.id, environmentId: source ?? '', environment: '' }],
  });
}

/**
 * Something new in a project: in the environment it names, else in all of them. A new service is also made in every other
 * environment that is no fork, when the named one is none (schema: `ServiceCreateInput.environmentId`).
 */
export function* place(judged: Judged, survey: Survey): Looking<Found> {
  const args = judged.field.arguments;
  const named = textOf(args, 'environmentId');
  const projectId = textOf(args, 'projectId');
  const spreads = judged.field.name === 'serviceCreate';
  if (named !== undefined) {
    const view = yield* survey.environment(named);
    if (projectId !== undefined && projectId !== view.projectId)
      throw unresolved(`environment \`${view.name}\` is not in project \`${projectId}\``);
    requireServiceHere(flat(args)['serviceId'], view);
    if (!spreads || view.fork) return placed([view], view.projectId, survey);
    survey.requireWholeSight('a new service');
    const all = yield* survey.project(view.projectId);
    return placed(
      all.environments.filter((one) => !one.fork || one.id === named),
      view.projectId,
      survey,
    );
  }
  if (projectId === undefined)
    throw unresolved('neither a project nor an environment is named, so it could be anywhere');
  survey.requireWholeSight('something new in a whole project');
  return placed((yield* survey.project(projectId)).environments, projectId, survey);
}

function requireServiceHere(serviceId: unknown, view: EnvironmentView): void {
  if (typeof serviceId !== 'string' || view.services.some((one) => one.id === serviceId)) return;
  throw unresolved(`service \`${serviceId}\` has no instance in environment \`${view.name}\``);
}

function placed(views: readonly EnvironmentView[], projectId: string, survey: Survey): Found {
  return found({
    resources: views.map((view) => ({
      kind: 'railway:environment',
      id: view.id,
      name: view.name,
      environments: [survey.bound(view.id, view.name)],
    })),
    name: views.map((view) => view.name).join(', '),
    facts: views.map((view) => environmentFact(survey.bound(view.id, view.name), view.name, survey.context)),
    places: views.map((view) => ({ projectId, environmentId: view.id, environment: survey.bound(view.id, view.name) })),
  });
}

/** Both ids of each: the volume's own, and that of its instance here. */
function volumesIn(view: EnvironmentView): readonly string[] {
  return view.volumeInstances.flatMap((instance) => [instance.id, instance.volumeId]);
}

function contents(view: EnvironmentView, survey: Survey): Fact[] {
  const bound = survey.bound(view.id, view.name);
  const used = view.volumeInstances.reduce((sum, instance) => sum + instance.currentSizeMB, 0);
  return [
    environmentFact(bound, view.name, survey.context),
    fact(`services in ${bound}`, String(view.services.length)),
    fact(
      `volumes in ${bound}`,
      `${view.volumeInstances.length}, ${Math.round(used)} MB`,
      view.volumeInstances.length > 0 ? 'warning' : 'plain',
    ),
  ];
}

function* backupsIn(views: readonly EnvironmentView[]): Looking<readonly string[]> {
  const ids = views.flatMap((view) => view.volumeInstances.map((instance) => instance.id));
  return (yield* backupsOf(ids)).flat().map((one) => one.id);
}
