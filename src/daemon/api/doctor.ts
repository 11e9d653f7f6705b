import { Hono } from 'hono';
import { z } from 'zod';
import { body, human } from './asks.ts';
import type { ApiParts, ApiVariables } from './context.ts';
import type { TierProof } from '../../contract/api.ts';
import { attackNames } from '../../features/doctor/attacks.ts';

const attempt = z.strictObject({
  attack: z.enum(attackNames),
  outcome: z.enum(['succeeded', 'refused', 'unclear']),
  detail: z.string().max(2_000),
});

/** What `holdpoint doctor` asks and tells. */
export function doctorRoutes(parts: ApiParts): Hono<ApiVariables> {
  const app = new Hono<ApiVariables>();
  app.post('/v1/doctor/proof', async (c) => {
    const by = human(c);
    const found = await body(
      c,
      z.strictObject({
        attempts: z.array(attempt).max(100),
        attacker: z.strictObject({ name: z.string().max(100), uid: z.number().int().min(0) }),
      }),
    );
    return c.json((await parts.proofs.record(by.name, found)) satisfies TierProof);
  });
  /** Which of these texts the vault keeps, by their place in the list. For humans alone: they could ask the vault for its names anyway. */
  app.post('/v1/doctor/kept', async (c) => {
    human(c);
    const { texts } = await body(c, z.strictObject({ texts: z.array(z.string().max(4_096)).max(5_000) }));
    const kept = texts.flatMap((text, index) => {
      const name = parts.vault.matches(text);
      return name === undefined ? [] : [{ index, name }];
    });
    return c.json({ kept });
  });
  return app;
}
