import type { StorePlan } from './config.ts';
import { type BackupStore, StoreFailed, type StorePlace } from '../../contract/backup.ts';
import { providerOf } from '../../features/backup/place.ts';
import { openKeeperStore } from '../../upstream/objects/keeper-store.ts';
import { openS3Store } from '../../upstream/objects/s3-store.ts';
import type { Vault } from '../../upstream/vault/vault.ts';

/** One entry of `stores`, by the credential that its plan names. Nothing is connected to yet. */
export function openStore(name: string, plan: StorePlan, vault: Pick<Vault, 'open'>): BackupStore {
  if (plan.keeper !== undefined) return openKeeperStore({ name, socket: plan.keeper });
  const { s3, bucket, credential } = plan;
  if (s3 === undefined || bucket === undefined || credential === undefined)
    throw new StoreFailed(`store \`${name}\` is neither a keeper nor an object store`);
  const provider = providerOf(new URL(s3).hostname);
  return openS3Store({
    name,
    endpoint: s3,
    bucket,
    region: plan.region,
    credential: async () => keyOf(name, (await vault.open(credential.slice('vault:'.length))).secret),
    allowPrivate: plan.private,
    ...(plan.ca === undefined ? {} : { ca: plan.ca }),
    ...(plan.account === undefined ? {} : { account: plan.account }),
    ...(provider === undefined ? {} : { provider }),
  });
}

function keyOf(name: string, secret: string): { readonly keyId: string; readonly secret: string } {
  const colon = secret.indexOf(':');
  if (colon < 1) throw new StoreFailed(`the credential of store \`${name}\` is not \`key id:secret\``);
  return { keyId: secret.slice(0, colon), secret: secret.slice(colon + 1) };
}

/** Where it is, as far as its plan tells. */
export function placeOf(plan: StorePlan): StorePlace {
  if (plan.s3 === undefined) return { kind: 'keeper', host: 'localhost' };
  const host = new URL(plan.s3).hostname;
  const provider = providerOf(host);
  return {
    kind: 's3',
    host,
    ...(plan.account === undefined ? {} : { account: plan.account }),
    ...(provider === undefined ? {} : { provider }),
  };
}
