import { planUndo } from './put-back.ts';
import { isLive, type Selected } from './select.ts';
import type { RoadParts } from '../parts.ts';
import type { BeforeImage, UndoRunPlan, UndoRunStep } from '../../contract/api.ts';
import type { JsonObject } from '../../model/json.ts';
import { refuse, Refused, refusalIn } from '../../model/refusal.ts';

/** Acts that one plan may take back. */
const imagesAtMost = 500;
/** Characters of sealed content that are kept open to plan by; past it conflicts are told with a doubt. */
const openAtMost = 128 * 1024 * 1024;

/**
 * One plan for the undo of several acts, newest first. An older act is compared with what would be there once the newer ones
 * are put back, where its provider can do that. Nothing is written.
 */
export async function planRun(road: RoadParts, selected: Selected): Promise<UndoRunPlan> {
  const { images, unsecured, isUnsecuredWhole } = selected;
  if (images.length > imagesAtMost)
    throw refuse(
      'BAD_REQUEST',
      `that is ${images.length} acts; one plan takes ${imagesAtMost} at most`,
      'narrow it by a moment or an environment: --since, --environment',
    );
  const steps: UndoRunStep[] = [];
  const opened: { provider: string; content: JsonObject }[] = [];
  let open = 0;
  for (const image of images) {
    const newer = images.slice(0, steps.length).filter((one) => one.provider === image.provider);
    const undoneBefore = opened.filter((one) => one.provider === image.provider).map((one) => one.content);
    const isWhole = undoneBefore.length === newer.length;
    const step = await stepOf(road, image, newer, isWhole ? undoneBefore : []);
    steps.push(step);
    // The last one is nobody's newer one; and one that does not go stops what is older.
    const isLast = steps.length === images.length;
    if (isLast || open > openAtMost || !isLive(image) || step.refused !== undefined) continue;
    const { content, bytes } = await road.images.open(image.id);
    open += bytes;
    opened.push({ provider: image.provider, content });
  }
  return { images: steps, unsecured, isUnsecuredWhole };
}

async function stepOf(
  road: RoadParts,
  image: BeforeImage,
  newer: readonly BeforeImage[],
  undoneBefore: readonly JsonObject[],
): Promise<UndoRunStep> {
  const { id, operations, securedAt, principal, environments, undoes } = image;
  const about = { securedAt, principal, environments, ...(undoes === undefined ? {} : { undoes }) };
  try {
    const { asIf, ...plan } = await planUndo(road, road.images, id, { undoneBefore });
    const isExact = newer.length === 0 || (asIf && undoneBefore.length > 0);
    return { ...plan, ...about, unless: isExact || plan.conflicts.length === 0 ? [] : newer.map((one) => one.id) };
  } catch (thrown) {
    if (!(thrown instanceof Refused)) road.diagnose('undo', thrown);
    const refused = refusalIn(thrown).detail;
    return { image: id, operations, steps: [], conflicts: [], notUndone: [], ...about, refused, unless: [] };
  }
}
