import { backupState } from './verdict.ts';
import type { BackupRecord, BackupState, DrillRecord } from '../../contract/backup-state.ts';
import type { Alarm } from '../../contract/channel.ts';
import type { Clock } from '../../contract/clock.ts';
import type { Store } from '../../contract/store.ts';
import type { Config } from '../config.ts';

/** What is known of copies, and the alarms where there are none, none young enough, or none that was tried. */
export interface Backups {
  /** Of every `backups` entry of the configuration in force. */
  states(): Promise<readonly BackupState[]>;
  /** Raises what is due: each alarm when its condition begins, and again every day that it lasts. */
  watch(): Promise<void>;
}

const againAfterMs = 86_400_000;

export function openBackups(parts: {
  readonly store: Pick<Store, 'find'>;
  readonly config: () => Config;
  readonly clock: Clock;
  readonly raise: (alarm: Omit<Alarm, 'id' | 'at'>) => void;
}): Backups {
  const { store, config, clock, raise } = parts;
  const raised = new Map<string, number>();

  const states: Backups['states'] = async () => {
    const { backups, stores, upstreams } = config();
    return Promise.all(
      Object.entries(backups).map(async ([name, plan]) => {
        const where = { name };
        const [copies, drills] = await Promise.all([store.find('backups', { where }), store.find('drills', { where })]);
        return backupState({
          name,
          environment: upstreams[name]?.environment ?? '',
          plan,
          stores,
          backups: copies.map(({ record }) => record as unknown as BackupRecord),
          drills: drills.map(({ record }) => record as unknown as DrillRecord),
          now: clock.now(),
        });
      }),
    );
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
  return Object.freeze({ states, watch });
}

function alarmsOf({ name, verdict, problems }: BackupState): readonly Omit<Alarm, 'id' | 'at'>[] {
  if (verdict === 'good') return [];
  const kind = verdict === 'not-rehearsed' ? 'drill-late' : 'backup-late';
  return [{ kind, text: `${kind} ${name}: ${problems.join('; ')}` }];
}
