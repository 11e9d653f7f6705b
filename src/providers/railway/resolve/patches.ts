import { fact, type Found } from './found.ts';
import type { EnvironmentView, ProjectView, Survey } from './survey.ts';
import { isObject } from '../arguments.ts';
import { ask, must, unresolved } from '../ask.ts';
import type { Judged } from '../judge.ts';
import { type PatchReading, readPatch } from '../patch.ts';
import { holdsCredential } from '../sensitive.ts';
import type { Looking } from '../../../contract/lookup.ts';
import type { Resource } from '../../../model/action.ts';
import { digestOf } from '../../../model/digest.ts';
import type { Fact } from '../../../model/hold.ts';
import type { JsonObject } from '../../../model/json.ts';

/** What a change set reaches besides the environment that it is applied to, and what is shown of it. */
export interface PatchReach {
  readonly resources: readonly Resource[];
  readonly facts: readonly Fact[];
  readonly dependents: readonly string[];
  /** What it makes of the act that it deletes, or writes a credential. */
  readonly worse?: Found['worse'];
}

const nothing: PatchReach = { resources: [], facts: [], dependents: [] };

/** The patch that a mutation carries or would commit; nothing for operations that have none. */
export function* patchReach(judged: Judged, view: EnvironmentView, survey: Survey): Looking<PatchReach> {
  const { name, arguments: args } = judged.field;
  switch (name) {
    case 'environmentPatchCommit':
      // Without a patch of its own it commits the staged one.
      return (args['patch'] ?? null) === null
        ? yield* stagedReach(view, survey)
        : yield* reachOf(readPatch(args['patch']), view, survey, false);
    case 'environmentStageChanges':
      return yield* stagingReach(judged, view, survey);
    case 'environmentApplyChangeSet':
      return yield* reachOf(readPatch(args['input']), view, survey, true);
    case 'environmentPatchCommitStaged':
      return yield* stagedReach(view, survey);
    default:
      return nothing;
  }
}

/**
 * What a commit of staged changes would apply: the very patch that is staged now, shown, and hashed into what is signed
 * with the values of its variables. A colleague who stages more after that makes it another act.
 */
function* stagedReach(view: EnvironmentView, survey: Survey): Looking<PatchReach> {
  const staged = yield* stagedIn(view);
  const reading = readPatch(staged['patch']);
  const reach = yield* reachOf(reading, view, survey, false);
  const empty = !reading.opaque && Object.keys(isObject(staged['patch']) ? staged['patch'] : {}).length === 0;
  return {
    ...reach,
    facts: [
      fact('staged', empty ? 'nothing' : `last changed ${must(staged, 'updatedAt')}`, empty ? 'warning' : 'plain'),
      ...reach.facts,
    ],
    dependents: [...reach.dependents, stagedMark(staged)],
  };
}

/** What is staged for the next commit; what stood there before is written over or merged into, and counts as well. */
function* stagingReach({ field }: Judged, view: EnvironmentView, survey: Survey): Looking<PatchReach> {
  const reach = yield* reachOf(readPatch(field.arguments['input']), view, survey, false);
  const staged = yield* stagedIn(view);
  const before = factsOf(readPatch(staged['patch']), view).map((one) => ({
    ...one,
    label: `staged before: ${one.label}`,
  }));
  return { ...reach, facts: [...reach.facts, ...before], dependents: [...reach.dependents, stagedMark(staged)] };
}

const stagedQuery = `query ($id: String!) { environmentStagedChanges(environmentId: $id) { id status updatedAt patch(decryptVariables: true) } }`;

function* stagedIn(view: EnvironmentView): Looking<JsonObject> {
  const { environmentStagedChanges: staged } = yield* ask(`what is staged in \`${view.name}\``, stagedQuery, {
    id: view.id,
  });
  if (!isObject(staged) || staged['patch'] === undefined)
    throw unresolved(`what is staged in \`${view.name}\` cannot be read`);
  return staged;
}

function stagedMark(staged: JsonObject): string {
  return `staged:${digestOf('holdpoint/railway-staged/v1', staged)}`;
}

/**
 * A volume, a service or a bucket that a patch deletes counts wherever it exists: the schema does not say that deleting it
 * in the configuration of one environment leaves the others alone. `wide`: intents whose ids nobody can tell apart.
 */
function* reachOf(reading: PatchReading, view: EnvironmentView, survey: Survey, wide: boolean): Looking<PatchReach> {
  const facts = factsOf(reading, view);
  const worse = worseOf(reading);
  const things = reading.deletions.map(deletedThing).filter((thing) => thing !== undefined);
  const everything = reading.opaque || (wide && deletes(reading));
  if (!everything && things.length === 0) return { ...nothing, facts, ...worse };
  survey.requireWholeSight('what this deletes');
  const project = yield* survey.project(view.projectId);
  const targets = everything ? [{ section: 'project', id: project.id }] : things;
  const resources = targets.map((thing) => resourceOf(thing, project, survey));
  return { resources, facts, dependents: targets.map((thing) => `${thing.section}:${thing.id}`), ...worse };
}

function worseOf(reading: PatchReading): Pick<PatchReach, 'worse'> {
  const deleting = deletes(reading);
  const credential = reading.variables.some((path) => holdsCredential(path.split('.').at(-1) ?? ''));
  if (!deleting && !credential && reading.code.length === 0) return {};
  const whys = [
    deleting ? 'what is applied deletes' : '',
    credential ? 'what is applied writes a variable that holds a credential' : '',
    reading.code.length > 0 ? 'what is applied decides which code runs' : '',
  ];
  return {
    worse: {
      reversibility: 'irreversible',
      why: whys.filter((why) => why !== '').join('; '),
      traits: [
        ...(deleting ? (['weakens-backup'] as const) : []),
        ...(credential ? (['credential'] as const) : []),
        ...(reading.code.length > 0 ? (['runs-code'] as const) : []),
      ],
    },
  };
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

/** Ways that begin with a service's id, by its name as well. */
function named(path: string, view: EnvironmentView): string {
  const [section, id] = path.split('.');
  const name = section === 'services' ? view.services.find((one) => one.id === id)?.name : undefined;
  return name === undefined ? path : `${path} (\`${name}\`)`;
}

/** The content of a patch; of its variables the names alone. */
function factsOf(reading: PatchReading, view: EnvironmentView): readonly Fact[] {
  const { deletions, code, variables, settings, opaque } = reading;
  const some = (paths: readonly string[]): string =>
    `${paths
      .slice(0, 10)
      .map((path) => named(path, view))
      .join(', ')}${paths.length > 10 ? `, and ${paths.length - 10} more` : ''}`;
  return [
    fact(
      'deletes',
      opaque ? 'cannot be read, so anything' : deletions.length === 0 ? 'nothing' : some(deletions),
      deletes(reading) ? 'danger' : 'plain',
    ),
    ...(code.length > 0 ? [fact('changes code', some(code), 'warning')] : []),
    ...(variables.length > 0 ? [fact('writes variables', some(variables), 'warning')] : []),
    ...settings.slice(0, 20).map(([path, value]) => fact('sets', `${named(path, view)}: ${value}`)),
    ...(settings.length > 20 ? [fact('sets more', String(settings.length - 20), 'warning')] : []),
  ];
}

function deletes({ deletions, opaque }: PatchReading): boolean {
  return opaque || deletions.length > 0;
}
