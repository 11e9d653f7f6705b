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
