import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';

/** An alarm as the webhook received it. */
export interface Paged {
  readonly kind: string;
  readonly text: string;
  readonly code: string | undefined;
  /** `performance.now()` when it came in. */
  readonly at: number;
}

/** The human's pager: a webhook on loopback that the agent has no part in. */
export interface Pager {
  readonly url: string;
  readonly pages: readonly Paged[];
  /** The first that fits, within this time. */
  heard(fits: (page: Paged) => boolean, withinMs: number): Promise<Paged | undefined>;
  close(): Promise<void>;
}

export async function openPager(): Promise<Pager> {
  const pages: Paged[] = [];
  const server = http.createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      const alarm = JSON.parse(text) as { kind: string; text: string; hold?: { code: string } };
      pages.push({ kind: alarm.kind, text: alarm.text, code: alarm.hold?.code, at: performance.now() });
      response.writeHead(204).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/alarm`,
    pages,
    async heard(fits, withinMs) {
      const until = performance.now() + withinMs;
      for (;;) {
        const found = pages.find(fits);
        if (found !== undefined || performance.now() > until) return found;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
