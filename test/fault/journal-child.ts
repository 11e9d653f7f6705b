/**
 * A process that writes a journal and says on its standard output what it was promised, until it is killed or has had so
 * many answers: `node journal-child.ts <database> <key file> <writers> <answers>`. `ack <index> <nonce>`: the entry is
 * durable; `nak <nonce>`: it was rejected. Written with writeSync: a line that stands there was written before the next
 * thing was done.
 */
import { createPrivateKey, randomBytes } from 'node:crypto';
import { readFileSync, writeSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import type { EntryPlace } from '../../src/model/entry.ts';
import { openJournal } from '../../src/road/journal/journal.ts';
import { openSqliteStore } from '../../src/stores/sqlite/store.ts';
import { origin } from './journal-place.ts';

const [path = '', keyFile = '', writers = '8', answers = 'Infinity'] = process.argv.slice(2);
const key = createPrivateKey(readFileSync(keyFile));
const store = await openSqliteStore({ path });
const journal = await openJournal({ store, key, origin, clock: { now: () => Date.now() } });
writeSync(1, 'ready\n');

/** An entry together with something it tells of: a counter that has to agree with the number of such entries. */
function counted(nonce: string): Promise<EntryPlace> {
  return store.transact(async (tx) => {
    const before = await tx.get('budgets', 'counter');
    await tx.put('budgets', 'counter', { count: Number(before?.['count'] ?? 0) + 1 });
    return journal.append(tx, { kind: 'settled', body: { nonce } });
  });
}

let answered = 0;
async function writer(number: number): Promise<void> {
  for (let turn = number; answered < Number(answers); turn++) {
    const nonce = randomBytes(12).toString('hex');
    try {
      const entry = await (turn % 2 === 0 ? counted(nonce) : journal.record({ kind: 'intent', body: { nonce } }));
      writeSync(1, `ack ${entry.index} ${nonce}\n`);
      if (journal.healthy)
        journal.noteRead({ principal: 'cursor', token: 'tk', gate: 'http', upstream: 'u', operations: [] });
    } catch {
      writeSync(1, `nak ${nonce}\n`);
      await wait(5);
    }
    answered += 1;
  }
}

await Promise.all(Array.from({ length: Number(writers) }, (_, number) => writer(number)));
// Gone without a farewell, like a process that was killed.
process.kill(process.pid, 'SIGKILL');
