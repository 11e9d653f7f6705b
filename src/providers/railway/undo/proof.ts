import { isObject, textOf } from '../arguments.ts';
import { stateIntent, stateWritten } from './wrote.ts';
import { ask, readAnswer } from '../ask.ts';
import { ownMessage } from '../message.ts';
import type { Settled } from '../resolve/settled.ts';
import { Survey } from '../resolve/survey.ts';
import type { Looking } from '../../../contract/lookup.ts';
import type { ResolveContext } from '../../../contract/provider.ts';
import type { JsonObject } from '../../../model/json.ts';
import { Refused } from '../../../model/refusal.ts';

type Proof = 'done' | 'failed' | 'unknown';

/** What `proveIntent` will have to know of a write to find out whether it took effect; absent where no question settles it. */
export function intentOf(settled: Settled): JsonObject | undefined {
  const { judged, found, undoable } = settled;
  if (judged.field.name === 'projectScheduleDelete') return { kind: 'scheduled', id: found.resources[0]?.id };
  if (undoable !== undefined)
    return undoable.written === undefined ? undefined : stateIntent(undoable.written.look, undoable.written.wrote);
  const [resource] = found.resources;
  const [place] = found.places;
  if (resource === undefined || place === undefined) return undefined;
  switch (judged.field.name) {
    case 'volumeDelete':
      return { kind: 'volume', id: resource.id, projectId: place.projectId };
    case 'environmentDelete':
      return { kind: 'environment', id: resource.id };
    case 'projectScheduleDeleteForce':
      return { kind: 'project', id: resource.id };
    case 'pluginDelete':
      // Where it names an environment, the record may stay for the others.
      return textOf(judged.field.arguments, 'environmentId') === undefined
        ? { kind: 'plugin', id: resource.id }
        : undefined;
    case 'serviceDelete':
      return { kind: 'service', id: resource.id, environmentIds: found.places.map((one) => one.environmentId) };
    default:
      return undefined;
  }
}

/** Asks whether a write took effect, after the line broke or the daemon died. Anything short of a proof is `unknown`. */
export function* proveIntent(intent: JsonObject, context: ResolveContext): Looking<Proof> {
  try {
    return yield* proved(intent, context);
  } catch (thrown) {
    if (thrown instanceof Refused) return 'unknown';
    throw thrown;
  }
}

function* proved(intent: JsonObject, context: ResolveContext): Looking<Proof> {
  const { kind, id, projectId, environmentIds } = intent;
  if (kind === 'state') return yield* stateWritten(intent);
  if (typeof id !== 'string') return 'unknown';
  if (kind === 'scheduled') return yield* isScheduled(id);
  if (kind === 'environment' || kind === 'project' || kind === 'plugin') return yield* recordGone(kind, id);
  if (kind === 'volume' && typeof projectId === 'string') return yield* volumeGone(id, projectId, context);
  if (kind === 'service' && Array.isArray(environmentIds)) return yield* serviceGone(id, environmentIds, context);
  return 'unknown';
}

function* volumeGone(id: string, projectId: string, context: ResolveContext): Looking<Proof> {
  const project = yield* new Survey(context).project(projectId);
  const left = project.environments
    .flatMap((one) => one.volumeInstances)
    .filter((instance) => instance.volumeId === id);
  if (left.every((instance) => instance.pendingDeletion)) return 'done';
  return left.some((instance) => instance.pendingDeletion) ? 'unknown' : 'failed';
}

function* serviceGone(id: string, environmentIds: readonly unknown[], context: ResolveContext): Looking<Proof> {
  const survey = new Survey(context);
  let left = 0;
  for (const environmentId of environmentIds) {
    if (typeof environmentId !== 'string') return 'unknown';
    const view = yield* survey.environment(environmentId);
    if (view.services.some((one) => one.id === id)) left += 1;
  }
  return left === 0 ? 'done' : left === environmentIds.length ? 'failed' : 'unknown';
}

/** A project that says when it goes ⇒ done; one that does not ⇒ failed. */
function* isScheduled(id: string): Looking<Proof> {
  const { project } = yield* ask(
    `whether project \`${id}\` is scheduled for deletion`,
    'query ($id: String!) { project(id: $id) { id deletedAt } }',
    { id },
  );
  if (!isObject(project) || project['id'] !== id || project['deletedAt'] === undefined) return 'unknown';
  return project['deletedAt'] === null ? 'failed' : 'done';
}

/** A record that is there ⇒ failed; `not found` in so many words ⇒ done. */
function* recordGone(field: 'environment' | 'project' | 'plugin', id: string): Looking<Proof> {
  const query = `query ($id: String!) { ${field}(id: $id) { id } }`;
  const answer = readAnswer(
    yield { message: ownMessage(query, { id }), purpose: `whether ${field} \`${id}\` is still there` },
  );
  const record = answer.data?.[field];
  if (isObject(record) && record['id'] === id) return 'failed';
  return answer.errors.length > 0 && answer.errors.every((message) => /not found/i.test(message)) ? 'done' : 'unknown';
}
