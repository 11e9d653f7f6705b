/** A relay or a bare pipe as a process of its own, for the benchmark: `node serve.ts <kind> <server port> <own port> [journal file]`. */
import { open } from 'node:fs/promises';
import { lookup } from './outcome.ts';
import { startPipe } from './pipe.ts';
import { startRelay } from './relay.ts';
import type { Ports } from './road.ts';

const [kind = '', upstream = '', own = '', journal = ''] = process.argv.slice(2);
const target = { host: '127.0.0.1', port: Number(upstream), user: 'agent', database: 'postgres' };

/** Entries that arrive while one flush runs share the next one, as a journal would do it. */
async function durable(path: string): Promise<(line: string) => Promise<void>> {
  const file = await open(path, 'a');
  let queue: string[] = [];
  let next: Promise<void> | null = null;
  let last: Promise<void> = Promise.resolve();
  const write = async (): Promise<void> => {
    await last;
    const batch = queue.join('');
    queue = [];
    next = null;
    last = file.appendFile(batch).then(() => file.datasync());
    return last;
  };
  return (line) => {
    queue.push(line);
    next ??= write();
    return next;
  };
}

if (kind === 'pipe') await startPipe(target.port, Number(own));
else {
  const append = kind === 'relay+intent' ? await durable(journal) : () => Promise.resolve();
  const ports: Ports = {
    judge: () => Promise.resolve('allow'),
    intent: (intent) => append(`${JSON.stringify(intent)}\n`),
    lookup: (intent) => lookup(target, intent),
    hold: (plan, digest, measured) => ({ id: 'hold_0', plan, digest, measured }),
  };
  await startRelay({ target, token: 'agent-token', ports, images: null }, Number(own));
}
process.send?.('ready');
