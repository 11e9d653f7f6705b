// A small far side in a process of its own, that answers what a variable's change asks for: `node bench/far-side.ts`.
// Says `{"port":…}`; `GET /count` answers how many requests it has seen.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ids, readAnswer } from './messages.ts';

const none = { edges: [], pageInfo: { hasNextPage: false, endCursor: null } };
const instance = { id: 'instance', serviceId: ids.service, serviceName: 'rental-counter', environmentId: ids.staging };
const environment = {
  id: ids.staging,
  name: 'staging',
  projectId: ids.project,
  createdAt: '2026-01-01T00:00:00.000Z',
  sourceEnvironment: null,
  serviceInstances: { edges: [{ node: instance }], pageInfo: { hasNextPage: false } },
  volumeInstances: none,
};

/** What is in the document → the answer. */
const answers: readonly (readonly [part: string, data: unknown])[] = [
  ['variableUpsert', { variableUpsert: true }],
  ['isSealed', { environment: { id: ids.staging, variables: none } }],
  ['unrendered', { variables: { RENTAL_BANNER: 'open all day', RENTAL_DESK: 'north' } }],
  ['volumeInstances', { environment }],
];
const prepared = answers.map(([part, data]) => [part, Buffer.from(JSON.stringify({ data }))] as const);
const otherwise = Buffer.from(readAnswer);
let seen = 0;

const server = createServer({ keepAliveTimeout: 600_000, noDelay: true }, (request, response) => {
  if (request.method === 'GET') {
    response.end(String(seen));
    return;
  }
  let text = '';
  request.setEncoding('latin1');
  request.on('data', (piece: string) => {
    text += piece;
  });
  request.on('end', () => {
    seen += 1;
    const body = prepared.find(([part]) => text.includes(part))?.[1] ?? otherwise;
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length }).end(body);
  });
});
server.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ port: (server.address() as AddressInfo).port }));
});
process.on('SIGTERM', () => process.exit(0));
