import { fact, type Found, found } from './found.ts';
import { inProject } from './plugins.ts';
import { environmentFact } from './service.ts';
import type { ProjectView, Survey } from './survey.ts';
import { textOf } from '../arguments.ts';
import { ask, items, must, nodes, unresolved } from '../ask.ts';
import type { Judged } from '../judge.ts';
import type { Looking } from '../../../contract/lookup.ts';
import type { Json, JsonObject } from '../../../model/json.ts';

interface Kind {
  readonly kind: string;
  readonly what: string;
  readonly query: string;
  readonly field: string;
  readonly list: (value: Json | undefined) => readonly JsonObject[];
  readonly name: string;
}

const paged = 'pageInfo { hasNextPage }';

const token: Kind = {
  kind: 'railway:project-token',
  what: 'project token',
  query: `query ($id: String!) { projectTokens(projectId: $id) { edges { node { id name environmentId createdAt } } ${paged} } }`,
  field: 'projectTokens',
  list: (value) => nodes(value, 'project tokens'),
  name: 'name',
};
const integration: Kind = {
  kind: 'railway:integration',
  what: 'integration',
  query: `query ($id: String!) { integrations(projectId: $id) { edges { node { id name } } ${paged} } }`,
  field: 'integrations',
  list: (value) => nodes(value, 'integrations'),
  name: 'name',
};
const invitation: Kind = {
  kind: 'railway:project-invitation',
  what: 'invitation',
  query: 'query ($id: String!) { projectInvitations(id: $id) { id email expiresAt } }',
  field: 'projectInvitations',
  list: (value) => items(value, 'invitations'),
  name: 'email',
};

const kinds: { readonly [operation: string]: Kind } = {
  projectTokenDelete: token,
  integrationDelete: integration,
  integrationUpdate: integration,
  projectInvitationDelete: invitation,
  projectInvitationResend: invitation,
};

/**
 * A thing of a project that is known by its id alone, looked for in every project that is bound: a project token is of
 * the environment that it opens, the others are of every environment of their project.
 */
export function* projectThing(judged: Judged, survey: Survey): Looking<Found> {
  const { name: operation, arguments: args } = judged.field;
  const kind = Object.hasOwn(kinds, operation) ? kinds[operation] : undefined;
  const id = textOf({ id: args['id'] ?? null }, 'id');
  if (kind === undefined || id === undefined) throw unresolved('the arguments name no target');
  survey.requireWholeSight(`${kind.what} \`${id}\``);
  for (const project of yield* survey.projects()) {
    const data = yield* ask(`${kind.what}s of project \`${project.name}\``, kind.query, { id: project.id });
    const record = kind.list(data[kind.field]).find((one) => one['id'] === id);
    if (record === undefined) continue;
    const named = textOf(args, 'projectId');
    if (named !== undefined && named !== project.id)
      throw unresolved(`${kind.what} \`${id}\` is in project \`${project.name}\`, not in the one that is named`);
    return foundIn(project, kind, record, id, survey);
  }
  throw unresolved(`${kind.what} \`${id}\` is in no project that holdpoint.yaml binds, or cannot be seen`);
}

function foundIn(project: ProjectView, kind: Kind, record: JsonObject, id: string, survey: Survey): Found {
  const name = must(record, kind.name);
  const facts = [fact(kind.what, name, 'warning')];
  if (kind !== token) return inProject(project, survey, { kind: kind.kind, id, name }, facts);
  const environmentId = must(record, 'environmentId');
  const view = project.environments.find((one) => one.id === environmentId);
  const bound = survey.bound(environmentId, view?.name);
  return found({
    resources: [{ kind: kind.kind, id, name, environments: [bound] }],
    name,
    facts: [
      ...facts,
      fact('project', project.name),
      fact('made', must(record, 'createdAt')),
      environmentFact(bound, view?.name ?? bound, survey.context),
    ],
    places: [{ projectId: project.id, environmentId, environment: bound }],
  });
}
