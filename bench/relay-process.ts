// What a gate on Node and undici costs that looks at nothing: `node bench/relay-process.ts <port>`. Says `{"port":…}`.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Pool } from 'undici';

const pool = new Pool(`http://127.0.0.1:${process.argv[2]}`, { allowH2: false, pipelining: 1, connections: 128 });
const headers = ['content-type', 'application/json', 'authorization', 'Bearer none'];

function whole(pieces: readonly Buffer[]): Buffer {
  return pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces);
}

const server = createServer({ noDelay: true }, (request, response) => {
  const pieces: Buffer[] = [];
  request.on('data', (piece: Buffer) => pieces.push(piece));
  request.on('end', () => {
    const answer: Buffer[] = [];
    pool.dispatch(
      { method: 'POST', path: '/graphql/v2', headers, body: whole(pieces) },
      {
        onRequestStart() {},
        onResponseStart() {},
        onResponseData: (_, piece) => void answer.push(piece),
        onResponseEnd() {
          const body = whole(answer);
          response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length }).end(body);
        },
        onResponseError: () => void response.destroy(),
      },
    );
  });
});
server.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ port: (server.address() as AddressInfo).port }));
});
process.on('SIGTERM', () => process.exit(0));
