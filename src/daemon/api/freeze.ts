import { Hono } from 'hono';
import { z } from 'zod';
import { body, human } from './asks.ts';
import type { ApiParts, ApiVariables } from './context.ts';
import type { FreezeState } from '../../contract/api.ts';
import { refuse } from '../../model/refusal.ts';

const freezing = z.strictObject({ why: z.string().max(280).default(''), agent: z.string().max(80).exactOptional() });

/** The freeze: anybody who is known sees it, any human freezes all agents or one. Thawing is a signed act. */
export function freezeRoutes({ road }: ApiParts): Hono<ApiVariables> {
  const app = new Hono<ApiVariables>();
  app.get('/v1/freeze', (c) => c.json(road.freeze.state satisfies FreezeState));
  app.post('/v1/freeze', async (c) => {
    const by = human(c);
    const { why, agent } = await body(c, freezing);
    const said = why === '' ? '' : `: ${why}`;
    if (agent === undefined) {
      const state = await road.freeze.freeze(by.name, why);
      road.raise({ kind: 'frozen', text: `${by.name} froze all agent writes${said}` });
      return c.json(state);
    }
    const [found] = await road.store.find('principals', { where: { name: agent } });
    if (found === undefined)
      throw refuse('BAD_REQUEST', `there is no agent \`${agent}\``, 'see: holdpoint token list --all');
    const state = await road.freeze.freezeAgent({ id: found.key, name: agent }, by.name, why);
    road.raise({ kind: 'frozen', text: `${by.name} froze all writes of ${agent}${said}` });
    return c.json(state);
  });
  return app;
}
