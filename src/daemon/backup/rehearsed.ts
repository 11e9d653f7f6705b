import type { Config } from '../config.ts';
import type { DrillRecord } from '../../contract/backup-state.ts';
import type { Clock } from '../../contract/clock.ts';
import type { Store } from '../../contract/store.ts';
import { neverDrilled } from '../../road/policy/question.ts';

/** How long ago restores were rehearsed, for policy, which cannot wait for a store. */
export interface Rehearsed {
  /** A drill that was just written down. */
  note(drill: DrillRecord): void;
  /**
   * By environment, whole hours since the last drill of the copies in it, the stalest of them. One that never was, or whose
   * last failed, counts as `neverDrilled`; so does an environment that is left out.
   */
  hours(): { readonly [environment: string]: number };
}

const hourMs = 3_600_000;

export async function openRehearsed(parts: {
  readonly store: Store;
  readonly config: () => Config;
  readonly clock: Clock;
}): Promise<Rehearsed> {
  const { store, config, clock } = parts;
  const last = new Map<string, DrillRecord>();
  const note = (drill: DrillRecord): void => {
    const known = last.get(drill.name);
    if (known === undefined || known.at < drill.at) last.set(drill.name, drill);
  };
  for (const { record } of await store.find('drills')) note(record as unknown as DrillRecord);

  const since = (name: string): number => {
    const drill = last.get(name);
    if (drill?.good !== true) return neverDrilled;
    const ms = clock.now() - Date.parse(drill.at);
    return ms >= 0 ? Math.floor(ms / hourMs) : neverDrilled;
  };
  return Object.freeze({
    note,
    hours() {
      const { backups, upstreams } = config();
      const found: { [environment: string]: number } = {};
      for (const name of Object.keys(backups)) {
        const environment = upstreams[name]?.environment;
        if (environment !== undefined) found[environment] = Math.max(found[environment] ?? 0, since(name));
      }
      return found;
    },
  });
}
