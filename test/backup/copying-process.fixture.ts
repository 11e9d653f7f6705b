import { createPrivateKey, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { CopyingView } from './copying-process.ts';
import { copyingSecrets } from './copying-config.ts';
import { openBackups } from '../../src/daemon/backup/backups.ts';
import { openCopiers } from '../../src/daemon/backup/copiers.ts';
import { backupKeys } from '../../src/daemon/backup/keys.ts';
import { readConfig } from '../../src/daemon/config.ts';
import { openJournal } from '../../src/road/journal/journal.ts';
import { openSqliteStore } from '../../src/stores/sqlite/store.ts';

/**
 * As much of a daemon as copies, in a process that can be killed: `<folder of its state> <folder of what it is told>
 * <port of the server>`. What it is told: `config.yaml`, `journal.pem`, and `clock`, the milliseconds by which its clock is wrong.
 */
const [state = '', told = '', port = ''] = process.argv.slice(2);
const sealedAt = path.join(state, 'sealed.json');
const clockAt = path.join(told, 'clock');

const clock = { now: () => Date.now() + Number(existsSync(clockAt) ? readFileSync(clockAt, 'utf8') : 0) };
const config = readConfig(readFileSync(path.join(told, 'config.yaml'), 'utf8'));
const store = await openSqliteStore({ path: path.join(state, 'store') });
const key = createPrivateKey(readFileSync(path.join(told, 'journal.pem')));
const journal = await openJournal({ store, clock, key, origin: 'holdpoint/test' });
const sealed = new Map<string, string>(
  existsSync(sealedAt) ? (JSON.parse(readFileSync(sealedAt, 'utf8')) as [string, string][]) : [],
);
const keys = await backupKeys(store, {
  seal(plain, about) {
    sealed.set(about, Buffer.from(plain).toString('base64'));
    writeFileSync(`${sealedAt}.new`, JSON.stringify([...sealed]));
    renameSync(`${sealedAt}.new`, sealedAt);
    return about;
  },
  unseal: (_, about) => Buffer.from(sealed.get(about) ?? randomBytes(1).toString('base64'), 'base64'),
});
const parts = {
  store,
  config: () => config,
  replication: (name: string) => ({
    name,
    address: `postgres://127.0.0.1:${port}/postgres?sslmode=disable`,
    allowPrivate: true,
    credential: name,
  }),
  vault: { open: async (name: string) => ({ kind: 'password' as const, secret: copyingSecrets[name] ?? '' }) },
  keys,
  journal,
  clock,
  raise: () => undefined,
  diagnose: () => undefined,
  patience: 300,
  shortestPause: 50,
};
const copiers = openCopiers(parts);
const backups = openBackups(parts, copiers);

async function view(): Promise<CopyingView> {
  const [kit, details] = await Promise.all([backups.kit('pg'), backups.details('pg')]);
  return {
    kit,
    log: copiers.of('pg')?.log,
    backups: details?.backups ?? [],
    problems: [...(copiers.of('pg')?.troubles ?? []), ...(details?.state.problems ?? [])],
  };
}

process.on('message', ({ id, ask }: { id: number; ask: 'view' | 'now' }) => {
  if (ask === 'now') backups.now('pg', () => undefined).catch(() => undefined);
  view().then(
    (seen) => process.send?.({ id, seen }),
    (cause: unknown) => process.send?.({ id, failed: String(cause) }),
  );
});
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
