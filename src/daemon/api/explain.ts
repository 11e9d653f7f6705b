import { Hono } from 'hono';
import { z } from 'zod';
import { body } from './asks.ts';
import type { ApiParts, ApiVariables } from './context.ts';
import { explainText } from '../explain.ts';
import { refuse } from '../../model/refusal.ts';

/** Characters that an agent may have explained at once: it takes the daemon's time, which is everybody's. */
const agentsAtMost = 32_768;

/** What a text would do and why, by the policy in force. Nothing is sent, not even a look-up: production is assumed. */
export function explainRoutes(parts: ApiParts): Hono<ApiVariables> {
  const app = new Hono<ApiVariables>();
  const inTurn = turns();
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
    if (asked.text.length > agentsAtMost && c.get('bearer').principal.kind !== 'human')
      throw refuse('BAD_REQUEST', `the text is longer than ${agentsAtMost} characters`, 'ask about it in parts');
    const explained = (): ReturnType<typeof explainText> => explainText(parts.providers, parts.road.policy(), asked);
    return c.json(c.get('bearer').principal.kind === 'human' ? explained() : await inTurn(explained));
  });
  return app;
}

/** One after the other, each as long after the one before as that took: half of the time is left for everybody else. */
function turns(): <T>(work: () => T) => Promise<T> {
  let last: Promise<void> = Promise.resolve();
  return (work) => {
    const before = last;
    const { promise, resolve } = Promise.withResolvers<void>();
    last = promise;
    return before.then(() => {
      const began = performance.now();
      try {
        return work();
      } finally {
        setTimeout(resolve, performance.now() - began);
      }
    });
  };
}
