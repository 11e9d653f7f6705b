import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { saying } from '../../src/contract/postgres/frames.ts';

/**
 * - `whole`: passes everything on
 * - `before`: the COMMIT never arrives
 * - `after`: the COMMIT arrives, its answer never comes
 * - `swept`: the same, and instead of its answer comes what a pooler says that lost its server
 */
export type Breaking = 'whole' | 'before' | 'after' | 'swept';

const lostServer = saying({ severity: 'FATAL', code: '08P01', message: 'server conn crashed?' }).bytes;

/** A wire between us and the server that breaks at the COMMIT. */
export interface BreakingLine {
  readonly port: number;
  breaking: Breaking;
  /** Called when a COMMIT was seen, before the line breaks. */
  seen: () => Promise<void>;
  close(): void;
}

export async function openBreakingLine(serverPort: number): Promise<BreakingLine> {
  const sockets = new Set<Socket>();
  const server = createServer((ours) => {
    const theirs = connect(serverPort, '127.0.0.1');
    for (const socket of [ours, theirs]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
    }
    const end = (): void => {
      ours.destroy();
      theirs.destroy();
    };
    ours.on('close', end);
    theirs.on('close', end);
    let cut = false;
    theirs.on('data', (chunk: Buffer) => {
      if (!cut) ours.write(chunk);
    });
    ours.on('data', (chunk: Buffer) => {
      if (line.breaking === 'whole' || !chunk.includes('COMMIT\0')) return void theirs.write(chunk);
      cut = true;
      const { breaking } = line;
      line.breaking = 'whole';
      const gone = (): void => void line.seen().then(end, end);
      if (breaking === 'before') return gone();
      theirs.write(chunk);
      // The server says that it has committed, and nobody hears it.
      theirs.once('data', () => {
        if (breaking === 'swept') ours.end(lostServer, gone);
        else gone();
      });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const line: BreakingLine = {
    port: (server.address() as AddressInfo).port,
    breaking: 'whole',
    seen: async () => undefined,
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
  return line;
}
