import { Hono } from 'hono';
import { stream } from 'hono/streaming';
import { human } from './asks.ts';
import type { ApiParts, ApiVariables } from './context.ts';
import { exportJournal } from '../../road/journal/export.ts';

/** The evidence, to read and to take away. */
export function journalRoutes(parts: ApiParts): Hono<ApiVariables> {
  const app = new Hono<ApiVariables>();
  app.get('/v1/journal', async (c) => {
    human(c);
    const limit = Math.min(Number(c.req.query('limit') ?? '100') || 100, 1_000);
    const hold = c.req.query('hold');
    const kind = c.req.query('kind');
    const where = {
      ...(hold === undefined ? {} : { 'entry.hold': hold }),
      ...(kind === undefined ? {} : { 'entry.kind': kind }),
    };
    const found = await parts.road.store.find('entries', { where, limit, order: 'descending' });
    return c.json({ entries: found.map((one) => one.record['entry']).reverse() });
  });
  app.get('/v1/journal/checkpoint', async (c) => {
    human(c);
    return c.json({ checkpoint: (await parts.journal.latestCheckpoint()) ?? null, key: parts.journal.verifierKey });
  });
  app.get('/v1/journal/export', (c) => {
    human(c);
    c.header('content-type', 'application/x-ndjson');
    return stream(c, async (out) => {
      for await (const line of exportJournal(parts.road.store))
        await out.write(line.endsWith('\n') ? line : `${line}\n`);
    });
  });
  return app;
}
