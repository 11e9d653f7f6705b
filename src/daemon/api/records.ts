import { Hono } from 'hono';
import { z } from 'zod';
import { body, human } from './asks.ts';
import type { ApiParts, ApiVariables } from './context.ts';
import { credentialsOf } from '../config.ts';
import type { PolicyInForce, Signer, Status, VaultEntry, WhoAmI } from '../../contract/api.ts';

const firstSigner = z.strictObject({
  code: z.string().max(100),
  name: z.string().regex(/^[a-z][a-z0-9-]{0,39}$/),
  publicKey: z.string().max(200),
});

/** Status, who asks, vault, signers, policy: what is kept. */
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
  app.get('/v1/vault', async (c) => {
    human(c);
    return c.json({ entries: await parts.vault.list() } satisfies { entries: readonly VaultEntry[] });
  });
  app.get('/v1/signers', async (c) => {
    human(c);
    return c.json({ signers: await parts.signers.list() } satisfies { signers: readonly Signer[] });
  });
  app.post('/v1/signers/first', async (c) => {
    return c.json(await parts.enrolment.enrol(await body(c, firstSigner)));
  });
  app.get('/v1/policy', (c) => {
    human(c);
    return c.json({
      version: road.policy().version,
      applied: parts.installation.applied,
      credentials: credentialsOf(parts.installation.config),
      bindings: parts.installation.bindings,
    } satisfies PolicyInForce);
  });
  return app;
}
