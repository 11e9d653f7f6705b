/** A TCP pipe between relay and server: the yardstick for the benchmark's socket hop, and the line that breaks in the proofs. */
import { connect, createServer, type Socket } from 'node:net';

/** What happens to the chunk that carries a COMMIT: it arrives but its answer is lost; it never arrives; it never arrives and the server is not told. */
export type Break = 'after' | 'before' | 'black hole';

export interface Pipe {
  readonly port: number;
  /** Breaks the line at the next COMMIT; `moment` runs at that moment. */
  readonly arm: (mode: Break, moment?: () => void) => void;
  readonly close: () => void;
}

const COMMITS = [Buffer.from('\0_holdpoint_commit\0'), Buffer.from('COMMIT')];

export function startPipe(upstreamPort: number, port: number): Promise<Pipe> {
  let armed: { mode: Break; moment: () => void } | null = null;
  const stranded: Socket[] = [];
  const server = createServer((down) => {
    const up = connect(upstreamPort, '127.0.0.1');
    for (const socket of [down, up]) socket.setNoDelay(true).on('error', () => undefined);
    let deaf = false;
    down.on('data', (chunk: Buffer) => {
      const commit = armed !== null && COMMITS.some((mark) => chunk.includes(mark));
      if (!commit || armed === null) {
        up.write(chunk);
        return;
      }
      const { mode, moment } = armed;
      armed = null;
      deaf = true;
      moment();
      if (mode === 'after') up.write(chunk);
      if (mode === 'black hole') stranded.push(up);
      if (mode !== 'after') down.destroy();
      if (mode === 'before') up.destroy();
    });
    up.on('data', (chunk: Buffer) => {
      if (deaf) {
        down.destroy();
        up.destroy();
      } else down.write(chunk);
    });
    up.on('close', () => down.destroy());
    down.on('close', () => deaf || up.destroy());
  });
  const close = (): void => {
    server.close();
    for (const socket of stranded) socket.destroy();
  };
  return new Promise((resolve) => {
    server.listen(port, '127.0.0.1', () => {
      resolve({ port, close, arm: (mode, moment = () => undefined) => (armed = { mode, moment }) });
    });
  });
}
