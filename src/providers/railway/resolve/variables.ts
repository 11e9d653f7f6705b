import { fact, type Found, found } from './found.ts';
import { environmentFact } from './service.ts';
import type { Also, EnvironmentView, Survey } from './survey.ts';
import { flat, isObject, textOf, variableMap, writtenVariables } from '../arguments.ts';
import { ask, must, nodes, unresolved } from '../ask.ts';
import type { Judged } from '../judge.ts';
import { maskText } from '../secrets.ts';
import { holdsCredential } from '../sensitive.ts';
import { shown } from '../shown.ts';
import type { ImageItem, Inverse, Look, RestoreItem, Undoable } from '../undo/image.ts';
import type { Looking } from '../../../contract/lookup.ts';
import type { JsonObject } from '../../../model/json.ts';
import { refuse } from '../../../model/refusal.ts';

const valuesOf = (environmentId: string): string =>
  `variables(environmentId: ${environmentId}, projectId: $projectId, serviceId: $serviceId, unrendered: true)`;
const values = valuesOf('$environmentId');
const records = 'edges { node { id name isSealed serviceId } } pageInfo { hasNextPage endCursor }';
/** Values, and the first records, in one question. */
const stateQuery = `query ($environmentId: String!, $projectId: String!, $serviceId: String) { ${values} environment(id: $environmentId) { id variables { ${records} } } }`;
const stateAlso: Also = {
  parameters: ', $projectId: String!, $serviceId: String',
  inside: `variables { ${records} }`,
  beside: valuesOf('$id'),
};
const valuesQuery = `query ($environmentId: String!, $projectId: String!, $serviceId: String) { ${values} }`;
const recordsQuery = `query ($id: String!, $after: String) { environment(id: $id) { id variables(after: $after) { ${records} } } }`;

type Written = { readonly [name: string]: string | null };

/** Variables of a service in an environment, or of the environment itself. Sealed ones cannot be read back. */
export function* variables(judged: Judged, survey: Survey): Looking<Found> {
  const { arguments: args, name: operation } = judged.field;
  const environmentId = textOf(args, 'environmentId');
  if (environmentId === undefined) throw unresolved('no environment is named');
  const ahead = yield* aheadOf(args, environmentId, survey);
  const environment = yield* survey.environment(environmentId);
  if (textOf(args, 'projectId') !== environment.projectId)
    throw unresolved(`environment \`${environment.name}\` is not in the project that is named`);
  const serviceId = textOf(args, 'serviceId');
  const service = environment.services.find((one) => one.id === serviceId);
  if (serviceId !== undefined && service === undefined)
    throw unresolved(`service \`${serviceId}\` has no instance in environment \`${environment.name}\``);
  const where = { environmentId, projectId: environment.projectId, ...(serviceId === undefined ? {} : { serviceId }) };
  const state = ahead ?? (yield* ask('variables', stateQuery, where));
  const now = valuesIn(state);
  const sealed = yield* sealedOf(environment, serviceId, state);
  const written = allWritten(operation, args, now, sealed);
  const names = Object.keys(written);
  refuseMasked(written);
  const hidden = names.filter((name) => sealed.has(name));
  const bound = survey.bound(environment.id, environment.name);
  const owner = service?.name ?? environment.name;
  const [only = owner, ...others] = names;
  const secret = names.filter((name) => holdsCredential(name, now[name], written[name]));
  return found({
    resources: [
      service === undefined
        ? { kind: 'railway:environment', id: environment.id, name: environment.name, environments: [bound] }
        : { kind: 'railway:service', id: service.id, name: service.name, environments: [bound] },
    ],
    name: others.length === 0 ? only : owner,
    facts: [
      environmentFact(bound, environment.name, survey.context),
      ...(service === undefined
        ? [fact('shared by', 'every service that refers to it', 'warning')]
        : [fact('service', service.name)]),
      ...names
        .slice(0, 20)
        .map((name) =>
          fact(
            'variable',
            `\`${name}\` ${described(now[name], written[name] ?? null, sealed.has(name))}`,
            secret.includes(name) ? 'danger' : 'plain',
          ),
        ),
      ...(names.length > 20 ? [fact('more variables', String(names.length - 20), 'warning')] : []),
    ],
    dependents: [],
    places: [
      {
        projectId: environment.projectId,
        environmentId,
        environment: bound,
        ...(serviceId === undefined ? {} : { serviceId }),
      },
    ],
    ...(hidden.length > 0
      ? {
          worse: {
            reversibility: 'irreversible' as const,
            why: `\`${hidden.slice(0, 3).join('`, `')}\` is sealed: its value cannot be read back`,
          },
        }
      : secret.length > 0
        ? {
            worse: {
              reversibility: 'reversible' as const,
              why: 'what it holds now is a credential or points at a database',
              traits: ['credential' as const],
            },
          }
        : {}),
    undoable: undoable(where, owner, written, now, sealed, trailOf(args)),
  });
}

/** Who reads variables, changes one and writes them all back would write our mask over every secret. */
function refuseMasked(written: Written): void {
  const [name] = Object.entries(written).find(([, value]) => value?.includes(maskText)) ?? [];
  if (name === undefined) return;
  throw refuse(
    'DENIED',
    `the new value of \`${shown(name, 80)}\` is the mask that stands where a secret was`,
    'write only the variables that you mean to change',
  );
}

function described(before: string | null | undefined, after: string | null, sealed: boolean): string {
  if (after === null) return 'is deleted';
  if (sealed) return 'is written over (sealed)';
  return before === undefined || before === null ? 'is new' : 'is written over';
}

/** What is written; with `replace`, every other variable that is there now is deleted. */
function allWritten(operation: string, args: JsonObject, now: Written, sealed: ReadonlySet<string>): Written {
  const written = writtenVariables(operation, args);
  if (flat(args)['replace'] !== true) return written;
  const dropped = [...Object.keys(now), ...sealed].filter(
    (name) => !Object.hasOwn(written, name) && !name.startsWith('RAILWAY_'),
  );
  return { ...Object.fromEntries(dropped.map((name) => [name, null])), ...written };
}

/** All in one question, by what the arguments name; that this fits together is looked at when it is answered. */
function* aheadOf(args: JsonObject, environmentId: string, survey: Survey): Looking<JsonObject | undefined> {
  const projectId = textOf(args, 'projectId');
  const serviceId = textOf(args, 'serviceId');
  if (projectId === undefined) return undefined;
  return yield* survey.ahead(environmentId, stateAlso, {
    projectId,
    ...(serviceId === undefined ? {} : { serviceId }),
  });
}

function valuesIn(state: JsonObject): Written {
  if (!isObject(state['variables'])) throw unresolved('the variables of now cannot be read');
  return variableMap(state['variables']);
}

/** From the first page of records, and the pages after it. */
function* sealedOf(
  environment: EnvironmentView,
  serviceId: string | undefined,
  state: JsonObject,
): Looking<ReadonlySet<string>> {
  const sealed = new Set<string>();
  let data = state;
  for (let page = 0; page < 50; page++) {
    const connection = isObject(data['environment']) ? data['environment']['variables'] : undefined;
    if (!isObject(connection)) throw unresolved('which variables are sealed cannot be read');
    const { pageInfo } = connection;
    const more = isObject(pageInfo) && pageInfo['hasNextPage'] === true;
    for (const record of nodes({ ...connection, pageInfo: { hasNextPage: false } }, 'variables')) {
      if (record['isSealed'] !== false && (record['serviceId'] ?? undefined) === serviceId)
        sealed.add(must(record, 'name'));
    }
    if (!more) return sealed;
    const after = isObject(pageInfo) ? pageInfo['endCursor'] : undefined;
    if (typeof after !== 'string') break;
    const id = environment.id;
    data = yield* ask(`which variables of \`${environment.name}\` are sealed`, recordsQuery, { id, after });
  }
  throw unresolved('there are more variables than can be seen');
}

/**
 * The image is made of what was just read: the same exchange captures it with nothing sent in between, and asking
 * again would only keep the resource locked for longer.
 */
function undoable(
  where: JsonObject,
  owner: string,
  written: Written,
  now: Written,
  sealed: ReadonlySet<string>,
  trail: Trail,
): Undoable {
  const names = Object.keys(written);
  const made = names.some((name) => (now[name] ?? null) === null);
  return {
    sentence: `puts the former value of ${names.length === 1 ? `\`${names[0]}\`` : `${names.length} variables`} back${made && trail.quiet ? ', which deploys once where a variable is taken away' : ''}`,
    ...(names.length === 0 ? {} : { written: { look: lookAt(where), wrote: written } }),
    *capture(): Looking<readonly ImageItem[]> {
      yield* [];
      const hidden = Object.keys(written).find((name) => sealed.has(name));
      if (hidden !== undefined) throw unresolved(`variable \`${hidden}\` is sealed: its value cannot be read back`);
      return Object.entries(written).map(([name, value]) => item(where, owner, name, now[name] ?? null, value, trail));
    },
  };
}

/**
 * Railway deploys again when a variable changes, unless it is told not to; the inverse only deploys once more. What was
 * written without a deployment is put back without one, where the inverse can be told so.
 */
function trailOf(args: JsonObject): Trail {
  const quiet = isQuiet(args);
  return { quiet, notUndone: quiet ? [] : ['the deployments that the change set off'] };
}

interface Trail {
  readonly quiet: boolean;
  readonly notUndone: readonly string[];
}

function isQuiet(args: JsonObject): boolean {
  return flat(args)['skipDeploys'] === true;
}

function lookAt(where: JsonObject): Look {
  return { query: valuesQuery, variables: where, path: ['variables'] };
}

function item(
  where: JsonObject,
  owner: string,
  name: string,
  before: string | null,
  after: string | null,
  trail: Trail,
): RestoreItem {
  return {
    kind: 'restore',
    title: `variable \`${name}\` of ${owner}`,
    look: lookAt(where),
    before: { [name]: before },
    wrote: { [name]: after },
    inverse: inverseOf(where, name, before, trail.quiet),
    notUndone: trail.notUndone,
  };
}

function inverseOf(where: JsonObject, name: string, before: string | null, quiet: boolean): Inverse {
  return before === null
    ? {
        query: 'mutation ($input: VariableDeleteInput!) { variableDelete(input: $input) }',
        variables: { input: { ...where, name } },
      }
    : {
        query: 'mutation ($input: VariableUpsertInput!) { variableUpsert(input: $input) }',
        variables: { input: { ...where, name, value: before, ...(quiet ? { skipDeploys: true } : {}) } },
      };
}
