import { Hono } from 'hono';
import { z } from 'zod';
import { body, human } from './asks.ts';
import type { ApiParts, ApiVariables } from './context.ts';
import { problem } from './problem.ts';
import { planUndo, undo } from '../../road/undo/put-back.ts';

/** Before-images: what can be taken back, and taking it back. */
export function undoRoutes(parts: ApiParts): Hono<ApiVariables> {
  const app = new Hono<ApiVariables>();
  const { road } = parts;
  app.get('/v1/undo', async (c) => {
    human(c);
    return c.json({ images: await road.images.list() });
  });
  app.get('/v1/undo/:id', async (c) => {
    human(c);
    return c.json(await planUndo(road, road.images, c.req.param('id')));
  });
  app.post('/v1/undo/:id', async (c) => {
    human(c);
    const { overConflicts } = await body(c, z.strictObject({ overConflicts: z.boolean().default(false) }));
    const outcomes = await undo(road, road.images, c.req.param('id'), c.get('bearer'), overConflicts);
    const refusedAt = outcomes.find((outcome) => outcome.kind === 'refused');
    if (refusedAt?.kind === 'refused') return problem(c, refusedAt.refusal);
    return c.json({ undone: c.req.param('id'), steps: outcomes.length });
  });
  return app;
}
