// A small far side in a process of its own, that answers what a variable's change asks for: `node bench/far-side.ts`.
// Says `{"port":…}`; `GET /seen` answers what it has seen since the last time it was asked that.
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
  [
    'isSealed',
    {
      variables: { RENTAL_BANNER: 'open all day', RENTAL_DESK: 'north' },
      environment: { ...environment, variables: none },
    },
  ],
  ['volumeInstances', { environment }],
];
const prepared = answers.map(([part, data]) => [part, Buffer.from(JSON.stringify({ data }))] as const);
const otherwise = Buffer.from(readAnswer);

/** Messages, and of each write the milliseconds from its first look-up to the last one's answer, and from there to it. */
export interface Seen {
  readonly messages: number;
  readonly lookups: readonly number[];
  readonly recording: readonly number[];
}

let messages = 0;
let lookups: number[] = [];
let recording: number[] = [];
let first: number | undefined;
let last = 0;

/** Whatever comes before a write is a look-up for it. */
function note(part: string, before: number): void {
  messages += 1;
  if (part !== 'variableUpsert') {
    first ??= before;
    last = performance.now();
  } else if (first !== undefined) {
    lookups.push(last - first);
    recording.push(before - last);
    first = undefined;
  }
}

const server = createServer({ keepAliveTimeout: 600_000, noDelay: true }, (request, response) => {
  if (request.method === 'GET') {
    const said: Seen = { messages, lookups, recording };
    [messages, lookups, recording] = [0, [], []];
    response.end(JSON.stringify(said));
    return;
  }
  let text = '';
  request.setEncoding('latin1');
  request.on('data', (piece: string) => {
    text += piece;
  });
  request.on('end', () => {
    const now = performance.now();
    const [part, body] = prepared.find(([known]) => text.includes(known)) ?? ['', otherwise];
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length }).end(body);
    note(part, now);
  });
});
server.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ port: (server.address() as AddressInfo).port }));
});
process.on('SIGTERM', () => process.exit(0));
