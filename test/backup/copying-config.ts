import type { KeyObject } from 'node:crypto';

/** Of a server `pg` that is copied by `pg-backup` into the bucket of somebody else. */
export interface CopyingConfig {
  readonly endpoint: string;
  readonly bucket: string;
  /** `age1…` */
  readonly recovery: string;
  readonly drill: string;
  /** Public, Ed25519. */
  readonly runner: KeyObject;
  /** Further members of the plan, as they are written. */
  readonly plan?: { readonly [member: string]: string | boolean };
}

export function copyingConfig({ endpoint, bucket, recovery, drill, runner, plan = {} }: CopyingConfig): string {
  const more = Object.entries(plan).map(([member, value]) => `, ${member}: ${value}`);
  return `version: 1
upstreams:
  pg: { provider: postgres, environment: live, credential: 'vault:pg', address: 'postgres://db.example:5432/postgres' }
  pg-backup: { provider: postgres, environment: live, credential: 'vault:pg-backup', address: 'postgres://db.example:5432/postgres', replication: true }
environments:
  live: { production: true }
stores:
  far: { s3: '${endpoint}', bucket: '${bucket}', credential: 'vault:far', private: true, account: elsewhere }
backups:
  pg: { source: pg-backup, stores: [far], keep: 2d, recovery: ${recovery}, drill: ${drill}, runner: ${runner.export({ format: 'jwk' }).x ?? ''}${more.join('')} }
`;
}

/** What the vault holds, by name. */
export const copyingSecrets: { readonly [name: string]: string } = {
  'pg-backup': 'holdpoint_backup:b%25ckup',
  far: 'GATE:g',
};
