import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Store } from '../../src/contract/store.ts';
import { openSqliteStore } from '../../src/stores/sqlite/store.ts';
import type { JournalPlace } from './journal-place.ts';

/** What the child said before it ended. A last line without its end does not count. */
export interface Answers {
  readonly ready: boolean;
  readonly acknowledged: ReadonlyMap<string, number>;
  readonly rejected: ReadonlySet<string>;
}

export interface ChildOptions {
  readonly writers: number;
  /** It ends by itself after so many answers. */
  readonly answers?: number;
  /** A program and its arguments that the child runs under. */
  readonly under?: readonly string[];
  /** Called with the child when it was started, and for every line that it says. */
  readonly watch?: (child: ChildProcess, line: string | undefined) => void;
}

/** Runs the writing child until it ends or is killed. */
export async function runChild(place: JournalPlace, options: ChildOptions): Promise<Answers> {
  const keyFile = join(place.folder, 'key.pem');
  await writeFile(keyFile, place.key.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 });
  const script = join(import.meta.dirname, 'journal-child.ts');
  const node = [
    process.execPath,
    '--disable-warning=ExperimentalWarning',
    script,
    place.path,
    keyFile,
    String(options.writers),
  ];
  const [command, ...rest] = [...(options.under ?? []), ...node, String(options.answers ?? 'Infinity')];
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
  const errors: string[] = [];
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk.toString()));
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => resolve());
  });
  const acknowledged = new Map<string, number>();
  const rejected = new Set<string>();
  let ready = false;
  options.watch?.(child, undefined);
  for await (const line of createInterface({ input: child.stdout })) {
    const [what, one = '', two = ''] = line.split(' ');
    if (what === 'ready') ready = true;
    // A nonce has 24 characters; a shorter one was cut off by the kill.
    else if (what === 'ack' && two.length === 24) acknowledged.set(two, Number(one));
    else if (what === 'nak' && one.length === 24) rejected.add(one);
    options.watch?.(child, line);
  }
  await ended;
  if (errors.length > 0) throw new Error(`the child said: ${errors.join('')}`);
  return { ready, acknowledged, rejected };
}

/** What is wrong with the store, measured by what the child had been promised; read from the database itself. */
export async function brokenPromises(store: Store, { acknowledged, rejected }: Answers): Promise<string[]> {
  const wrong: string[] = [];
  for (const [nonce, index] of acknowledged) {
    const record = await store.get('entries', String(index).padStart(12, '0'));
    const entry = record?.['entry'] as { readonly body?: { readonly nonce?: string } } | undefined;
    if (entry?.body?.nonce !== nonce) wrong.push(`entry ${index} was acknowledged and is not there`);
  }
  const entries = await store.find('entries');
  const told = entries.map(
    ({ record }) => record['entry'] as { readonly kind: string; readonly body: { readonly nonce?: string } },
  );
  for (const { body } of told)
    if (body.nonce !== undefined && rejected.has(body.nonce)) wrong.push(`a rejected entry is there`);
  const settled = told.filter(({ kind }) => kind === 'settled').length;
  const count = (await store.get('budgets', 'counter'))?.['count'] ?? 0;
  if (count !== settled) wrong.push(`the counter says ${JSON.stringify(count)}, the journal ${settled}`);
  return wrong;
}

export async function withStore<T>(place: JournalPlace, work: (store: Store) => Promise<T>): Promise<T> {
  const store = await openSqliteStore({ path: place.path });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}
