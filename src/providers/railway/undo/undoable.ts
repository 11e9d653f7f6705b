import { backupMade, schedule } from './backups.ts';
import { creation, createdOperations } from './creations.ts';
import { dashboardItems } from './dashboards.ts';
import { rollback, rollbackOperations } from './deployments.ts';
import { type Impossible, restoring, type Undoable } from './image.ts';
import { nameSettings } from './names.ts';
import { projectSettings } from './projects.ts';
import { serviceSettings } from './services.ts';
import type { Settings } from './settings.ts';
import { connected } from './sources.ts';
import { triggerSettings } from './triggers.ts';
import { volumeSettings } from './volumes.ts';
import type { Judged } from '../judge.ts';
import type { Found } from '../resolve/found.ts';
import { edgeSettings } from './edge.ts';
import { endpointBefore } from './endpoints.ts';
import type { Looking } from '../../../contract/lookup.ts';

const settings: { readonly [operation: string]: Settings } = {
  ...serviceSettings,
  ...volumeSettings,
  ...nameSettings,
  ...triggerSettings,
  ...projectSettings,
  ...edgeSettings,
};

/** The true undo of a mutation on a target that was found, or why there is none. Variables bring their own. */
export function* undoableFor(judged: Judged, found: Found): Looking<Undoable | Impossible> {
  const { name, arguments: args } = judged.field;
  if (name === 'privateNetworkEndpointCreateOrGet') return yield* endpointBefore(judged, found);
  if (createdOperations.has(name)) return creation(judged);
  if (rollbackOperations.has(name)) return yield* rollback(judged, found);
  switch (name) {
    case 'serviceConnect':
      return yield* connected(found);
    case 'observabilityDashboardUpdate':
    case 'observabilityDashboardReset':
      return yield* dashboardItems(found);
    case 'volumeInstanceBackupCreate':
      return backupMade(found);
    case 'volumeInstanceBackupScheduleUpdate':
      return yield* schedule(args, found);
    default: {
      const make = settings[name];
      if (make === undefined) return { impossible: 'its state cannot be read back' };
      const specs = make(args, found, judged);
      return 'impossible' in specs ? specs : yield* restoring(specs);
    }
  }
}
