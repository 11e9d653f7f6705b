import { askEach } from '../ask.ts';
import type { Looking } from '../../../contract/lookup.ts';
import type { Json } from '../../../model/json.ts';
import { Refused } from '../../../model/refusal.ts';

/** How many backups and backup schedules there are. */
export interface InstanceCounts {
  /** Backups of these volume instances; undefined where the provider did not say. */
  backupsOf(instances: readonly string[]): number | undefined;
  readonly schedules: number;
}

/** Asks for at most as many volume instances as this; what there is of the others is not known. */
const mostInstances = 400;

/** The backups of volume instances, which lie beside the volumes and die with them. */
export function* backupCounts(instances: readonly string[]): Looking<InstanceCounts> {
  const asked = instances.slice(0, mostInstances);
  const backups = yield* lengthsOf('volumeInstanceBackupList', 'backups of volume instances', asked);
  const schedules = yield* lengthsOf('volumeInstanceBackupScheduleList', 'backup schedules', asked);
  return {
    backupsOf: (some) => {
      const counts = some.map((one) => backups.get(one));
      return counts.every((count) => count !== undefined)
        ? counts.reduce<number>((sum, count) => sum + (count ?? 0), 0)
        : undefined;
    },
    schedules: [...schedules.values()].reduce((sum, count) => sum + count, 0),
  };
}

/** None where the provider says no: then it is not known, which is not the same as none. */
function* lengthsOf(field: string, purpose: string, ids: readonly string[]): Looking<ReadonlyMap<string, number>> {
  const lengths = new Map<string, number>();
  let answers: readonly (Json | undefined)[];
  try {
    answers = yield* askEach(purpose, { field, argument: 'volumeInstanceId', selection: 'id' }, ids);
  } catch (thrown) {
    if (thrown instanceof Refused) return lengths;
    throw thrown;
  }
  for (const [index, id] of ids.entries()) {
    const list = answers[index];
    if (Array.isArray(list)) lengths.set(id, list.length);
  }
  return lengths;
}
