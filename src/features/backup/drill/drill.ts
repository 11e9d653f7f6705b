import { randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { type Assertion, checkCluster } from './check-cluster.ts';
import { checkSums } from './checksums.ts';
import { type DrillReport, signDrill, type SignedDrill } from './drill-report.ts';
import { Findings, said } from './findings.ts';
import { readCatalogue } from '../catalogue.ts';
import { readHistories } from '../restore/histories.ts';
import { planRestore, type RestorePlan, type RestoreTarget } from '../restore/plan.ts';
import type { ServerAccount } from '../restore/programs.ts';
import type { Tell } from '../restore/progress.ts';
import { type Restored, restore } from '../restore/restore.ts';
import type { OpenSql } from '../restore/sql.ts';
import type { BackupStore } from '../../../contract/backup.ts';
import { type Clock, isoTime } from '../../../contract/clock.ts';

export interface DrillOptions {
  /** The backup's name in `holdpoint.yaml`. */
  readonly name: string;
  readonly store: BackupStore;
  /** The installation's backup key, public half. */
  readonly publicKey: KeyObject;
  /** The drill runner's `AGE-SECRET-KEY-1…`. */
  readonly identity: string;
  /** The drill runner's own private Ed25519 key. */
  readonly runner: KeyObject;
  /** `system_identifier` that is meant. A cluster that is another one is no success. */
  readonly system?: string;
  readonly target?: RestoreTarget;
  readonly assertions?: readonly Assertion[];
  /** Made, used and removed. */
  readonly folder: string;
  readonly programs?: readonly string[];
  readonly account?: ServerAccount;
  readonly openSql: OpenSql;
  readonly clock: Clock;
  readonly progress?: Tell;
  /** Milliseconds for the replay. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
}

/**
 * Restores to a server that is thrown away, and looks at all that came back. Whatever goes wrong is a report that is not
 * good: only the signal's reason is thrown.
 */
export async function drill(options: DrillOptions): Promise<SignedDrill> {
  const { clock, signal } = options;
  const startedAt = clock.now();
  const began = performance.now();
  const findings = new Findings();
  let found: Partial<DrillReport> = {};
  try {
    const plan = await planned(options);
    found = { backup: plan.backup.manifest.backup, version: plan.backup.manifest.cluster.version };
    const restored = await restore({ ...options, plan, throwAway: true });
    try {
      const rto = performance.now() - began;
      const { lastCommit, replayed, took, programs } = restored;
      found = { ...found, rto, replayed, took, restoredWith: programs.version };
      if (lastCommit !== undefined)
        found = { ...found, lastCommit, rpo: Math.max(0, startedAt - Date.parse(lastCommit)) };
      else findings.note('nothing was committed since the copy: how much would have been lost is not known');
      found = { ...found, ...(await looked(options, plan, restored, findings)) };
    } finally {
      await restored.remove();
    }
  } catch (thrown) {
    signal?.throwIfAborted();
    findings.problem(said(thrown));
  }
  return signDrill(reportOf(options, startedAt, findings, found), options.runner);
}

async function planned({ store, publicKey, identity, system, target }: DrillOptions): Promise<RestorePlan> {
  const catalogue = await readCatalogue(store, publicKey, system);
  const meant = system ?? catalogue.backups.at(-1)?.manifest.cluster.system;
  const wal = catalogue.wal.find((one) => one.system === meant);
  const histories = wal === undefined ? new Map<never, never>() : await readHistories(store, wal, identity);
  const wishes = { target: target ?? ({ kind: 'newest' } as const), histories };
  return planRestore(catalogue, system === undefined ? wishes : { ...wishes, system });
}

async function looked(
  options: DrillOptions,
  { backup }: RestorePlan,
  { server, programs, account, data, took }: Restored,
  findings: Findings,
): Promise<Partial<DrillReport>> {
  const began = performance.now();
  const { version, checksums } = backup.manifest.cluster;
  const tables = await checkCluster({
    server,
    major: Math.floor(version / 10_000),
    assertions: options.assertions ?? [],
    findings,
    progress: (done, of) => options.progress?.({ stage: 'check', done, of }),
  });
  await server.stop();
  if (checksums) await checkSums(programs, account, data, findings);
  else findings.note('the server keeps no checksums of its pages: damage that still reads as rows would not be seen');
  return { tables: [...tables], took: { ...took, check: performance.now() - began } };
}

function reportOf(
  { name, store, clock }: DrillOptions,
  startedAt: number,
  findings: Findings,
  found: Partial<DrillReport>,
): DrillReport {
  const at = isoTime(startedAt);
  return {
    v: 1,
    id: `dr_${at.replaceAll(/[-:.]/g, '').slice(0, 15)}Z_${randomBytes(4).toString('hex')}`,
    name,
    store: store.name,
    good: findings.problems.length === 0 && found.rto !== undefined && found.tables !== undefined,
    at: isoTime(clock.now()),
    startedAt: at,
    problems: findings.problems,
    notes: findings.notes,
    checked: findings.checked,
    tables: [],
    ...found,
  };
}
