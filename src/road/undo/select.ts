import { isUndo, type Lineage, lineageOf } from './lineage.ts';
import type { RoadParts } from '../parts.ts';
import type { BeforeImage, UnsecuredAct } from '../../contract/api.ts';
import { isoTime } from '../../contract/clock.ts';
import { textIn } from '../../contract/store.ts';
import type { Entry } from '../../model/entry.ts';
import { refuse } from '../../model/refusal.ts';

/** What should be taken back: one act, or all in a span that are in effect. */
export type UndoWhat =
  | { readonly kind: 'image'; readonly image: string }
  | { readonly kind: 'entry'; readonly entry: number }
  | { readonly kind: 'hold'; readonly hold: string }
  | UndoSpan;

/** Every member narrows; one at least is there. */
export interface UndoSpan {
  readonly kind: 'span';
  /** Whose acts: a principal's name. */
  readonly agent?: string;
  /** From then on: ISO 8601, UTC. */
  readonly since?: string;
  readonly environment?: string;
}

export interface Selected {
  /** Newest first. */
  readonly images: readonly BeforeImage[];
  readonly unsecured: readonly UnsecuredAct[];
  readonly isUnsecuredWhole: boolean;
}

const one = { unsecured: [], isUnsecuredWhole: true } as const;
const pageSize = 500;
/** Intents that are looked through for acts without an undo. */
const intentsAtMost = 5_000;

/** The images that a word of a human stands for. Throws `Refused` (`BAD_REQUEST`), with why, where there is none. */
export async function select(road: RoadParts, what: UndoWhat): Promise<Selected> {
  switch (what.kind) {
    case 'image':
      return { images: [await imageNamed(road, what.image)], ...one };
    case 'entry':
      return { images: await imagesOfEntry(road, what.entry), ...one };
    case 'hold':
      return { images: await imagesOfHold(road, what.hold), ...one };
    case 'span':
      return imagesIn(road, what);
    default:
      return what satisfies never;
  }
}

async function imageNamed(road: RoadParts, id: string, lost = ''): Promise<BeforeImage> {
  const image = await road.images.find(id);
  if (image !== undefined) return image;
  throw refuse('BAD_REQUEST', `${lost}there is no before-image \`${id}\``, 'list them with `holdpoint undo list`');
}

async function imagesOfEntry(road: RoadParts, index: number): Promise<readonly BeforeImage[]> {
  const entry = await entryAt(road, index);
  if (entry === undefined)
    throw refuse('BAD_REQUEST', `the journal has no entry ${index}`, 'list them with `holdpoint journal list`');
  // An undo is an act of its own: taking its entry back brings back what it took away.
  if (entry.kind === 'undone') {
    const undone = textIn(entry.body, 'image');
    const made = (await newestFirst(road)).filter((image) => image.undoes === undone && isLive(image));
    if (made.length > 0) return made;
    throw refuse(
      'BAD_REQUEST',
      `of the undo in entry ${index} nothing is there to take back`,
      'see: holdpoint undo list --all',
    );
  }
  const image = entry.kind === 'intent' || entry.kind === 'settled' ? textIn(entry.body, 'image') : '';
  if (image !== '')
    return [await imageNamed(road, image, `what entry ${index} secured is not in the store any more: `)];
  const why =
    entry.kind === 'intent' || entry.kind === 'settled'
      ? 'nothing was secured for it, so it cannot be taken back'
      : `it is \`${entry.kind}\`, by which nothing was changed`;
  throw refuse(
    'BAD_REQUEST',
    `entry ${index} has no undo: ${why}`,
    'name the `intent` or `settled` entry of an act, or its hold',
  );
}

async function imagesOfHold(road: RoadParts, code: string): Promise<readonly BeforeImage[]> {
  const hold = await road.holds.find(code);
  if (hold === undefined)
    throw refuse('BAD_REQUEST', `there is no hold \`${code}\``, 'list them with `holdpoint hold list --all`');
  const images = (await newestFirst(road)).filter((image) => image.hold === hold.id);
  if (images.length > 0) return images;
  const hasRun = hold.state === 'done' || hold.state === 'unknown' || hold.state === 'running';
  const why = hasRun ? 'nothing was secured for it, so it cannot be taken back' : 'nothing ran from it';
  throw refuse('BAD_REQUEST', `${hold.code} is ${hold.state}: ${why}`, `see: holdpoint hold show ${hold.code}`);
}

/**
 * What is in effect of the acts in a span. An undo is no act of anybody's run: it is left as it is, and what it took back
 * stays so; where an undo was itself undone, the act is in effect again, and is taken back by that.
 */
async function imagesIn(road: RoadParts, span: UndoSpan): Promise<Selected> {
  const all = await newestFirst(road);
  const lineage = lineageOf(all);
  const images = all.filter((image) => isLive(image) && !isUndo(lineage, image) && isWithin(span, lineage, image));
  if (images.length === 0) throw await nothingIn(road, span);
  return { images, ...(await unsecuredIn(road, span)) };
}

function isWithin({ agent, since, environment }: UndoSpan, lineage: Lineage, image: BeforeImage): boolean {
  const from = agent === undefined || lineage.rootOf(image).principal === agent;
  const then = since === undefined || image.securedAt >= since;
  return from && then && (environment === undefined || image.environments.includes(environment));
}

async function nothingIn(road: RoadParts, { agent, since, environment }: UndoSpan): Promise<Error> {
  if (agent !== undefined && (await road.store.find('principals', { where: { name: agent } })).length === 0)
    return refuse('BAD_REQUEST', `there is no agent \`${agent}\``, 'see: holdpoint token list --all');
  const said = [
    ...(agent === undefined ? [] : [`by ${agent}`]),
    ...(since === undefined ? [] : [`since ${since}`]),
    ...(environment === undefined ? [] : [`in ${environment}`]),
  ];
  return refuse('BAD_REQUEST', `nothing ${said.join(' ')} is there to take back`, 'see: holdpoint undo list --all');
}

async function unsecuredIn(road: RoadParts, span: UndoSpan): Promise<Omit<Selected, 'images'>> {
  const where = { 'entry.kind': 'intent', ...(span.agent === undefined ? {} : { 'entry.principal': span.agent }) };
  const unsecured: UnsecuredAct[] = [];
  let after: string | undefined;
  for (let seen = 0; seen < intentsAtMost; seen += pageSize) {
    const page = await road.store.find('entries', {
      where,
      order: 'descending',
      limit: pageSize,
      ...(after === undefined ? {} : { after }),
    });
    for (const { record } of page) {
      const entry = record['entry'] as unknown as Entry;
      if (span.since !== undefined && entry.at < span.since) return { unsecured, isUnsecuredWhole: true };
      const act = await unsecuredAct(road, entry, span);
      if (act !== undefined) unsecured.push(act);
    }
    if (page.length < pageSize) return { unsecured, isUnsecuredWhole: true };
    after = page.at(-1)?.key;
  }
  return { unsecured, isUnsecuredWhole: false };
}

async function unsecuredAct(road: RoadParts, entry: Entry, span: UndoSpan): Promise<UnsecuredAct | undefined> {
  if (entry.gate === 'undo' || textIn(entry.body, 'image') !== '') return undefined;
  const request = entry.body['request'] as unknown as {
    readonly actions: readonly { readonly operation: string }[];
    readonly environments: readonly string[];
  };
  if (span.environment !== undefined && !request.environments.includes(span.environment)) return undefined;
  const clearance = await road.store.get('clearances', textIn(entry.body, 'clearance'));
  if (clearance?.['outcome'] === 'failed') return undefined;
  return {
    entry: entry.index,
    at: entry.at,
    principal: entry.principal ?? '',
    operations: request.actions.map((action) => action.operation),
  };
}

async function newestFirst(road: RoadParts): Promise<readonly BeforeImage[]> {
  return (await road.images.list()).toSorted((a, b) =>
    a.securedAt === b.securedAt ? 0 : a.securedAt < b.securedAt ? 1 : -1,
  );
}

async function entryAt(road: RoadParts, index: number): Promise<Entry | undefined> {
  const record = await road.store.get('entries', String(index).padStart(12, '0'));
  return record?.['entry'] as unknown as Entry | undefined;
}

/** Whether it can be put back at all. */
export function isLive({ state }: Pick<BeforeImage, 'state'>): boolean {
  return state === 'secured' || state === 'settled';
}

/** ISO 8601 in UTC of a moment as it was given. Throws `Refused` (`BAD_REQUEST`) for what is none, or is yet to come. */
export function momentOf(road: RoadParts, text: string): string {
  const at = Date.parse(text);
  if (!/^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)$/.test(text) || Number.isNaN(at))
    throw refuse('BAD_REQUEST', `\`${text.slice(0, 40)}\` is no moment`, 'write it like 2026-11-23T14:05:00Z');
  if (at > road.clock.now()) throw refuse('BAD_REQUEST', `\`${text}\` is yet to come`, 'name a moment that has passed');
  return isoTime(at);
}
