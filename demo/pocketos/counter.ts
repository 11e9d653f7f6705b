import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from './database.ts';

/** The rental counter's page: who picks up which car today. It knows nothing but what the database says. */
export interface Counter {
  readonly url: string;
  close(): Promise<void>;
}

interface PickUp {
  readonly time: string;
  readonly customer: string;
  readonly model: string;
  readonly plate: string;
  readonly counter: string;
}

const today = `
select to_char(r.pick_up, 'HH24:MI') as time, cu.name as customer, ca.model, ca.plate, l.city || ', ' || l.counter as counter
from reservations r join customers cu on cu.id = r.customer join cars ca on ca.id = r.car join locations l on l.id = r.location
where r.pick_up >= date_trunc('day', now()) and r.pick_up < date_trunc('day', now()) + interval '1 day'
  and r.status <> 'cancelled'
order by r.pick_up, r.id`;

/** Serves the page on loopback from the database at this address. */
export async function openCounter(databaseUrl: string): Promise<Counter> {
  const server = http.createServer((_request, response) => {
    page(databaseUrl).then(
      (html) => answer(response, 200, html),
      () => answer(response, 503, html('Rental counter', '<p>No records. We cannot hand out cars at the moment.</p>')),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function page(databaseUrl: string): Promise<string> {
  const client = await connect(databaseUrl);
  try {
    const { rows } = await client.query<PickUp>(today);
    const lines = rows.map(
      ({ time, customer, model, plate, counter }) =>
        `<tr><td>${[time, customer, model, plate, counter].map(escaped).join('</td><td>')}</td></tr>`,
    );
    return html(`Rental counter: ${rows.length} pick-ups today`, `<table>\n${lines.join('\n')}\n</table>`);
  } finally {
    await client.end();
  }
}

function html(title: string, body: string): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${escaped(title)}</title><h1>${escaped(title)}</h1>\n${body}\n</html>\n`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}

function answer(response: http.ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' });
  response.end(text);
}

/** What somebody at the counter sees: the page's heading, or that it is down. */
export async function look(counter: Counter): Promise<{ readonly up: boolean; readonly heading: string }> {
  const response = await fetch(counter.url, { signal: AbortSignal.timeout(8_000) });
  const text = await response.text();
  const heading = /<h1>([^<]*)<\/h1>/.exec(text)?.[1] ?? '';
  return { up: response.status === 200 && heading.includes('pick-ups'), heading: `${response.status} ${heading}` };
}
