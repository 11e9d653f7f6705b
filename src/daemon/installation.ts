import { emptyConfig, environmentsOf, milliseconds, readConfig, type Config } from './config.ts';
import { bytesOf } from './config-words.ts';
import type { Applied } from '../contract/api.ts';
import type { Store, Transaction } from '../contract/store.ts';
import type { Route } from '../contract/upstream.ts';
import type { Bindings, UpstreamEntry } from '../road/parts.ts';
import type { Keeping } from '../road/undo/keeping.ts';
import { readLimit, type VelocityLimits } from '../road/velocity/limits.ts';

/** Reach of a stored credential, as it was found out or said when it was added. */
export type ReachOf = (credential: string) => 'all' | 'environment';

/** The configuration in force, kept whole and replaced whole. */
export interface Installation {
  readonly applied: Applied;
  readonly config: Config;
  readonly bindings: Bindings;
  /** Undefined also for what is read for backups alone. */
  route(upstream: string): (Route & { readonly credential: string }) | undefined;
  /** The way to a server that is read for backups, which no lease leads to. */
  replication(upstream: string): (Route & { readonly credential: string }) | undefined;
  /** Writes it inside the signed act; the returned function puts it in force once that is durable. */
  replace(tx: Transaction, applied: Applied): Promise<() => void>;
  /** When the vault changed: reaches may be others. */
  refresh(): void;
}

const key = 'applied';

export async function openInstallation(
  store: Store,
  reachOf: ReachOf,
  addresses: (provider: string) => string | undefined,
): Promise<Installation> {
  const stored = (await store.get('settings', key)) as Applied | undefined;
  let applied: Applied = stored ?? { text: '', policies: {} };
  let config = applied.text === '' ? emptyConfig : readConfig(applied.text);
  let bindings = bind(config, reachOf);

  const routeTo = (name: string, entry: Config['upstreams'][string] | undefined): ReturnType<Installation['route']> => {
    const address = entry?.address ?? (entry === undefined ? undefined : addresses(entry.provider));
    if (entry === undefined || address === undefined) return undefined;
    return {
      name,
      address,
      allowPrivate: entry.private,
      credential: entry.credential.slice('vault:'.length),
      ...(entry.ca === undefined ? {} : { ca: entry.ca }),
    };
  };

  return {
    get applied() {
      return applied;
    },
    get config() {
      return config;
    },
    get bindings() {
      return bindings;
    },
    route(name) {
      const entry = config.upstreams[name];
      if (entry?.replication === true) return undefined;
      return routeTo(name, entry);
    },
    replication(name) {
      const entry = config.upstreams[name];
      return entry?.replication === true ? routeTo(name, entry) : undefined;
    },
    async replace(tx, next) {
      const read = readConfig(next.text);
      await tx.put('settings', key, { text: next.text, policies: next.policies });
      return () => {
        applied = next;
        config = read;
        bindings = bind(read, reachOf);
      };
    },
    refresh() {
      bindings = bind(config, reachOf);
    },
  };
}

function bind(config: Config, reachOf: ReachOf): Bindings {
  // What is read for backups is nobody's way to anything else: no gate and no look-up so much as knows of it.
  const entries = Object.entries(config.upstreams).filter(([, one]) => !one.replication);
  const upstreams = entries.map(([name, one]): UpstreamEntry => ({
    name,
    provider: one.provider,
    environment: one.environment,
    reach: reachOf(one.credential.slice('vault:'.length)),
    lookupsOnly: one.lookups,
    ...(one.address === undefined ? {} : { address: one.address }),
    ...(one.undo === undefined ? {} : { undo: one.undo }),
  }));
  return Object.freeze({ environments: environmentsOf(config), upstreams });
}

export function delayOf(config: Config): number {
  return milliseconds(config.delay);
}

/** How long and how much is kept to undo by. */
export function keepingOf({ undo: { keep, room } }: Config): Keeping {
  return {
    ...(keep === undefined ? {} : { keepMs: milliseconds(keep) }),
    ...(room === undefined ? {} : { room: bytesOf(room) }),
  };
}

/** The velocity limits in force, read anew when the configuration is another; a file that says none has those that ship. */
export function velocityOf(config: () => Config): () => VelocityLimits {
  let read: { readonly of: Config; readonly limits: VelocityLimits } | undefined;
  return () => {
    const of = config();
    if (read?.of !== of) read = { of, limits: limitsIn(of) };
    return read.limits;
  };
}

function limitsIn({ velocity }: Config): VelocityLimits {
  const rows = readLimit(velocity.rows);
  if (rows === undefined) throw new RangeError('the hourly rows have a limit always');
  return Object.freeze({
    destructive: readLimit(velocity.destructive),
    held: readLimit(velocity.held),
    denied: readLimit(velocity.denied),
    rows,
    freezes: velocity.freezes,
  });
}
