import type { Disk } from './volumes.ts';

export type EnvironmentName = 'production' | 'staging';

/** Ids of one environment's things, by what they are: `environmentId`, `customDomainId`, … */
export type Named = Readonly<Record<string, string>>;

export interface Ids {
  readonly workspace: string;
  readonly project: string;
  readonly otherProject: string;
  readonly services: {
    readonly postgres: string;
    readonly counter: string;
    readonly ledger: string;
    readonly worker: string;
  };
  /** `pg-data`: one volume, an instance in production and one in staging. */
  readonly volume: string;
  /** A volume with an instance in that environment only. */
  readonly ownVolume: Readonly<Record<EnvironmentName, string>>;
  readonly volumeInstances: Readonly<Record<EnvironmentName, string>>;
  /** The seven backups of production's instance, oldest first. */
  readonly backups: readonly string[];
  readonly environments: Readonly<Record<EnvironmentName | 'preview', string>>;
  readonly environment: Readonly<Record<EnvironmentName, Named>>;
  /** Ids, codes and names that belong to no environment. */
  readonly account: Named;
}

export interface Tokens {
  /** The incident's: made for custom domains, in fact an account token. */
  readonly domains: string;
  readonly account: string;
  readonly workspace: string;
  readonly production: string;
  readonly staging: string;
  readonly otherProject: string;
  /** Another company's account. */
  readonly elsewhere: string;
}

export interface SeedOptions {
  /** The connection string that `DATABASE_URL` holds. */
  readonly databaseUrl: (environment: EnvironmentName) => string;
  /** Called when `pg-data`'s folder is there, before its backups are taken. */
  readonly fill: (disk: Disk, environment: EnvironmentName) => Promise<void>;
}

export interface Seeded {
  readonly ids: Ids;
  readonly tokens: Tokens;
}
