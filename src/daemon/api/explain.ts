import { Hono } from 'hono';
import { z } from 'zod';
import { body } from './asks.ts';
import type { ApiParts, ApiVariables } from './context.ts';
import { explainText } from '../explain.ts';

/** What a text would do and why, by the policy in force. Nothing is sent, not even a look-up: production is assumed. */
export function explainRoutes(parts: ApiParts): Hono<ApiVariables> {
  const app = new Hono<ApiVariables>();
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
    return c.json(explainText(parts.providers, parts.road.policy(), asked));
  });
  return app;
}
