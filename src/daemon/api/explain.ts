import { Hono } from 'hono';
import { z } from 'zod';
import { body } from './asks.ts';
import type { ApiParts, ApiVariables } from './context.ts';
import { explainText } from '../explain.ts';
import { openMakesWhole } from '../whole-document.ts';

/** What a text would do and why, live: the same judging as on the road, without sending anything but look-ups. */
export function explainRoutes(parts: ApiParts): Hono<ApiVariables> {
  const app = new Hono<ApiVariables>();
  const whole = openMakesWhole();
  app.post('/v1/explain', async (c) => {
    const asked = await body(
      c,
      z.strictObject({
        id: z.string().default(''),
        about: z.string(),
        text: z.string().max(262_144),
        variables: z.record(z.string(), z.json()).optional(),
      }),
    );
    return c.json(explainText(parts.providers, parts.road.policy(), asked, whole));
  });
  return app;
}
