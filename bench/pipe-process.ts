// A raw TCP pipe to one port, the least that Node can put between: `node bench/pipe-process.ts <port>`. Says `{"port":…}`.
import { connect, createServer, type AddressInfo } from 'node:net';
import { pipeline } from 'node:stream';

const target = Number(process.argv[2]);
const server = createServer({ noDelay: true }, (near) => {
  const far = connect({ port: target, host: '127.0.0.1', noDelay: true });
  pipeline(near, far, near, () => undefined);
});
server.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ port: (server.address() as AddressInfo).port }));
});
process.on('SIGTERM', () => process.exit(0));
