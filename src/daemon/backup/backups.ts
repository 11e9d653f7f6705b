import { type Copiers, openCopiers, type CopiersParts } from './copiers.ts';
import type { CopyProgress } from './copier.ts';
import { takeDrill } from './drilled.ts';
import { carriedOn } from './kept-log.ts';
import { kitOf } from './kit.ts';
import { openStore } from './stores.ts';
import type { BackupKit } from '../../contract/backup-kit.ts';
import type { DestructionAttempt, StorePlace } from '../../contract/backup.ts';
import { refuse } from '../../model/refusal.ts';
import { backupState } from './verdict.ts';
import type { BackupDetails, BackupRecord, BackupState, DrillRecord } from '../../contract/backup-state.ts';
import type { Alarm } from '../../contract/channel.ts';

/** What is known of copies, and the alarms where there are none, none young enough, or none that was tried. */
export interface Backups {
  /** Of every `backups` entry of the configuration in force. */
  states(): Promise<readonly BackupState[]>;
  /** Of one entry, with all of its records; undefined where there is none of that name. */
  details(name: string): Promise<BackupDetails | undefined>;
  /** What is needed to restore without us. */
  kit(name: string): Promise<BackupKit | undefined>;
  /** A base backup now. Throws `Refused` where that name is not copied. */
  now(name: string, progress: CopyProgress): Promise<BackupRecord>;
  /** Tries to destroy what it puts into that store, by our own credential. Throws `StoreFailed`. */
  probe(store: string): Promise<ProbedStore>;
  /** A rehearsal as its runner signed it. Throws `Refused` unless it is this backup's, and newer than the last. */
  drilled(value: unknown): Promise<DrillRecord>;
  /** Begins and ends copying as the configuration in force says. */
  follow(): void;
  close(): Promise<void>;
  /** Raises what is due: each alarm when its condition begins, and again every day that it lasts. */
  watch(): Promise<void>;
}

export interface ProbedStore {
  readonly store: string;
  readonly place: StorePlace;
  readonly attempts: readonly DestructionAttempt[];
  /** Every attempt was refused. */
  readonly holds: boolean;
}

const againAfterMs = 86_400_000;
/** What a probe puts can go after as long as the shortest time that keepers are set up with. */
const probeKeptMs = 8 * 86_400_000;

export function openBackups(parts: CopiersParts, copiers: Copiers = openCopiers(parts)): Backups {
  const { store, config, clock, raise } = parts;
  const raised = new Map<string, number>();

  const details: Backups['details'] = async (name) => {
    const { backups: plans, stores, upstreams } = config();
    const plan = plans[name];
    if (plan === undefined) return undefined;
    const where = { name };
    const [copies, rehearsals] = await Promise.all([store.find('backups', { where }), store.find('drills', { where })]);
    const copier = copiers.of(name);
    const backups = copies.map(({ record }) => carriedOn(record as unknown as BackupRecord, copier?.log));
    const drills = rehearsals.map(({ record }) => record as unknown as DrillRecord);
    const state = backupState({
      name,
      environment: upstreams[name]?.environment ?? '',
      plan,
      address: upstreams[name]?.address,
      troubles: copier?.troubles ?? [],
      stores,
      backups,
      drills,
      now: clock.now(),
    });
    return { state, backups, drills };
  };

  const states: Backups['states'] = async () => {
    const all = await Promise.all(Object.keys(config().backups).map(details));
    return all.flatMap((one) => (one === undefined ? [] : [one.state]));
  };

  const watch: Backups['watch'] = async () => {
    const due = (await states()).flatMap(alarmsOf);
    const now = clock.now();
    for (const key of raised.keys()) if (!due.some((one) => one.text.startsWith(key))) raised.delete(key);
    for (const one of due) {
      const key = one.text.slice(0, one.text.indexOf(':') + 1);
      const before = raised.get(key);
      if (before !== undefined && now - before < againAfterMs) continue;
      raised.set(key, now);
      raise(one);
    }
  };
  const kit: Backups['kit'] = async (name) => {
    const [known, plan] = [await details(name), config().backups[name]];
    if (known === undefined || plan === undefined) return undefined;
    return kitOf({
      ...known,
      plan,
      stores: config().stores,
      log: copiers.of(name)?.log,
      publicKey: parts.keys.publicKey,
    });
  };

  const now: Backups['now'] = async (name, progress) => {
    const copier = copiers.of(name);
    if (copier === undefined)
      throw refuse('BAD_REQUEST', `there is no backup \`${name}\``, 'the names are those of `holdpoint backup status`');
    return copier.now(progress);
  };

  const probe: Backups['probe'] = async (name) => {
    const plan = config().stores[name];
    if (plan === undefined)
      throw refuse('BAD_REQUEST', `there is no store \`${name}\``, 'name one of `stores` in holdpoint.yaml');
    const opened = openStore(name, plan, parts.vault);
    try {
      const attempts = await opened.probe(new Date(clock.now() + probeKeptMs));
      const holds = attempts.length > 0 && attempts.every((one) => one.refused);
      return { store: name, place: opened.place, attempts, holds };
    } finally {
      await opened.close();
    }
  };

  const drilled: Backups['drilled'] = (value) => takeDrill(value, { ...parts, details });

  copiers.follow();
  return Object.freeze({
    states,
    details,
    kit,
    now,
    probe,
    drilled,
    watch,
    follow: () => copiers.follow(),
    close: () => copiers.close(),
  });
}

function alarmsOf({ name, verdict, problems }: BackupState): readonly Omit<Alarm, 'id' | 'at'>[] {
  if (verdict === 'good' || verdict === 'beside') return [];
  const kind = verdict === 'not-rehearsed' ? 'drill-late' : 'backup-late';
  return [{ kind, text: `${kind} ${name}: ${problems.join('; ')}` }];
}
