import { Hono, type Context } from 'hono';
import { z } from 'zod';
import { body, human } from './asks.ts';
import type { ApiParts, ApiVariables } from './context.ts';
import { problem } from './problem.ts';
import { type BeforeImage, imageStates, type Undone, type UndoPlan, type UndoRunPlan } from '../../contract/api.ts';
import type { Transaction } from '../../contract/store.ts';
import { refuse } from '../../model/refusal.ts';
import type { RoadParts } from '../../road/parts.ts';
import { imagesOf, planUndo, putBeside, undo } from '../../road/undo/put-back.ts';
import { planRun } from '../../road/undo/run.ts';
import { momentOf, select, type UndoWhat } from '../../road/undo/select.ts';

/** What is signed to end undos: nothing of them comes back after that. */
export const purgeBody = z.strictObject({
  images: z
    .array(z.string().regex(/^im_[0-9A-Z]{26}$/))
    .min(1)
    .max(1_000),
});

/** Ends undos in the transaction of the signature, whose `act-signed` entry names them. */
export async function purge(
  { parts, tx }: { readonly parts: ApiParts; readonly tx: Transaction },
  { images }: z.infer<typeof purgeBody>,
): Promise<{ answer: object }> {
  await parts.road.images.purge(tx, images);
  return { answer: { purged: images } };
}

/** Before-images: what can be taken back, and taking it back. */
export function undoRoutes(parts: ApiParts): Hono<ApiVariables> {
  const app = new Hono<ApiVariables>();
  const { road } = parts;
  app.get('/v1/undo', async (c) => {
    human(c);
    const { agent, environment, state } = c.req.query();
    if (state !== undefined && !imageStates.some((one) => one === state))
      throw refuse('BAD_REQUEST', `there is no state \`${state.slice(0, 40)}\``, `known: ${imageStates.join(', ')}`);
    const images = (await road.images.list()).filter(
      (one) =>
        (agent === undefined || one.principal === agent) &&
        (environment === undefined || one.environments.includes(environment)) &&
        (state === undefined || one.state === state),
    );
    return c.json({ images } satisfies { images: readonly BeforeImage[] });
  });
  app.get('/v1/undo-plan', async (c) => {
    human(c);
    return c.json((await planRun(road, await select(road, whatOf(c, road)))) satisfies UndoRunPlan);
  });
  app.get('/v1/undo/:id', async (c) => {
    human(c);
    const toSchema = c.req.query('toSchema');
    const supposing = toSchema === undefined ? {} : { toSchema };
    const { asIf: _, ...plan } = await planUndo(road, road.images, c.req.param('id'), supposing);
    return c.json(plan satisfies UndoPlan);
  });
  app.post('/v1/undo/:id', async (c) => {
    human(c);
    const asked = z.strictObject({ overConflicts: z.boolean().default(false), toSchema: z.string().optional() });
    const { overConflicts, toSchema } = await body(c, asked);
    const outcomes =
      toSchema === undefined
        ? await undo(road, road.images, c.req.param('id'), c.get('bearer'), overConflicts)
        : await putBeside(road, road.images, c.req.param('id'), c.get('bearer'), toSchema);
    const refusedAt = outcomes.find((outcome) => outcome.kind === 'refused');
    if (refusedAt?.kind !== 'refused')
      return c.json({ undone: c.req.param('id'), steps: outcomes.length, images: imagesOf(outcomes) } satisfies Undone);
    const { refusal } = refusedAt;
    const before = outcomes.length - 1;
    const detail = before === 0 ? refusal.detail : `${refusal.detail}; ${before} of its steps had been done before`;
    return problem(c, { ...refusal, detail });
  });
  return app;
}

/** Exactly one of an image, an entry and a hold, or a span. */
function whatOf(c: Context, road: RoadParts): UndoWhat {
  const { image, entry, hold, ...span } = c.req.query();
  const { agent, since, environment } = span;
  const isSpan = [agent, since, environment].some((one) => one !== undefined);
  const named = [image, entry, hold].filter((one) => one !== undefined).length + (isSpan ? 1 : 0);
  if (named !== 1)
    throw refuse('BAD_REQUEST', 'name one thing to undo', 'an image, an entry, a hold, or an agent and a moment');
  if (image !== undefined) return { kind: 'image', image };
  if (hold !== undefined) return { kind: 'hold', hold };
  if (entry !== undefined) {
    if (!/^\d{1,12}$/.test(entry)) throw refuse('BAD_REQUEST', `\`${entry.slice(0, 40)}\` is no entry's number`);
    return { kind: 'entry', entry: Number(entry) };
  }
  if (agent === undefined && since === undefined)
    throw refuse('BAD_REQUEST', 'an environment alone names no acts', 'add an agent or a moment');
  return {
    kind: 'span',
    ...(agent === undefined ? {} : { agent }),
    ...(since === undefined ? {} : { since: momentOf(road, since) }),
    ...(environment === undefined ? {} : { environment }),
  };
}
