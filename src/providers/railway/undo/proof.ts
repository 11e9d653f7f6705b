import { isObject } from '../arguments.ts';
import { looked, same } from './image.ts';
import { readAnswer } from '../ask.ts';
import { ownMessage } from '../message.ts';
import type { Settled } from '../resolve/index.ts';
import { Survey } from '../resolve/survey.ts';
import type { Looking } from '../../../contract/lookup.ts';
import type { ResolveContext } from '../../../contract/provider.ts';
import { Refused } from '../../../model/refusal.ts';

type Proof = () => Looking<'done' | 'failed' | 'unknown'>;

/** Whether a write took effect, asked after the line broke. Absent where no question settles it. */
export function proofOf(settled: Settled | undefined, context: ResolveContext): Proof | undefined {
  if (settled === undefined) return undefined;
  const { judged, found, undoable } = settled;
  const { name } = judged.field;
  const [resource] = found.resources;
  const [place] = found.places;
  if (undoable !== undefined) return proofByState(undoable);
  if (resource === undefined) return undefined;
  switch (name) {
    case 'volumeDelete':
      return place === undefined ? undefined : volumeGone(resource.id, place.projectId, context);
    case 'environmentDelete':
      return recordGone('environment', resource.id);
    case 'projectDelete':
    case 'projectScheduleDeleteForce':
      return recordGone('project', resource.id);
    case 'serviceDelete':
      return place === undefined
        ? undefined
        : serviceGone(
            resource.id,
            found.places.map((one) => one.environmentId),
            context,
          );
    default:
      return undefined;
  }
}

/** All written members are there ⇒ done; all captured ones still are ⇒ failed. */
function proofByState(undoable: NonNullable<Settled['undoable']>): Proof {
  return function* () {
    const items = yield* undoable.capture();
    const [item] = items;
    if (items.length !== 1 || item?.kind !== 'restore') return 'unknown';
    const record = yield* looked(item.look, item.title);
    const members = Object.entries(item.wrote);
    if (record === undefined || members.length === 0) return 'unknown';
    return members.every(([member, value]) => same(record[member], value)) ? 'done' : 'failed';
  };
}

function volumeGone(id: string, projectId: string, context: ResolveContext): Proof {
  return function* () {
    const project = yield* new Survey(context).project(projectId);
    const left = project.environments
      .flatMap((one) => one.volumeInstances)
      .filter((instance) => instance.volumeId === id);
    if (left.length === 0) return 'done';
    return left.every((instance) => instance.pendingDeletion)
      ? 'done'
      : left.some((instance) => instance.pendingDeletion)
        ? 'unknown'
        : 'failed';
  };
}

function serviceGone(id: string, environmentIds: readonly string[], context: ResolveContext): Proof {
  return function* () {
    const survey = new Survey(context);
    let left = 0;
    for (const environmentId of environmentIds) {
      const view = yield* survey.environment(environmentId);
      if (view.services.some((one) => one.id === id)) left += 1;
    }
    return left === 0 ? 'done' : left === environmentIds.length ? 'failed' : 'unknown';
  };
}

/** A record that is there ⇒ failed; `not found` in so many words ⇒ done. */
function recordGone(field: 'environment' | 'project', id: string): Proof {
  return function* () {
    try {
      const query = `query ($id: String!) { ${field}(id: $id) { id } }`;
      const answer = readAnswer(
        yield { message: ownMessage(query, { id }), purpose: `whether ${field} \`${id}\` is still there` },
      );
      const record = answer.data?.[field];
      if (isObject(record) && record['id'] === id) return 'failed';
      return answer.errors.length > 0 && answer.errors.every((message) => /not found/i.test(message))
        ? 'done'
        : 'unknown';
    } catch (thrown) {
      if (thrown instanceof Refused) return 'unknown';
      throw thrown;
    }
  };
}
