import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { BackupKit, HumanWay, KitStore } from '../../contract/backup-kit.ts';
import { type BackupStore, StoreFailed } from '../../contract/backup.ts';
import { type Catalogue, readCatalogue } from '../../features/backup/catalogue.ts';
import type { Assertion } from '../../features/backup/drill/check-cluster.ts';
import { drill } from '../../features/backup/drill/drill.ts';
import type { SignedDrill } from '../../features/backup/drill/drill-report.ts';
import { newIdentity } from '../../features/backup/format/age.ts';
import type { BackupManifest } from '../../features/backup/manifest.ts';
import { chooseDump, writeDumpFile } from '../../features/backup/restore/dump.ts';
import { KeptDirectory } from '../../features/backup/keeper/directory.ts';
import { type Keeper, serveKeeper } from '../../features/backup/keeper/serve.ts';
import { readHistories } from '../../features/backup/restore/histories.ts';
import { planRestore, type RestorePlan, type RestoreTarget } from '../../features/backup/restore/plan.ts';
import type { Tell } from '../../features/backup/restore/progress.ts';
import { RestoreRefused } from '../../features/backup/restore/restore-refused.ts';
import { type Restored, restore } from '../../features/backup/restore/restore.ts';
import { type Verified, verifyBackups } from '../../features/backup/verify.ts';
import { openKeeperStore } from '../../upstream/objects/keeper-store.ts';
import { openS3Store } from '../../upstream/objects/s3-store.ts';
import { openOwnServer } from '../../upstream/postgres/administrator.ts';

export { RestoreRefused, StoreFailed };
export type { Restored, RestorePlan, Verified };

export interface RestoreAsked {
  readonly way: HumanWay;
  readonly target: RestoreTarget;
  /** `AGE-SECRET-KEY-1…` */
  readonly identity: string;
  /** Made here. */
  readonly folder: string;
  readonly programs?: readonly string[];
  readonly progress?: Tell;
  readonly signal?: AbortSignal;
}

/** A copy as it was at the target, up and answering. The daemon has no part in it. Throws `RestoreRefused`, `StoreFailed`. */
export async function restoreByKit(
  asked: RestoreAsked,
): Promise<{ readonly plan: RestorePlan; readonly restored: Restored }> {
  const { way, identity, folder, programs, progress, signal } = asked;
  await using store = opened(way);
  const catalogue = await readCatalogue(store.store, keyIn(way.kit));
  const plan = await planned(catalogue, store.store, asked);
  const restored = await restore({
    plan,
    store: store.store,
    identity,
    folder,
    throwAway: false,
    openSql: (at) => openOwnServer(at),
    ...(programs === undefined ? {} : { programs }),
    ...(progress === undefined ? {} : { progress }),
    ...(signal === undefined ? {} : { signal }),
  });
  return { plan, restored };
}

async function planned(
  catalogue: Catalogue,
  store: BackupStore,
  { way, target, identity }: RestoreAsked,
): Promise<RestorePlan> {
  const { system } = way.kit;
  const wal = catalogue.wal.find((one) => system === undefined || one.system === system);
  const histories = wal === undefined ? new Map() : await readHistories(store, wal, identity);
  return planRestore(catalogue, { target, histories, ...(system === undefined ? {} : { system }) });
}

export interface DumpAsked extends Pick<RestoreAsked, 'way' | 'identity' | 'progress'> {
  readonly database: string;
  /** The newest that was begun by then; milliseconds since the epoch. */
  readonly by?: number;
  /** Made here. */
  readonly file: string;
}

/** A logical dump, as pg_dump wrote it. Throws `RestoreRefused`, `StoreFailed`. */
export async function dumpByKit(asked: DumpAsked): Promise<BackupManifest> {
  await using store = opened(asked.way);
  const dump = chooseDump(await readCatalogue(store.store, keyIn(asked.way.kit), asked.way.kit.system), asked);
  await writeDumpFile({ ...asked, dump, store: store.store });
  return dump.manifest;
}

/** Every object by its version, against what was signed and what the kit expects. Needs no private key. Throws `StoreFailed`. */
export async function verifyByKit(
  way: HumanWay,
  progress: (done: number, of: number, bytes: number) => void,
): Promise<Verified & { readonly backups: readonly string[] }> {
  await using store = opened(way);
  const catalogue = await readCatalogue(store.store, keyIn(way.kit));
  const verified = await verifyBackups({
    store: store.store,
    catalogue,
    now: Date.now(),
    expected: way.kit.expected,
    progress,
  });
  return { ...verified, backups: catalogue.backups.map((one) => one.manifest.backup) };
}

export interface DrillAsked {
  readonly way: HumanWay;
  readonly identity: string;
  /** The runner's private Ed25519 key, PEM. */
  readonly runner: string;
  /** Made, used and removed. */
  readonly folder: string;
  readonly assertions: readonly Assertion[];
  readonly programs?: readonly string[];
  readonly progress?: Tell;
}

/** Rehearses a restore; whatever goes wrong is a report that is not good. Throws only for a key that cannot be read. */
export async function drillByKit(asked: DrillAsked): Promise<SignedDrill> {
  const { way, identity, runner, folder, assertions, programs, progress } = asked;
  const { kit } = way;
  await using store = opened(way);
  return await drill({
    name: kit.name,
    store: store.store,
    publicKey: keyIn(kit),
    identity,
    runner: createPrivateKey(runner),
    folder,
    assertions,
    openSql: (at) => openOwnServer(at),
    clock: { now: () => Date.now() },
    ...(kit.system === undefined ? {} : { system: kit.system }),
    ...(programs === undefined ? {} : { programs }),
    ...(progress === undefined ? {} : { progress }),
  });
}

/** The keys of a new backup. Private halves are for paper and for the drill runner; the daemon gets none. */
export interface NewBackupKeys {
  readonly recovery: { readonly identity: string; readonly recipient: string };
  readonly drill: { readonly identity: string; readonly recipient: string };
  /** `publicKey`: base64url. */
  readonly runner: { readonly pem: string; readonly publicKey: string };
}

export function newBackupKeys(): NewBackupKeys {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const { x = '' } = publicKey.export({ format: 'jwk' });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
  return { recovery: newIdentity(), drill: newIdentity(), runner: { pem, publicKey: x } };
}

export interface KeeperAsked {
  readonly directory: string;
  readonly socket: string;
  readonly restoreSocket: string;
  /** Days. */
  readonly floor: number;
  readonly ceiling: number;
  readonly say: (text: string) => void;
}

/** Keeps what daemons put, by the OS user that runs it. */
export async function openKeeper({ directory, floor, ceiling, ...more }: KeeperAsked): Promise<Keeper> {
  return serveKeeper({ directory: await KeptDirectory.open(directory, { floor, ceiling }), ...more });
}

function opened(way: HumanWay): AsyncDisposable & { readonly store: BackupStore } {
  const store = storeOf(way);
  return { store, [Symbol.asyncDispose]: () => store.close() };
}

function storeOf({ kit, store: name, socket, access, allowPrivate = false }: HumanWay): BackupStore {
  const found: KitStore | undefined = name === undefined ? kit.stores[0] : kit.stores.find((one) => one.name === name);
  if (found === undefined) throw new StoreFailed(`the kit names no store \`${name ?? ''}\``);
  if (found.s3 === undefined) {
    const path = socket ?? found.keeper;
    if (path === undefined) throw new StoreFailed(`the kit does not say where store \`${found.name}\` is`);
    return openKeeperStore({ name: found.name, socket: path });
  }
  if (access === undefined) throw new StoreFailed(`store \`${found.name}\` needs a credential that may list and get`);
  const { s3: endpoint, bucket = '', region = 'us-east-1' } = found;
  return openS3Store({ name: found.name, endpoint, bucket, region, credential: () => access, allowPrivate });
}

function keyIn(kit: BackupKit): KeyObject {
  return createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: kit.publicKey } });
}
