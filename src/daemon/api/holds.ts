import { Hono, type Context } from 'hono';
import { z } from 'zod';
import { approvalSchema, body, human } from './asks.ts';
import type { ApiParts, ApiVariables } from './context.ts';
import { problem } from './problem.ts';
import { endedHoldStates, type Hold } from '../../model/hold.ts';
import { plain, type Json } from '../../model/json.ts';
import { refuse } from '../../model/refusal.ts';
import type { BriefHold, GoalLock } from '../../contract/api.ts';

const waitAtMostMs = 60_000;
/** The journal tells of each step; looking by itself is for what happened between a look and listening. */
const lookAgainMs = 1_000;

/** Holds: humans see and decide all of them; an agent waits for, runs and withdraws its own. */
export function holdRoutes(parts: ApiParts): Hono<ApiVariables> {
  const app = new Hono<ApiVariables>();
  const { holds } = parts.road;
  app.get('/v1/holds', async (c) => {
    human(c);
    return c.json({ holds: await holds.list(c.req.query('state')) });
  });
  app.get('/v1/holds/:id', async (c) => {
    const hold = await ownHold(parts, c);
    return c.json(c.get('bearer').principal.kind === 'human' ? hold : brief(hold));
  });
  app.get('/v1/holds/:id/wait', async (c) => {
    const asked = Number(c.req.query('seconds') ?? '20') * 1_000;
    const until = Date.now() + Math.min(Number.isFinite(asked) ? asked : 0, waitAtMostMs);
    let hold = await ownHold(parts, c);
    while (hold.state === 'waiting' && Date.now() < until && !c.req.raw.signal.aborted) {
      await nextStep(parts, hold.id, Math.min(lookAgainMs, until - Date.now()), c.req.raw.signal);
      hold = await ownHold(parts, c, hold.id);
    }
    return c.json(brief(hold));
  });
  app.post('/v1/holds/:id/withdraw', async (c) => {
    const { principal } = c.get('bearer');
    const hold = await ownHold(parts, c);
    if (hold.request.principal.id !== principal.id)
      throw refuse('DENIED', 'nobody but the principal withdraws', 'a human denies it: holdpoint deny ' + hold.code);
    return c.json(brief(await holds.withdraw(hold.id, principal.name)));
  });
  app.post('/v1/holds/:id/run', async (c) => {
    const hold = await ownHold(parts, c);
    const outcome = await parts.run(hold.id, c.get('bearer').principal);
    if (outcome.kind === 'refused') return problem(c, outcome.refusal);
    return c.json({
      hold: brief(await ownHold(parts, c, hold.id)),
      answer: plain(outcome.answer as unknown as Json),
    });
  });
  return app;
}

/** What humans say of holds, and what a denial locks. */
export function verdictRoutes(parts: ApiParts): Hono<ApiVariables> {
  const app = new Hono<ApiVariables>();
  const { holds, goalLocks } = parts.road;
  app.post('/v1/holds/:id/approve', async (c) => {
    human(c);
    return c.json(await holds.approve(c.req.param('id'), await body(c, approvalSchema)));
  });
  app.post('/v1/holds/:id/deny', async (c) => {
    const by = human(c);
    const said = await body(c, z.union([approvalSchema, z.strictObject({ note: z.string().max(280).default('') })]));
    const denial = 'statement' in said ? said : { by: by.name, note: said.note };
    return c.json(await holds.deny(c.req.param('id'), denial));
  });
  app.post('/v1/holds/:id/cancel', async (c) => c.json(await holds.cancel(c.req.param('id'), human(c).name)));
  app.get('/v1/locks', (c) => {
    human(c);
    return c.json({ locks: goalLocks.list() } satisfies { locks: readonly GoalLock[] });
  });
  return app;
}

type HoldContext = Context<ApiVariables, '/v1/holds/:id'>;

/** The hold that is asked for; another principal's is, to an agent, none at all. Throws `Refused` (`BAD_REQUEST`). */
async function ownHold({ road }: ApiParts, c: HoldContext, id: string = c.req.param('id')): Promise<Hold> {
  const { principal } = c.get('bearer');
  const hold = await road.holds.find(id);
  const mine = principal.kind === 'human' || hold?.request.principal.id === principal.id;
  if (hold === undefined || !mine)
    throw refuse('BAD_REQUEST', `there is no hold \`${id.slice(0, 40)}\``, 'list them with `holdpoint hold list`');
  return hold;
}

/** Resolves with the next entry about this hold, or when the time (ms) is over or nobody waits any more. */
async function nextStep({ journal }: ApiParts, id: string, ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = journal.subscribe((entry) => {
    if (entry.hold === id) resolve();
  });
  const timer = setTimeout(resolve, ms);
  const gone = (): void => resolve();
  signal.addEventListener('abort', gone, { once: true });
  try {
    await promise;
  } finally {
    stop();
    clearTimeout(timer);
    signal.removeEventListener('abort', gone);
  }
}

/** What an agent is told of its own hold: whether to go on waiting. */
function brief(hold: Hold): BriefHold {
  const { id, code, state, createdAt, expiresAt, schedule } = hold;
  const ended = endedHoldStates.includes(state);
  return { id, code, state, createdAt, expiresAt, ...(schedule === undefined ? {} : { schedule }), ended };
}
