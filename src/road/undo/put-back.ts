import type { Images } from './images.ts';
import { look } from '../look.ts';
import { mediate } from '../mediate.ts';
import type { RoadParts } from '../parts.ts';
import { entryFor, entryForLookups } from '../target.ts';
import type { UndoPlan } from '../../contract/api.ts';
import type { Provider, PutBack } from '../../contract/provider.ts';
import type { Bearer, Outcome } from '../../contract/road.ts';
import { refuse } from '../../model/refusal.ts';

/** Shows what would come back and what was written since. Nothing is written. */
export async function planUndo(road: RoadParts, images: Images, id: string): Promise<UndoPlan> {
  const { image, put, provider } = await prepare(road, images, id);
  return {
    image: image.id,
    operations: image.operations,
    steps: put.plans.flatMap((message) => provider.read(message).actions.map((action) => action.operation)),
    conflicts: put.conflicts,
    notUndone: put.notUndone,
  };
}

/**
 * Puts an image back. Each message goes down the road as an act of its own, with its own undo. Conflicts stop it unless
 * the human said to go on over them.
 */
export async function undo(
  road: RoadParts,
  images: Images,
  id: string,
  bearer: Bearer,
  overConflicts: boolean,
): Promise<readonly Outcome[]> {
  const { image, put, provider } = await prepare(road, images, id);
  if (put.conflicts.length > 0 && !overConflicts) {
    throw refuse(
      'DENIED',
      `undoing would overwrite what was written since: ${put.conflicts.join('; ')}`,
      'look at it with `holdpoint undo show`; add --over-conflicts to overwrite it',
    );
  }
  const outcomes: Outcome[] = [];
  for (const message of put.plans) {
    const outcome = await mediate(road, {
      gate: 'undo',
      bearer: reaching(bearer, image.environments),
      provider,
      message,
      reading: provider.read(message),
    });
    outcomes.push(outcome);
    if (outcome.kind === 'refused') return outcomes;
  }
  await road.store.transact(async (tx) => {
    await images.settle(tx, id, 'undone');
    await road.journal.append(tx, {
      kind: 'undone',
      principal: bearer.principal.name,
      digest: image.digest,
      body: { image: id, conflicts: put.conflicts, notUndone: put.notUndone },
    });
  });
  return outcomes;
}

async function prepare(
  road: RoadParts,
  images: Images,
  id: string,
): Promise<{ image: Awaited<ReturnType<Images['open']>>['image']; put: PutBack; provider: Provider }> {
  const { image, content } = await images.open(id);
  if (image.state === 'undone' || image.state === 'void')
    throw refuse('BAD_REQUEST', `before-image \`${id}\` is ${image.state}`, 'list them with `holdpoint undo list`');
  const provider = road.providers.find((one) => one.name === image.provider);
  if (provider === undefined)
    throw refuse(
      'UNAVAILABLE',
      `provider \`${image.provider}\` is not there any more`,
      'start the version that secured this undo',
    );
  const bindings = road.bindings();
  const looker = entryForLookups(bindings, provider.name, image.environments);
  const entry = looker.reach === 'all' ? looker : entryFor(bindings, provider.name, image.environments);
  const lease = await road.leases.open(entry.name);
  try {
    const put = await look(
      road,
      provider,
      lease,
      provider.putBack(content, { environments: bindings.environments, reach: looker.reach }),
    );
    return { image, put, provider };
  } finally {
    await lease.release();
  }
}

/** A human may put back whatever was secured, where it was secured; an agent only within its own scope. */
function reaching(bearer: Bearer, environments: readonly string[]): Bearer {
  if (bearer.principal.kind !== 'human') return bearer;
  return {
    ...bearer,
    token: { ...bearer.token, scope: { gates: ['undo'], operations: 'all', environments, resources: 'all' } },
  };
}
