import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { channelContract, type ChannelDriver } from './channels.ts';
import { webhook } from '../../src/channels/webhook/webhook.ts';
import { postTo } from '../../src/upstream/post/post.ts';

/** The webhook over its real post, to a server that keeps what came. */
async function webhookDriver(): Promise<ChannelDriver> {
  const bodies: string[] = [];
  let status = 204;
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (part: string) => (body += part));
    request.on('end', () => {
      if (status === 204) bodies.push(body);
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/hook/secret-path`;
  return {
    channel: webhook(url, (to, body) => postTo(to, body, { allowPrivate: true })),
    received: () => bodies,
    refuse: () => {
      status = 500;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

channelContract('webhook', webhookDriver);
