import { generateKeyPairSync } from 'node:crypto';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { copyingConfig } from './copying-config.ts';
import type { Endings } from './copying-place.ts';
import { openStrictS3, putGetOnly, restoreOnly, type StrictS3 } from './strict-s3.ts';
import { newIdentity } from '../../src/features/backup/format/age.ts';

/** How the bucket answers every nth request, where it does not as it should. */
export interface Weather {
  now: 'slow-down' | 'broken' | 'cut' | 'hang' | 'swallow' | undefined;
  every: number;
}

/** A bucket of another account, and the folder that tells copying processes of it. */
export interface CopyingWorld {
  readonly root: string;
  /** Configuration, the journal's key, and the clock's error. */
  readonly told: string;
  readonly bucket: StrictS3;
  readonly weather: Weather;
  /** `AGE-SECRET-KEY-1…` */
  readonly recovery: string;
  /** A folder for what one copying process keeps. */
  state(name: string): Promise<string>;
}

/** `page`: versions on one page of the bucket's listings. */
export async function openCopyingWorld(endings: Endings, page?: number): Promise<CopyingWorld> {
  const root = await mkdtemp(path.join(tmpdir(), 'holdpoint-cycles-'));
  // As root the restored server is another user's, who has to get in.
  await chmod(root, 0o755);
  endings.push(() => rm(root, { recursive: true, force: true }));
  const told = path.join(root, 'told');
  await mkdir(told, { mode: 0o700 });
  const weather: Weather = { now: undefined, every: 1 };
  const bucket = await openStrictS3({
    credentials: { GATE: { secret: 'g', rights: putGetOnly }, HUMAN: { secret: 'h', rights: restoreOnly } },
    defaultLock: { mode: 'COMPLIANCE', days: 1 },
    ...(page === undefined ? {} : { page }),
    weather: (request) => (request % weather.every === 0 ? weather.now : undefined),
  });
  endings.push(() => bucket.close());
  const [recovery, drill] = [newIdentity(), newIdentity()];
  const { endpoint, bucket: name } = bucket;
  const runner = generateKeyPairSync('ed25519').publicKey;
  const config = { endpoint, bucket: name, recovery: recovery.recipient, drill: drill.recipient, runner };
  await writeFile(path.join(told, 'config.yaml'), copyingConfig(config));
  const { privateKey } = generateKeyPairSync('ed25519');
  await writeFile(path.join(told, 'journal.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const state = async (one: string): Promise<string> => {
    const folder = path.join(root, one);
    await mkdir(folder, { mode: 0o700 });
    return folder;
  };
  return { root, told, bucket, weather, recovery: recovery.identity, state };
}
