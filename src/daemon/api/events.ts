import { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import { human } from './asks.ts';
import type { ApiParts, ApiVariables } from './context.ts';
import type { Alarm } from '../../contract/channel.ts';

const heartbeatMs = 5_000;

/** Server-sent events: `alarm` as they are raised; a `beat` every five seconds, so that silence means the daemon is gone. */
export function eventRoutes(parts: ApiParts): Hono<ApiVariables> {
  const app = new Hono<ApiVariables>();
  app.get('/v1/events', (c) => {
    human(c);
    return streamSSE(c, async (stream) => {
      const waiting: Alarm[] = [];
      let wake = Promise.withResolvers<void>();
      const stop = parts.alarms.listen((alarm) => {
        waiting.push(alarm);
        wake.resolve();
      });
      stream.onAbort(() => wake.resolve());
      try {
        await stream.writeSSE({ event: 'beat', data: '{}' });
        while (!stream.aborted) {
          const timer = setTimeout(() => wake.resolve(), heartbeatMs);
          await wake.promise;
          clearTimeout(timer);
          wake = Promise.withResolvers<void>();
          const batch = waiting.splice(0);
          for (const alarm of batch)
            await stream.writeSSE({ event: 'alarm', id: alarm.id, data: JSON.stringify(alarm) });
          if (batch.length === 0) await stream.writeSSE({ event: 'beat', data: '{}' });
        }
      } finally {
        stop();
      }
    });
  });
  return app;
}
