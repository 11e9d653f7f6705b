import type { Config } from './config.ts';
import type { Asking, Reach } from '../contract/reach.ts';
import { crossesEnvironments } from '../contract/reach.ts';
import { refuse } from '../model/refusal.ts';

/** A credential that is about to be kept, as the human who signs says it is. */
export interface Declared {
  readonly name: string;
  readonly provider: string;
  readonly environment: string;
  readonly kind: string;
  readonly reach: 'all' | 'environment';
}

/**
 * Holds what was said of a credential against what its provider answered. Returns what a person should know of it;
 * throws `Refused` (`DENIED`) where the two do not agree. Where nobody answered it says so.
 */
export function heldAgainst(declared: Declared, asking: Asking, config: Config, tier: string): readonly string[] {
  if (asking.kind === 'not-asked') return [`not asked what it reaches: ${asking.why}`];
  if (asking.kind === 'not-taken')
    throw refuse('DENIED', asking.why, 'look whether it is whole and still good, and how it is presented (--kind)');
  const { reach } = asking;
  refuseOtherReach(declared, reach);
  refuseProductionReachAtT0(declared, reach, config, tier);
  return [...environmentFlags(declared, reach, config), ...breadthFlags(reach)];
}

/** How it is presented needs no looking at: it was asked about as what it was said to be, and taken. */
function refuseOtherReach(declared: Declared, reach: Reach): void {
  if (declared.reach === reach.sees) return;
  throw refuse(
    'DENIED',
    `its reach was said to be \`${declared.reach}\`, and ${reach.provider} answers that it is ${reach.kind === 'account' ? 'an' : 'a'} ${reach.kind} token: \`${reach.sees}\``,
    `leave --reach out, or say --reach ${reach.sees}`,
  );
}

function environmentFlags(declared: Declared, reach: Reach, config: Config): readonly string[] {
  const bound = boundIds(config, declared.environment, declared.provider);
  if (bound.length === 0)
    return [
      `environment ${declared.environment} is bound to no id of ${declared.provider} yet, so it was not compared`,
    ];
  if (reach.environments.some((one) => bound.includes(one.id))) return [];
  const reached = reach.environments.map((one) => `${one.project.name}/${one.name}`).join(', ');
  throw refuse(
    'DENIED',
    `it does not reach environment \`${declared.environment}\`: ${reach.provider} answers that it reaches ${reached === '' ? 'none' : reached}`,
    'name the environment that it is for, or take the credential of that one',
  );
}

function breadthFlags(reach: Reach): readonly string[] {
  const { environments } = reach;
  if (environments.length < 2) return [];
  const crosses = crossesEnvironments(reach) ? ', production and others among them' : '';
  return [`it reaches ${environments.length} environments${crosses}: one credential for each is safer`];
}

/** At T0 whoever runs as this OS user could read it; an address of one's own (a double) is let pass. */
function refuseProductionReachAtT0(declared: Declared, reach: Reach, config: Config, tier: string): void {
  if (tier !== 'T0') return;
  const users = Object.values(config.upstreams).filter((one) => one.credential === `vault:${declared.name}`);
  if (users.length > 0 && users.every((one) => one.private)) return;
  const production = reach.environments.find((one) => one.production);
  if (production === undefined) return;
  throw refuse(
    'DENIED',
    `tier T0 takes no production credential, and this one reaches \`${production.project.name}/${production.name}\`, which ${production.productionIs === 'proven' ? 'is' : 'counts as'} production`,
    'take one of an environment that is not production, or start the daemon apart from the agents: sudo holdpoint up',
  );
}

function boundIds(config: Config, environment: string, provider: string): readonly string[] {
  const { [provider]: ids } = (config.environments[environment] ?? {}) as { readonly [name: string]: unknown };
  return Array.isArray(ids) ? ids.filter((id): id is string => typeof id === 'string') : [];
}
