import { look } from './look.ts';
import type { RoadParts } from './parts.ts';
import type { Provider } from '../contract/provider.ts';
import type { JsonObject } from '../model/json.ts';

export type Proved = 'done' | 'failed' | 'unknown';

/** What was sent where, and when at the latest (ms); `intent` is what the provider needs to ask about it. */
export interface Sent {
  readonly upstream: string;
  readonly intent: JsonObject | undefined;
  readonly sentAt: number;
}

/**
 * Asks the far side whether an act took effect. A proof that cannot be had proves nothing, and neither does an absence
 * while the far side may still be working on what it was sent.
 */
export async function prove(road: RoadParts, provider: Provider, sent: Sent): Promise<Proved> {
  const { upstream, intent, sentAt } = sent;
  if (intent === undefined || provider.prove === undefined) return 'unknown';
  try {
    const { environments, upstreams } = road.bindings();
    const reach = upstreams.find((one) => one.name === upstream)?.reach ?? 'environment';
    const lease = await road.leases.open(upstream);
    try {
      const proved = await look(road, provider, lease, provider.prove(intent, { environments, reach }));
      return proved === 'failed' && !(road.clock.now() - sentAt >= settlesWithin(provider)) ? 'unknown' : proved;
    } finally {
      await lease.release();
    }
  } catch (cause) {
    road.diagnose('prove', cause);
    return 'unknown';
  }
}

/** How long (ms) after it was sent an act may still take effect. */
export function settlesWithin(provider: Provider): number {
  return provider.settlesWithinMs ?? 0;
}
