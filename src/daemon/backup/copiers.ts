import type { BackupPlan } from './config.ts';
import { Copier } from './copier.ts';
import type { BackupKeys } from './keys.ts';
import type { Rehearsed } from './rehearsed.ts';
import { openStore } from './stores.ts';
import type { Config } from '../config.ts';
import type { Installation } from '../installation.ts';
import { type BackupSource, SourceFailed } from '../../contract/backup.ts';
import type { Alarm } from '../../contract/channel.ts';
import type { Clock } from '../../contract/clock.ts';
import type { Store } from '../../contract/store.ts';
import type { Journal } from '../../road/journal/journal.ts';
import { openBackupSource } from '../../upstream/replication/backup-source.ts';
import type { Vault } from '../../upstream/vault/vault.ts';

export interface CopiersParts {
  readonly store: Store;
  readonly config: () => Config;
  readonly replication: Installation['replication'];
  readonly vault: Pick<Vault, 'open'>;
  readonly keys: BackupKeys;
  /** Told of drills, for policy. */
  readonly rehearsed?: Pick<Rehearsed, 'note'>;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly raise: (alarm: Omit<Alarm, 'id' | 'at'>) => void;
  readonly diagnose: (where: string, cause: unknown) => void;
  /** Milliseconds that a line or a store may be away before an alarm; a minute unless said. */
  readonly patience?: number;
  readonly shortestPause?: number;
}

/** A copier for every entry of `backups`. */
export interface Copiers {
  of(name: string): Copier | undefined;
  /** Those whose part of the configuration changed are closed and begun anew. */
  follow(): void;
  close(): Promise<void>;
}

interface Present {
  readonly copier: Copier;
  /** What it was opened by. */
  readonly by: string;
}

export function openCopiers(parts: CopiersParts): Copiers {
  const present = new Map<string, Present>();
  let closing: Promise<void> = Promise.resolve();
  let isClosed = false;

  const end = (name: string, { copier }: Present): void => {
    present.delete(name);
    const before = closing;
    closing = Promise.all([before, copier.close()]).then(
      () => undefined,
      (cause: unknown) => parts.diagnose('backups', cause),
    );
  };

  const begin = (name: string, by: string): void => {
    const copier = copierOf(name, parts);
    if (copier === undefined) return;
    present.set(name, { copier, by });
    // By the same slot only one reads at a time.
    void closing.then(() => (present.get(name)?.copier === copier ? copier.start() : undefined));
  };

  return Object.freeze({
    of: (name: string) => present.get(name)?.copier,
    follow() {
      if (isClosed) return;
      const { backups } = parts.config();
      for (const [name, one] of present) if (byOf(name, parts.config()) !== one.by) end(name, one);
      for (const name of Object.keys(backups)) if (!present.has(name)) begin(name, byOf(name, parts.config()));
    },
    async close() {
      isClosed = true;
      for (const [name, one] of present) end(name, one);
      await closing;
    },
  });
}

/** All of the configuration that a copier stands on. */
function byOf(name: string, { backups, stores, upstreams }: Config): string {
  const plan = backups[name];
  if (plan === undefined) return '';
  return JSON.stringify([plan, plan.stores.map((one) => stores[one]), upstreams[plan.source]]);
}

function copierOf(name: string, parts: CopiersParts): Copier | undefined {
  const { backups, stores } = parts.config();
  const plan = backups[name];
  if (plan === undefined) return undefined;
  const opened = plan.stores.flatMap((one) => {
    const store = stores[one];
    return store === undefined ? [] : [openStore(one, store, parts.vault)];
  });
  const { store, keys, journal, clock, raise, diagnose, patience, shortestPause } = parts;
  return new Copier({
    name,
    plan,
    stores: opened,
    openSource: (system) => sourceOf(plan, system, parts),
    store,
    keys,
    journal,
    clock,
    raise,
    diagnose,
    ...(patience === undefined ? {} : { patience }),
    ...(shortestPause === undefined ? {} : { shortestPause }),
  });
}

function sourceOf(
  { source, continuous }: BackupPlan,
  system: string | undefined,
  { replication, vault }: CopiersParts,
): BackupSource {
  const route = replication(source);
  if (route === undefined) throw new SourceFailed('failed', `there is no way to \`${source}\``);
  return openBackupSource({
    route,
    credential: () => vault.open(route.credential),
    replicates: continuous,
    ...(system === undefined ? {} : { system }),
  });
}
