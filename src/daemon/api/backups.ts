import { type Context, Hono } from 'hono';
import { stream } from 'hono/streaming';
import { z } from 'zod';
import { body, human } from './asks.ts';
import type { ApiParts, ApiVariables } from './context.ts';
import { SourceFailed, StoreFailed } from '../../contract/backup.ts';
import type { BackupKit } from '../../contract/backup-kit.ts';
import type { BackupDetails, BackupState } from '../../contract/backup-state.ts';
import { refuse, type Refusal, refusalIn } from '../../model/refusal.ts';

/** One line of what `POST /v1/backups/:name/now` streams. */
type NowLine =
  | { readonly done: number; readonly of: number }
  | { readonly backup: BackupDetails['backups'][number] }
  | { readonly refusal: Refusal };

const probed = z.strictObject({ stores: z.array(z.string().max(63)).min(1).max(8) });

/** Copies of databases: what is known of them, a copy now, what a store lets us destroy, and what drills found. */
export function backupRoutes(parts: ApiParts): Hono<ApiVariables> {
  const { backups } = parts;
  const app = new Hono<ApiVariables>();
  app.get('/v1/backups', async (c) => {
    human(c);
    return c.json({ backups: await backups.states() } satisfies { backups: readonly BackupState[] });
  });
  app.get('/v1/backups/:name', async (c) => {
    human(c);
    return c.json(known(await backups.details(c.req.param('name')), c));
  });
  app.get('/v1/backups/:name/kit', async (c) => {
    human(c);
    return c.json(known(await backups.kit(c.req.param('name')), c) satisfies BackupKit);
  });
  app.post('/v1/backups/probe', async (c) => {
    human(c);
    const { stores } = await body(c, probed);
    return c.json({ stores: await Promise.all(stores.map((one) => backups.probe(one).catch(unreachable))) });
  });
  app.post('/v1/backups/:name/now', (c) => {
    human(c);
    return copyNow(c, parts);
  });
  app.post('/v1/drills', async (c) => {
    human(c);
    return c.json({ drill: await backups.drilled(await body(c, z.unknown())) });
  });
  return app;
}

/** A store that does not answer has not let anything through, and has not refused anything. */
function unreachable(thrown: unknown): never {
  if (!(thrown instanceof StoreFailed)) throw thrown;
  throw refuse('UNAVAILABLE', thrown.message, 'see that it runs, and by which credential it is reached');
}

function known<T>(found: T | undefined, c: Context): T {
  if (found !== undefined) return found;
  throw refuse('BAD_REQUEST', `there is no backup \`${c.req.param('name') ?? ''}\``, 'see `holdpoint backup status`');
}

/** JSON lines: how far it is, twice a second at most, and last the copy or why there is none. */
function copyNow(c: Context<ApiVariables>, { backups }: ApiParts): Response {
  const name = c.req.param('name') ?? '';
  c.header('content-type', 'application/jsonl');
  return stream(c, async (out) => {
    const say = async (line: NowLine): Promise<void> => void (await out.write(`${JSON.stringify(line)}\n`));
    let told = 0;
    try {
      const backup = await backups.now(name, ({ done, of }) => {
        const now = Date.now();
        if (now - told < 500) return;
        told = now;
        say({ done, of }).catch(() => undefined);
      });
      await say({ backup });
    } catch (error) {
      await say({ refusal: refusalOf(error) });
    }
  });
}

/** Faults of sources and stores are in our own words. */
function refusalOf(error: unknown): Refusal {
  if (error instanceof SourceFailed || error instanceof StoreFailed)
    return { code: 'UNAVAILABLE', detail: error.message, hint: 'see `holdpoint backup status`' };
  return refusalIn(error);
}
