import { Hono } from 'hono';
import { z } from 'zod';
import { body, human } from './asks.ts';
import type { ApiParts, ApiVariables } from './context.ts';
import { refuse } from '../../model/refusal.ts';
import type { FreezeState, PolicyInForce, ShownToken, Signer, Status, VaultEntry, WhoAmI } from '../../contract/api.ts';

/** Status, tokens, vault, signers, policy, freeze: what is kept, and the acts that only narrow. */
export function recordRoutes(parts: ApiParts): Hono<ApiVariables> {
  const app = new Hono<ApiVariables>();
  const { road } = parts;
  app.get('/v1/status', async (c) => {
    human(c);
    return c.json((await parts.status()) satisfies Status);
  });
  app.get('/v1/whoami', (c) => {
    const { principal, token } = c.get('bearer');
    const { id, scope, purpose, expiresAt } = token;
    // By these names a client asks for a database at the gate.
    const upstreams = parts.installation.bindings.upstreams
      .filter((one) => !one.lookupsOnly && scope.environments.includes(one.environment))
      .map(({ name, provider, environment }) => ({ name, provider, environment }));
    return c.json({ principal, token: { id, scope, purpose, expiresAt }, upstreams } satisfies WhoAmI);
  });
  app.get('/v1/tokens', async (c) => {
    human(c);
    const tokens = await parts.identity.list();
    const shown: readonly ShownToken[] = tokens.map(({ secretHash: _, ...token }) => token);
    return c.json({ tokens: shown });
  });
  app.post('/v1/tokens/:id/revoke', async (c) => {
    const by = human(c);
    const id = c.req.param('id');
    await road.store.transact(async (tx) => {
      await parts.identity.revoke(tx, id, by.name);
      await road.holds.withdrawAllOf(tx, id);
    });
    return c.json({ revoked: id });
  });
  app.get('/v1/vault', async (c) => {
    human(c);
    return c.json({ entries: await parts.vault.list() } satisfies { entries: readonly VaultEntry[] });
  });
  app.get('/v1/signers', async (c) => {
    human(c);
    return c.json({ signers: await parts.signers.list() } satisfies { signers: readonly Signer[] });
  });
  app.post('/v1/signers/first', async (c) => {
    const asked = await body(
      c,
      z.strictObject({
        code: z.string().max(100),
        name: z.string().regex(/^[a-z][a-z0-9-]{0,39}$/),
        publicKey: z.string().max(200),
      }),
    );
    return c.json(await parts.enrolment.enrol(asked));
  });
  app.get('/v1/policy', (c) => {
    human(c);
    return c.json({
      version: road.policy().version,
      applied: parts.installation.applied,
      bindings: parts.installation.bindings,
    } satisfies PolicyInForce);
  });
  app.get('/v1/freeze', (c) => c.json(road.freeze.state satisfies FreezeState));
  app.post('/v1/freeze', async (c) => {
    const by = human(c);
    const asked = z.strictObject({ why: z.string().max(280).default(''), agent: z.string().max(80).exactOptional() });
    const { why, agent } = await body(c, asked);
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
