import { Hono } from 'hono';
import { human } from './asks.ts';
import type { ApiParts, ApiVariables } from './context.ts';
import type { ShownToken } from '../../contract/api.ts';

/** Agent tokens: humans list them, and take them back, which only narrows. */
export function tokenRoutes({ identity, road }: ApiParts): Hono<ApiVariables> {
  const app = new Hono<ApiVariables>();
  app.get('/v1/tokens', async (c) => {
    human(c);
    const tokens = await identity.list();
    const shown: readonly ShownToken[] = tokens.map(({ secretHash: _, ...token }) => token);
    return c.json({ tokens: shown });
  });
  app.post('/v1/tokens/:id/revoke', async (c) => {
    const by = human(c);
    const id = c.req.param('id');
    await road.store.transact(async (tx) => {
      await identity.revoke(tx, id, by.name);
      await road.holds.withdrawAllOf(tx, id);
    });
    return c.json({ revoked: id });
  });
  return app;
}
