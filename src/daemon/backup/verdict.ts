import type { BackupPlan, StorePlan } from './config.ts';
import { placeOf } from './stores.ts';
import { milliseconds } from '../config-words.ts';
import type { BackupRecord, BackupState, BackupVerdict, DrillRecord } from '../../contract/backup-state.ts';
import { coLocations, providerOf } from '../../features/backup/place.ts';

interface Known {
  readonly name: string;
  readonly environment: string;
  readonly plan: BackupPlan;
  /** Of the server that is copied: `postgres://host/…`. */
  readonly address?: string | undefined;
  /** What goes wrong just now, in sentences. */
  readonly troubles?: readonly string[];
  readonly stores: { readonly [name: string]: StorePlan };
  readonly backups: readonly BackupRecord[];
  readonly drills: readonly DrillRecord[];
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** What is to be said of the copies of one database. Whatever is not a readable time counts as long ago. */
export function backupState(known: Known): BackupState {
  const { name, environment, plan, stores, backups, drills, now, troubles = [] } = known;
  const good = backups.filter((one) => one.state === 'whole' && Date.parse(one.keptUntil) > now);
  const newest = latest(good, (one) => one.restorableTo, now);
  const lastDrill = latest(drills, (one) => one.at, now);
  // A drill says something of copies that are there, not of a server that once was.
  const lastGoodDrill = latest(
    drills.filter((one) => one.good),
    (one) => one.at,
    now,
  );
  const isLate = newest !== undefined && !isYoung(newest.restorableTo, plan.late.backup, now);
  const isRehearsed =
    lastGoodDrill !== undefined && lastDrill?.good === true && isYoung(lastGoodDrill.at, plan.late.drill, now);
  const places = plan.stores.map((one) => ({
    name: one,
    where: whereIs(stores[one]),
    shares: sharedBy(one, stores[one], known.address),
  }));
  const isBeside = places.every((one) => one.shares.length > 0);
  const verdict: BackupVerdict =
    newest === undefined ? 'none' : isLate ? 'late' : !isRehearsed ? 'not-rehearsed' : isBeside ? 'beside' : 'good';
  return {
    name,
    environment,
    verdict,
    problems: [
      ...(newest === undefined ? ['there is no copy: what is lost there is lost'] : []),
      ...(isLate
        ? [`the newest copy goes to ${newest.restorableTo}, which is longer ago than ${plan.late.backup}`]
        : []),
      ...troubles,
      ...(isRehearsed ? [] : [drillProblem(plan, lastDrill, lastGoodDrill)]),
      ...places.flatMap((one) => one.shares.map((why) => `store \`${one.name}\` goes where the data goes: ${why}`)),
    ],
    keep: plan.keep,
    stores: places,
    ...(newest === undefined ? {} : { newest }),
    ...(lastDrill === undefined ? {} : { lastDrill }),
    ...(lastGoodDrill === undefined ? {} : { lastGoodDrill }),
  };
}

function drillProblem(plan: BackupPlan, last: DrillRecord | undefined, good: DrillRecord | undefined): string {
  if (plan.drill === undefined) return 'no drill runner is named: a restore was never rehearsed';
  if (last === undefined) return 'a restore was never rehearsed';
  if (!last.good) return `the last drill, at ${last.at}, failed`;
  return `the last good drill was at ${good?.at ?? 'no known time'}, which is longer ago than ${plan.late.drill}`;
}

/** What is said to come from the future counts for nothing. */
function latest<T>(records: readonly T[], at: (record: T) => string, now: number): T | undefined {
  return records
    .filter((one) => Date.parse(at(one)) <= now)
    .toSorted((one, other) => Date.parse(at(other)) - Date.parse(at(one)))[0];
}

function isYoung(at: string, duration: string, now: number): boolean {
  return now - Date.parse(at) <= milliseconds(duration);
}

function whereIs(plan: StorePlan | undefined): string {
  if (plan === undefined) return 'nowhere';
  return plan.keeper === undefined ? `${plan.s3 ?? ''} bucket ${plan.bucket ?? ''}` : `keeper at ${plan.keeper}`;
}

/** Why whoever loses the data loses that store too. A server whose address does not say where it is shares nothing known. */
function sharedBy(name: string, plan: StorePlan | undefined, address: string | undefined): readonly string[] {
  const host = hostOf(address);
  if (plan === undefined || host === undefined) return [];
  const provider = providerOf(host);
  const data = { host, credentials: [], ...(provider === undefined ? {} : { provider }) };
  return coLocations(data, [{ name, place: placeOf(plan) }]).map((one) => one.why);
}

function hostOf(address: string | undefined): string | undefined {
  if (address === undefined || !URL.canParse(address)) return undefined;
  const { hostname } = new URL(address);
  return hostname === '' ? undefined : hostname;
}
