import { fact } from './found.ts';
import type { EnvironmentView, ProjectView, Survey } from './survey.ts';
import { isObject } from '../arguments.ts';
import { ask, unresolved } from '../ask.ts';
import type { Judged } from '../judge.ts';
import { type PatchReading, readPatch } from '../patch.ts';
import type { Looking } from '../../../contract/lookup.ts';
import type { Resource } from '../../../model/action.ts';
import { digestOf } from '../../../model/digest.ts';
import type { Fact } from '../../../model/hold.ts';

/** What a change set reaches besides the environment that it is applied to, and what is shown of it. */
export interface PatchReach {
  readonly resources: readonly Resource[];
  readonly facts: readonly Fact[];
  readonly dependents: readonly string[];
  readonly deletes: boolean;
}

const nothing: PatchReach = { resources: [], facts: [], dependents: [], deletes: false };

/** The patch that a mutation carries or would commit; nothing for operations that have none. */
export function* patchReach(judged: Judged, view: EnvironmentView, survey: Survey): Looking<PatchReach> {
  const { name, arguments: args } = judged.field;
  switch (name) {
    case 'environmentPatchCommit':
    case 'environmentStageChanges':
      return yield* reachOf(readPatch(args['patch'] ?? args['input']), view, survey, false);
    case 'environmentApplyChangeSet':
      return yield* reachOf(readPatch(args['input']), view, survey, true);
    case 'environmentPatchCommitStaged':
      return yield* stagedReach(view, survey);
    default:
      return nothing;
  }
}

/** What a commit of staged changes would apply: the very patch that is staged now, hashed into what is signed. */
function* stagedReach(view: EnvironmentView, survey: Survey): Looking<PatchReach> {
  const query = `query ($id: String!) { environmentStagedChanges(environmentId: $id) { id status updatedAt patch } }`;
  const { environmentStagedChanges: staged } = yield* ask(`what is staged in \`${view.name}\``, query, { id: view.id });
  if (!isObject(staged)) throw unresolved(`what is staged in \`${view.name}\` cannot be read`);
  const reach = yield* reachOf(readPatch(staged['patch']), view, survey, false);
  return { ...reach, dependents: [...reach.dependents, `staged:${digestOf('holdpoint/railway-staged/v1', staged)}`] };
}

/**
 * A volume, a service or a bucket that a patch deletes counts wherever it exists: the schema does not say that deleting it
 * in the configuration of one environment leaves the others alone. `wide`: intents whose ids nobody can tell apart.
 */
function* reachOf(reading: PatchReading, view: EnvironmentView, survey: Survey, wide: boolean): Looking<PatchReach> {
  const deletes = reading.opaque || reading.deletions.length > 0;
  const facts = factsOf(reading);
  const things = reading.deletions.map(deletedThing).filter((thing) => thing !== undefined);
  const everything = reading.opaque || (wide && deletes);
  if (!everything && things.length === 0) return { resources: [], facts, dependents: [], deletes };
  survey.requireWholeSight('what this deletes');
  const project = yield* survey.project(view.projectId);
  const targets = everything ? [{ section: 'project', id: project.id }] : things;
  const resources = targets.map((thing) => resourceOf(thing, project, survey));
  return { resources, facts, dependents: targets.map((thing) => `${thing.section}:${thing.id}`), deletes };
}

interface Thing {
  readonly section: string;
  readonly id: string;
}

/** `volumes.<id>` or `volumes.<id>.isDeleted`: deeper paths are settings within the environment. */
function deletedThing(path: string): Thing | undefined {
  const [section, id, member, ...deeper] = path.split('.');
  if (section === undefined || deeper.length > 0) return undefined;
  if (id === undefined) return { section: 'project', id: section };
  if (member !== undefined && !/^(?:is_?)?deleted$/i.test(member)) return undefined;
  return section === 'sharedVariables' ? undefined : { section, id };
}

function resourceOf({ section, id }: Thing, project: ProjectView, survey: Survey): Resource {
  const holding = project.environments.filter(
    (environment) =>
      (section === 'volumes' && environment.volumeInstances.some((instance) => instance.volumeId === id)) ||
      (section === 'services' && environment.services.some((service) => service.id === id)),
  );
  const environments = holding.length > 0 ? holding : project.environments;
  const name = section === 'volumes' ? project.volumes.get(id)?.name : project.services.get(id)?.name;
  const kind =
    section === 'volumes'
      ? 'volume'
      : section === 'services'
        ? 'service'
        : section === 'buckets'
          ? 'bucket'
          : 'project';
  return {
    kind: `railway:${kind}`,
    id,
    ...(name === undefined ? {} : { name }),
    environments: [...new Set(environments.map((one) => survey.bound(one.id, one.name)))].sort(),
  };
}

function factsOf(reading: PatchReading): readonly Fact[] {
  const { deletions, code, variables, opaque } = reading;
  const some = (paths: readonly string[]): string =>
    `${paths.slice(0, 10).join(', ')}${paths.length > 10 ? `, and ${paths.length - 10} more` : ''}`;
  return [
    fact(
      'deletes',
      opaque ? 'cannot be read, so anything' : deletions.length === 0 ? 'nothing' : some(deletions),
      deletes(reading) ? 'danger' : 'plain',
    ),
    ...(code.length > 0 ? [fact('changes code', some(code), 'warning')] : []),
    ...(variables.length > 0 ? [fact('writes variables', some(variables), 'warning')] : []),
  ];
}

function deletes({ deletions, opaque }: PatchReading): boolean {
  return opaque || deletions.length > 0;
}
