import { look } from './look.ts';
import type { RoadParts } from './parts.ts';
import type { Provider } from '../contract/provider.ts';
import type { JsonObject } from '../model/json.ts';

/** Asks the far side whether an act took effect. A proof that cannot be had proves nothing. */
export async function prove(
  road: RoadParts,
  provider: Provider,
  upstream: string,
  intent: JsonObject | undefined,
): Promise<'done' | 'failed' | 'unknown'> {
  if (intent === undefined || provider.prove === undefined) return 'unknown';
  try {
    const { environments, upstreams } = road.bindings();
    const reach = upstreams.find((one) => one.name === upstream)?.reach ?? 'environment';
    const lease = await road.leases.open(upstream);
    try {
      return await look(road, provider, lease, provider.prove(intent, { environments, reach }));
    } finally {
      await lease.release();
    }
  } catch (cause) {
    road.diagnose('prove', cause);
    return 'unknown';
  }
}
