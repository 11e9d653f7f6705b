import type { BackupPlan, StorePlan } from './config.ts';
import type { KeptLog } from './kept-log.ts';
import type { BackupKit, KitStore } from '../../contract/backup-kit.ts';
import type { BackupRecord, BackupState } from '../../contract/backup-state.ts';

interface Known {
  readonly state: BackupState;
  readonly backups: readonly BackupRecord[];
  readonly plan: BackupPlan;
  readonly stores: { readonly [name: string]: StorePlan };
  readonly log: KeptLog | undefined;
  readonly publicKey: string;
}

/** Public facts alone. */
export function kitOf({ state, backups, plan, stores, log, publicKey }: Known): BackupKit {
  const { name, newest } = state;
  const system = log?.system ?? newest?.system;
  return {
    v: 1,
    name,
    publicKey,
    recovery: plan.recovery,
    ...(system === undefined ? {} : { system }),
    ...(plan.drill === undefined ? {} : { drill: plan.drill }),
    ...(plan.runner === undefined ? {} : { runner: plan.runner }),
    stores: plan.stores.map((one) => kitStore(one, stores[one])),
    ...(newest === undefined ? {} : { newest: { id: newest.id, restorableTo: newest.restorableTo } }),
    expected: {
      backups: backups.flatMap(({ id: backup, manifest, keptUntil }) =>
        manifest === undefined ? [] : [{ backup, sha256: manifest.sha256, keptUntil }],
      ),
      wal: log === undefined ? [] : [{ system: log.system, timeline: log.timeline, through: log.position }],
    },
  };
}

function kitStore(name: string, plan: StorePlan | undefined): KitStore {
  if (plan?.keeper !== undefined) return { name, keeper: plan.keeper };
  if (plan?.s3 === undefined || plan.bucket === undefined) return { name };
  return { name, s3: plan.s3, bucket: plan.bucket, region: plan.region };
}
