import type { EnvironmentView } from './survey.ts';
import { ask, items, unresolved } from '../ask.ts';
import type { Looking } from '../../../contract/lookup.ts';
import type { JsonObject } from '../../../model/json.ts';

const networksQuery = `query ($id: String!) { privateNetworks(environmentId: $id) { publicId name } }`;

export function* privateNetworksIn(environment: EnvironmentView): Looking<readonly JsonObject[]> {
  const { privateNetworks } = yield* ask(`private networks in \`${environment.name}\``, networksQuery, {
    id: environment.id,
  });
  return items(privateNetworks, 'private networks');
}

/** Throws `DENIED` for a network of another environment: whoever joins one answers to its names. */
export function* requirePrivateNetwork(publicId: string, environment: EnvironmentView): Looking<void> {
  const networks = yield* privateNetworksIn(environment);
  if (networks.some((network) => network['publicId'] === publicId)) return;
  throw unresolved(`private network \`${publicId}\` is not in environment \`${environment.name}\`, or cannot be seen`);
}
