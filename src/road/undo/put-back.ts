import type { Images } from './images.ts';
import { look } from '../look.ts';
import { mediate } from '../mediate.ts';
import type { Bindings, RoadParts, UpstreamEntry } from '../parts.ts';
import { entryFor, entryForLookups } from '../target.ts';
import type { BeforeImage, UndoPlan } from '../../contract/api.ts';
import type { Provider, PutBack, PutBackContext, Reading } from '../../contract/provider.ts';
import type { Bearer, Outcome } from '../../contract/road.ts';
import type { Message } from '../../model/plan.ts';
import { refuse } from '../../model/refusal.ts';

/**
 * Shows what would come back and what was written since. Nothing is written. `supposing`: contents of newer images, newest first,
 * as if which were put back (`asIf` says whether the provider could suppose that); or that it goes into a schema beside.
 */
export async function planUndo(
  road: RoadParts,
  images: Images,
  id: string,
  supposing: Pick<PutBackContext, 'undoneBefore' | 'toSchema'> = {},
): Promise<UndoPlan & { readonly asIf: boolean }> {
  const { image, put, provider } = await prepare(road, images, id, supposing);
  return {
    asIf: put.asIf === true,
    image: image.id,
    operations: image.operations,
    steps: readingsOf(provider, put).flatMap(({ reading }) => reading.actions.map((action) => action.operation)),
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
  using _ = images.alone(id);
  const { image, put, provider } = await prepare(road, images, id);
  if (put.conflicts.length > 0 && !overConflicts) {
    throw refuse(
      'DENIED',
      `undoing would overwrite what was written since: ${put.conflicts.join('; ')}`,
      'look at it with `holdpoint undo show`; add --over-conflicts to overwrite it',
    );
  }
  const acts = readingsOf(provider, put);
  if (acts.length === 0 && put.notUndone.length > 0)
    throw refuse('DENIED', `nothing of it can be put back: ${put.notUndone.join('; ')}`);
  const outcomes: Outcome[] = [];
  for (const { message, reading } of acts) {
    const by = reaching(bearer, image.environments);
    const outcome = await mediate(road, { gate: 'undo', bearer: by, provider, message, reading, undoes: id });
    outcomes.push(outcome);
    if (outcome.kind === 'refused') return outcomes;
  }
  if (put.whole !== undefined) refuseUnfinished((await prepare(road, images, id)).put);
  const left = put.left ?? [];
  if (left.length > 0) throw refuse('DENIED', `it was put back in part, and its image stays: ${left.join('; ')}`);
  await road.store.transact(async (tx) => {
    await images.settle(tx, id, 'undone');
    await road.journal.append(tx, {
      kind: 'undone',
      principal: bearer.principal.name,
      digest: image.digest,
      body: { image: id, made: imagesOf(outcomes), conflicts: put.conflicts, notUndone: put.notUndone },
    });
  });
  return outcomes;
}

/**
 * Puts the rows of an image into a new schema of that name, beside what is there: one act down the road, with an undo of its own.
 * The image stays as it is.
 */
export async function putBeside(
  road: RoadParts,
  images: Images,
  id: string,
  bearer: Bearer,
  toSchema: string,
): Promise<readonly Outcome[]> {
  using _ = images.alone(id);
  const { image, put, provider } = await prepare(road, images, id, { toSchema });
  const outcomes: Outcome[] = [];
  for (const { message, reading } of readingsOf(provider, put)) {
    const by = reaching(bearer, image.environments);
    outcomes.push(await mediate(road, { gate: 'undo', bearer: by, provider, message, reading }));
  }
  return outcomes;
}

/** The before-images of an undo's own acts: by these it is undone. */
export function imagesOf(outcomes: readonly Outcome[]): readonly string[] {
  return outcomes.flatMap((one) => (one.kind === 'done' && one.image !== undefined ? [one.image] : []));
}

/** Each act of an undo; a Plan of several steps is one. */
function readingsOf(provider: Provider, { plans, whole }: PutBack): readonly Act[] {
  const single = plans.map((message) => ({ message, reading: provider.read(message) }));
  const message = whole?.steps[whole.effect];
  if (whole === undefined || message === undefined) return single;
  if (provider.readPlan === undefined) throw new TypeError('a provider that gives a whole Plan reads one');
  return [...single, { message, reading: provider.readPlan(whole) }];
}

interface Act {
  readonly message: Message;
  readonly reading: Reading;
}

/** What the far side made of it is looked at: a trigger, a rule or somebody else may have had a hand in it. */
function refuseUnfinished({ whole, conflicts }: PutBack): void {
  if (whole === undefined) return;
  const detail = `it was put back, and not everything is as it was: ${conflicts.join('; ')}`;
  throw refuse('DENIED', detail, 'look at what is left with `holdpoint undo show`');
}

async function prepare(
  road: RoadParts,
  images: Images,
  id: string,
  { undoneBefore = [], toSchema }: Pick<PutBackContext, 'undoneBefore' | 'toSchema'> = {},
): Promise<{ image: Awaited<ReturnType<Images['open']>>['image']; put: PutBack; provider: Provider }> {
  const { image, content } = await images.open(id);
  if (toSchema !== undefined && !/^(?!pg_|information_schema$)[a-z_][a-z0-9_]{0,62}$/.test(toSchema))
    throw refuse(
      'BAD_REQUEST',
      `\`${toSchema.slice(0, 70)}\` is no name for a schema`,
      'lower-case letters, digits and underscores, beginning with a letter, and none of the server’s own',
    );
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
  const entry = entryOf(bindings, image);
  const undoLine = entry.undo !== undefined;
  const lease = await road.leases.open(entry.name);
  try {
    const { environments } = bindings;
    const beside = toSchema === undefined ? {} : { toSchema };
    const context = { environments, reach: entry.reach, undoLine, undoneBefore, ...beside };
    const put = await look(road, provider, lease, provider.putBack(content, context));
    if (toSchema !== undefined && put.beside !== true)
      throw refuse(
        'BAD_REQUEST',
        'nothing of it can be put beside: only changed and deleted rows of PostgreSQL can',
        'leave --to-schema out',
      );
    return { image, put, provider };
  } finally {
    await lease.release();
  }
}

/** The one that it was done by, where that is known and still there and no other sees more. */
function entryOf(bindings: Bindings, image: BeforeImage): UpstreamEntry {
  const looker = entryForLookups(bindings, image.provider, image.environments);
  if (looker.reach === 'all') return looker;
  const same = bindings.upstreams.find((one) => one.name === image.upstream && one.provider === image.provider);
  const bound = same !== undefined && !same.lookupsOnly && image.environments.includes(same.environment);
  return bound ? same : entryFor(bindings, image.provider, image.environments);
}

/** A human may put back whatever was secured, where it was secured; an agent only within its own scope. */
function reaching(bearer: Bearer, environments: readonly string[]): Bearer {
  if (bearer.principal.kind !== 'human') return bearer;
  return {
    ...bearer,
    token: { ...bearer.token, scope: { gates: ['undo'], operations: 'all', environments, resources: 'all' } },
  };
}
