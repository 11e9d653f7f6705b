import { Hono } from 'hono';
import { z } from 'zod';
import { body, human } from './asks.ts';
import type { ApiParts, ApiVariables } from './context.ts';
import { ConfigError, environmentsOf, readConfig } from '../config.ts';
import { merged, replayEntry, type Rulebook } from '../replay.ts';
import type { ReplayChange, ReplayPage } from '../../contract/api.ts';
import { refuse } from '../../model/refusal.ts';
import { PolicyError } from '../../road/policy/policy.ts';

/** Requests of one page: judging them holds the daemon up for so long, and no longer. */
const pageSize = 250;

const asked = z.strictObject({
  text: z.string().max(262_144),
  policies: z.record(z.string().regex(/^[\w.-]{1,80}$/), z.string().max(262_144)),
  kind: z.enum(['held', 'intent']),
  since: z.iso.datetime(),
  before: z.number().int().nonnegative().exactOptional(),
});

/** What a proposal would have decided otherwise. Changes nothing, and asks no provider. */
export function replayRoutes(parts: ApiParts): Hono<ApiVariables> {
  const app = new Hono<ApiVariables>();
  app.post('/v1/policy/replay', async (c) => {
    human(c);
    return c.json((await page(parts, await body(c, asked))) satisfies ReplayPage);
  });
  return app;
}

async function page(parts: ApiParts, { kind, since, before, ...proposal }: z.infer<typeof asked>): Promise<ReplayPage> {
  const proposed = rulebook(parts, proposal);
  const { road, installation, identity, journal } = parts;
  const inForce: Rulebook = { policy: road.policy(), environments: installation.bindings.environments };
  const tokens = new Map((await identity.list()).map((token) => [token.id, token]));
  const entries = await journal.find({
    kind,
    order: 'descending',
    limit: pageSize,
    ...(before === undefined ? {} : { after: before }),
  });
  const changes: ReplayChange[] = [];
  let judged = 0;
  let skipped = 0;
  for (const entry of entries) {
    if (entry.at < since) return { judged, skipped, changes: merged(changes) };
    const replayed = replayEntry(entry, tokens, inForce, proposed);
    if (replayed.kind === 'token-gone') skipped += 1;
    if (replayed.kind !== 'judged') continue;
    judged += 1;
    if (replayed.change !== undefined) changes.push(replayed.change);
  }
  const last = entries.at(-1);
  const next = entries.length < pageSize || last === undefined ? {} : { next: last.index };
  return { judged, skipped, changes: merged(changes), ...next };
}

/** Throws `Refused` (`BAD_REQUEST`) for a proposal that could not be applied. */
function rulebook(parts: ApiParts, { text, policies }: Pick<z.infer<typeof asked>, 'text' | 'policies'>): Rulebook {
  try {
    return { policy: parts.loadPolicy(policies), environments: environmentsOf(readConfig(text)) };
  } catch (cause) {
    if (!(cause instanceof PolicyError) && !(cause instanceof ConfigError)) throw cause;
    throw refuse(
      'BAD_REQUEST',
      'the proposal is not valid',
      'check it with `holdpoint policy check` and `holdpoint apply`',
    );
  }
}
