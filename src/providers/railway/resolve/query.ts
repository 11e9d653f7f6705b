import { flat, isObject, textOf } from '../arguments.ts';
import { ask, must, unresolved } from '../ask.ts';
import { sights } from '../classes/queries.ts';
import type { Inventory } from '../inventory.ts';
import type { Judged } from '../judge.ts';
import { leaves } from '../sight.ts';
import { type Found, found } from './found.ts';
import type { Survey } from './survey.ts';
import type { Looking } from '../../../contract/lookup.ts';
import { canonicalJson, type JsonObject } from '../../../model/json.ts';

/**
 * Which environments a read shows something of. Nothing of any (an inventory, or what belongs to nobody) ⇒ no resources:
 * such a read may pass with every token. More than inventory above the environments ⇒ every one of them.
 */
export function* query(judged: Judged, survey: Survey, inventory: Inventory | undefined): Looking<Found> {
  const { field } = judged;
  const sight = sights.get(field.name);
  switch (sight) {
    case undefined:
      throw unresolved(`query \`${field.name}\` has no class`);
    case 'open':
      return found({ resources: [], name: field.name });
    case 'inventory': {
      const out = leaves(field, 'inventory');
      return out === undefined ? found({ resources: [], name: field.name }) : everywhere(judged, survey, out);
    }
    case 'account':
      return everywhere(judged, survey, field.coordinate);
    case 'environment':
    case 'maybe': {
      const id = textOf(field.arguments, ...(field.name === 'environment' ? ['id'] : ['environmentId']));
      if (id !== undefined) return inside(judged, survey, id);
      if (sight === 'maybe') return everywhere(judged, survey, field.coordinate);
      throw unresolved('no environment is named');
    }
    case 'deployment':
    case 'volume-instance':
    case 'custom-domain':
    case 'patch':
      return inside(judged, survey, yield* environmentOf(sight, flat(field.arguments), survey, inventory));
  }
}

/** A read, or the answer of a write, that begins in one environment. */
function inside(judged: Judged, survey: Survey, environmentId: string): Found {
  const out = leaves(judged.field, 'environment');
  if (out !== undefined) return everywhere(judged, survey, out);
  const environment = survey.bound(environmentId);
  return found({
    resources: [{ kind: 'railway:environment', id: environmentId, environments: [environment] }],
    name: environment,
  });
}

/** Says which field made it so, since a narrower question might pass. */
function everywhere(judged: Judged, survey: Survey, because: string): Found {
  return found({
    resources: [{ kind: 'railway:field', id: because, environments: survey.everywhere }],
    name: judged.field.name,
  });
}

const lookups: {
  readonly [sight: string]: (args: JsonObject) => readonly [query: string, variables: JsonObject, field: string];
} = {
  deployment: (args) => [
    'query ($id: String!) { deployment(id: $id) { id environmentId } }',
    { id: args['deploymentId'] ?? args['id'] ?? '' },
    'deployment',
  ],
  'volume-instance': (args) => [
    'query ($id: String!) { volumeInstance(id: $id) { id environmentId } }',
    { id: args['volumeInstanceId'] ?? args['id'] ?? '' },
    'volumeInstance',
  ],
  'custom-domain': (args) => [
    'query ($id: String!, $projectId: String!) { customDomain(id: $id, projectId: $projectId) { id environmentId } }',
    { id: args['id'] ?? '', projectId: args['projectId'] ?? '' },
    'customDomain',
  ],
  patch: (args) => [
    'query ($id: String!) { environmentPatch(id: $id) { id environmentId } }',
    { id: args['id'] ?? '' },
    'environmentPatch',
  ],
};

function* environmentOf(
  sight: string,
  args: JsonObject,
  survey: Survey,
  inventory: Inventory | undefined,
): Looking<string> {
  const lookup = lookups[sight];
  if (lookup === undefined) throw unresolved('no environment is named');
  const [text, variables, field] = lookup(args);
  const id = textOf(args, 'deploymentId', 'volumeInstanceId', 'id') ?? '';
  // By how far the credential sees as well: what one may not know, it is not told by what another one saw.
  const key = canonicalJson([survey.context.reach, field, variables]);
  const known = inventory?.environmentOf(key);
  if (known !== undefined) return known;
  const record = (yield* ask(`${field} \`${id}\``, text, variables))[field];
  if (!isObject(record)) throw unresolved(`\`${id}\` is unknown to railway, or this credential cannot see it`);
  const environmentId = must(record, 'environmentId');
  inventory?.saw(key, environmentId);
  return environmentId;
}
