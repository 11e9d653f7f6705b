import { Hono } from 'hono';
import { human } from './asks.ts';
import type { ApiParts, ApiVariables } from './context.ts';
import type { BackupState } from '../../contract/backup-state.ts';

/** What is known of copies of databases. */
export function backupRoutes(parts: ApiParts): Hono<ApiVariables> {
  const app = new Hono<ApiVariables>();
  app.get('/v1/backups', async (c) => {
    human(c);
    return c.json({ backups: await parts.backups.states() } satisfies { backups: readonly BackupState[] });
  });
  return app;
}
