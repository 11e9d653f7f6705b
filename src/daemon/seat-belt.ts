import type { Config } from './config.ts';
import { refuse } from '../model/refusal.ts';

/**
 * At tier T0 whoever runs as this OS user can read the vault, so it takes no credential for production. An upstream
 * whose address is private is let pass: a double, or a server of one's own. Throws `Refused` (`DENIED`).
 *
 * `kept` are the names of the credentials that the vault has, or is about to have.
 */
export function refuseProductionAtT0(tier: string, config: Config, kept: readonly string[]): void {
  if (tier !== 'T0') return;
  const names = new Set(kept.map((name) => `vault:${name}`));
  for (const [name, upstream] of Object.entries(config.upstreams)) {
    const production = config.environments[upstream.environment]?.production ?? true;
    if (!production || upstream.private || !names.has(upstream.credential)) continue;
    throw refuse(
      'DENIED',
      `tier T0 takes no production credential, and upstream \`${name}\` is production: whoever runs as this OS user could read it`,
      'for production start the daemon apart from the agents: sudo holdpoint up',
    );
  }
}

/**
 * The same for a credential that is about to be kept under `name` for `environment`: in force there has to be a
 * configuration that says that this environment is not production, or that nothing but private addresses get it. Said
 * nowhere counts as production, as everywhere. Throws `Refused` (`DENIED`).
 */
export function refuseKeepingAtT0(
  tier: string,
  config: Config,
  { name, environment }: { readonly name: string; readonly environment: string },
): void {
  if (tier !== 'T0') return;
  refuseProductionAtT0(tier, config, [name]);
  const known = config.environments[environment];
  const places = [...Object.values(config.upstreams), ...Object.values(config.stores)];
  const users = places.filter((one) => one.credential === `vault:${name}`);
  const isPrivate = users.length > 0 && users.every((one) => one.private);
  // A store belongs to no environment, and what its credential can do has not been tried yet.
  const isStore = Object.values(config.stores).some((one) => one.credential === `vault:${name}`);
  if (isPrivate && (isStore || known !== undefined)) return;
  if (known !== undefined && !known.production && !isStore) return;
  const why = isStore
    ? 'nobody has tried yet what this one of a store can do'
    : known === undefined
      ? `the configuration in force has no environment \`${environment}\``
      : `environment \`${environment}\` is production`;
  throw refuse(
    'DENIED',
    `tier T0 takes no production credential, and ${why}: whoever runs as this OS user could read it`,
    known === undefined && !isStore
      ? 'say in holdpoint.yaml what it is and run `holdpoint apply` first; for production: sudo holdpoint up'
      : 'for production start the daemon apart from the agents: sudo holdpoint up',
  );
}
