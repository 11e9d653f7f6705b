import type { Desk } from './desk.ts';
import { look } from './look.ts';
import type { Bindings, UpstreamEntry } from './parts.ts';
import type { Resolution, ResolveContext } from '../contract/provider.ts';
import type { Action } from '../model/action.ts';
import { refuse } from '../model/refusal.ts';

/** What a request is about, by the provider's own answer, and the one entry that may serve it. */
export interface Target {
  readonly resolution: Resolution;
  readonly actions: readonly Action[];
  readonly environments: readonly string[];
  readonly upstream: UpstreamEntry;
}

/** Resolves the ids live. What cannot be resolved to environments of ours is refused. */
export async function resolve(desk: Desk): Promise<Target> {
  const { road, asked } = desk;
  const bindings = road.bindings();
  if (asked.reading.entry !== undefined)
    return resolveOn(desk, addressed(bindings, asked.provider.name, asked.reading.entry));
  const looker = entryForLookups(bindings, asked.provider.name, asked.bearer.token.scope.environments);
  const { kind: principal } = asked.bearer.principal;
  const context: ResolveContext = { environments: bindings.environments, reach: looker.reach, principal };
  const own = asked.lease !== undefined && looker.name === asked.lease.upstream ? asked.lease : undefined;
  const lease = own ?? (await road.leases.open(looker.name));
  try {
    const resolution = await look(road, asked.provider, lease, asked.reading.resolve(context));
    const { actions } = resolution;
    const environments = touched(actions, bindings);
    if (environments.length > 0) {
      return { resolution, actions, environments, upstream: entryFor(bindings, asked.provider.name, environments) };
    }
    const upstream = entryForInventory(bindings, asked.provider.name, asked.bearer.token.scope.environments);
    return { resolution, actions, environments: [upstream.environment], upstream };
  } finally {
    if (own === undefined) await lease.release();
  }
}

/** What the client itself addressed: look-ups and effect go by that entry, on the gate's own line where it has one. */
async function resolveOn(desk: Desk, upstream: UpstreamEntry): Promise<Target> {
  const { road, asked } = desk;
  const bindings = road.bindings();
  if (asked.lease !== undefined && asked.lease.upstream !== upstream.name)
    throw refuse('DENIED', 'the line that is open leads to another upstream than the one that is asked');
  const lease = await desk.lease(upstream);
  const { kind: principal } = asked.bearer.principal;
  const undoLine = upstream.undo !== undefined;
  const context: ResolveContext = { environments: bindings.environments, reach: upstream.reach, principal, undoLine };
  const resolution = await look(road, asked.provider, lease, asked.reading.resolve(context));
  const { actions } = resolution;
  const environments = touched(actions, bindings);
  refuseReachingBeyond(bindings, upstream, environments);
  return {
    resolution,
    actions,
    environments: environments.length > 0 ? environments : [upstream.environment],
    upstream,
  };
}

function addressed(bindings: Bindings, provider: string, name: string): UpstreamEntry {
  const found = bindings.upstreams.find((one) => one.name === name && one.provider === provider && !one.lookupsOnly);
  if (found !== undefined) return found;
  throw refuse('DENIED', `${provider} upstream \`${name}\` is not configured`, 'a human names it in holdpoint.yaml');
}

/** An entry serves its own environment, and never what is in a production that is another's. */
function refuseReachingBeyond(bindings: Bindings, upstream: UpstreamEntry, environments: readonly string[]): void {
  const beyond = bindings.environments.find(
    (one) => one.production && one.name !== upstream.environment && environments.includes(one.name),
  );
  if (beyond === undefined) return;
  throw refuse('DENIED', `what \`${upstream.name}\` of ${upstream.environment} leads to is in ${beyond.name} as well`);
}

/** An entry marked for look-ups, else one that sees everything, else the only one in the token's environments. */
export function entryForLookups(bindings: Bindings, provider: string, environments: readonly string[]): UpstreamEntry {
  // A second line that sees everything is asked only where somebody says so.
  const seconds = new Set(bindings.upstreams.map((entry) => entry.undo));
  const mine = bindings.upstreams.filter((entry) => entry.provider === provider && !seconds.has(entry.name));
  const found =
    mine.find((entry) => entry.lookupsOnly) ??
    mine.find((entry) => entry.reach === 'all') ??
    mine.find((entry) => environments.includes(entry.environment));
  if (found === undefined) {
    throw refuse(
      'DENIED',
      `no upstream is configured for ${provider}, so nothing can be resolved`,
      'a human adds one with `holdpoint vault add` and `holdpoint apply`',
    );
  }
  return found;
}

/** The environments of all targets. Only a proved read may touch none: it shows nothing of what is in any of them. */
function touched(actions: readonly Action[], bindings: Bindings): readonly string[] {
  const names = new Set<string>();
  if (actions.length === 0) throw refuse('DENIED', 'nothing is known of what this would do');
  for (const action of actions) {
    if (action.resources.length === 0 && action.reversibility !== 'read')
      throw refuse('DENIED', `what \`${action.operation}\` would hit could not be resolved`);
    for (const resource of action.resources) {
      if (resource.environments.length === 0) {
        throw refuse(
          'DENIED',
          `${resource.kind} \`${resource.name ?? resource.id}\` could not be resolved to an environment`,
        );
      }
      for (const name of resource.environments) names.add(name);
    }
  }
  const unknown = [...names].find((name) => !bindings.environments.some((one) => one.name === name));
  if (unknown !== undefined)
    throw refuse(
      'DENIED',
      `environment \`${unknown}\` is not bound`,
      'a human binds it in holdpoint.yaml and applies that',
    );
  return [...names].sort();
}

/**
 * What asks about no environment goes by an entry of an environment that the token has: one that sees the whole
 * inventory before others, and production's last.
 */
function entryForInventory(bindings: Bindings, provider: string, environments: readonly string[]): UpstreamEntry {
  const production = new Set(bindings.environments.filter((one) => one.production).map((one) => one.name));
  const rank = (entry: UpstreamEntry): number =>
    (entry.reach === 'all' ? 0 : 2) + (production.has(entry.environment) ? 1 : 0);
  const [best] = bindings.upstreams
    .filter((entry) => entry.provider === provider && !entry.lookupsOnly && environments.includes(entry.environment))
    .toSorted((left, right) => rank(left) - rank(right));
  if (best !== undefined) return best;
  throw refuse(
    'DENIED',
    `no ${provider} upstream serves an environment of this token`,
    'a human names one in holdpoint.yaml',
  );
}

/**
 * The one entry whose environment is the most protected of those touched: what reaches into production goes by the
 * production entry or not at all. None or several is a denial.
 */
export function entryFor(bindings: Bindings, provider: string, environments: readonly string[]): UpstreamEntry {
  const production = bindings.environments
    .filter((one) => one.production && environments.includes(one.name))
    .map((one) => one.name);
  const wanted = production.length > 0 ? production : environments;
  const found = bindings.upstreams.filter(
    (entry) => entry.provider === provider && !entry.lookupsOnly && wanted.includes(entry.environment),
  );
  const [only] = found;
  if (only === undefined || found.length > 1) {
    throw refuse(
      'DENIED',
      `${found.length === 0 ? 'no' : 'more than one'} ${provider} upstream serves ${wanted.join(', ')}`,
      'a human names exactly one in holdpoint.yaml',
    );
  }
  return only;
}
