import { Hono } from 'hono';
import { stream } from 'hono/streaming';
import { human } from './asks.ts';
import type { ApiParts, ApiVariables } from './context.ts';
import { entryKinds, type EntryKind } from '../../model/entry.ts';
import { refuse } from '../../model/refusal.ts';

/** Throws `Refused` (`BAD_REQUEST`) for a kind that no entry has: nothing found would look like nothing that happened. */
function kindOf(text: string): EntryKind {
  const kind = entryKinds.find((one) => one === text);
  if (kind === undefined)
    throw refuse(
      'BAD_REQUEST',
      `there is no kind of entry \`${text.slice(0, 40)}\``,
      `known: ${entryKinds.join(', ')}`,
    );
  return kind;
}

/** The evidence, to read and to take away. */
export function journalRoutes(parts: ApiParts): Hono<ApiVariables> {
  const app = new Hono<ApiVariables>();
  app.get('/v1/journal', async (c) => {
    human(c);
    const limit = Math.min(Number(c.req.query('limit') ?? '100') || 100, 1_000);
    const hold = c.req.query('hold');
    const kind = c.req.query('kind');
    const found = await parts.journal.find({
      ...(hold === undefined ? {} : { hold }),
      ...(kind === undefined ? {} : { kind: kindOf(kind) }),
      limit,
      order: 'descending',
    });
    return c.json({ entries: found.toReversed() });
  });
  app.get('/v1/journal/entries/:index', async (c) => {
    human(c);
    const index = c.req.param('index');
    const entry = /^\d{1,15}$/.test(index) ? await parts.journal.entry(Number(index)) : undefined;
    if (entry === undefined) throw refuse('BAD_REQUEST', 'the journal has no such entry', 'see `holdpoint journal`');
    return c.json({ entry });
  });
  app.get('/v1/journal/checkpoint', async (c) => {
    human(c);
    return c.json({ checkpoint: (await parts.journal.latestCheckpoint()) ?? null, key: parts.journal.verifierKey });
  });
  app.get('/v1/journal/export', (c) => {
    human(c);
    c.header('content-type', 'application/x-ndjson');
    return stream(c, async (out) => {
      for await (const line of parts.journal.export()) await out.write(line.endsWith('\n') ? line : `${line}\n`);
    });
  });
  return app;
}
