import type { AskedCredential } from './asked-credential.ts';
import { dialDatabase } from './asking-database.ts';
import type { Provider } from '../contract/provider.ts';
import type { Asking } from '../contract/reach.ts';
import type { Route } from '../contract/upstream.ts';
import { askProvider, beginsLike, type Dial } from '../features/scan/ask-provider.ts';
import type { Environment } from '../model/environment.ts';
import { httpUpstream, type HttpUpstream } from '../upstream/http/http-upstream.ts';
import type { HttpLimits } from '../upstream/http/limits.ts';
import { postgresUpstream } from '../upstream/postgres/postgres-upstream.ts';
import { openLeases } from '../upstream/run/leases.ts';
import { OpenedCredential } from '../upstream/vault/opened-credential.ts';

/** Asks providers what credentials can do, each at its own host and by read-only look-ups alone. */
export interface Asker {
  ask(credential: AskedCredential, environments: readonly Environment[]): Promise<Asking>;
  close(): Promise<void>;
}

/** A person waits for the answer. */
const limits: Partial<HttpLimits> = { dialTimeout: 5_000, headersTimeout: 20_000, wholeTimeout: 30_000 };

export function openAsker(providers: readonly Provider[], lookup?: Parameters<typeof httpUpstream>[0]): Asker {
  const upstream = httpUpstream({ ...lookup, limits });
  const databases = postgresUpstream({ timeout: limits.dialTimeout ?? 5_000 });
  return Object.freeze({
    ask: async (credential: AskedCredential, environments: readonly Environment[]): Promise<Asking> => {
      const { provider: name, presented, standsIn, secret, entry } = credential;
      const provider = providers.find((one) => one.name === name);
      if (provider === undefined) return { kind: 'not-asked', why: `no provider \`${name}\` is known here` };
      const dial: Dial = (kind) =>
        provider.hosts.length === 0
          ? dialDatabase(databases, credential, kind)
          : dialled(upstream, routeTo(provider, credential.route), new OpenedCredential(kind, secret));
      return askProvider(provider, dial, {
        environments,
        matches: (displayed) => beginsLike(secret, displayed),
        ...(presented === undefined ? {} : { presented }),
        ...(standsIn === undefined ? {} : { standsIn }),
        ...(entry === undefined ? {} : { entry }),
      });
    },
    close: async () => {
      await Promise.all([upstream.close(), databases.close()]);
    },
  });
}

/** The published host unless another endpoint was said. A provider without one is not dialled. */
function routeTo(provider: Provider, said: AskedCredential['route']): Route {
  const [host] = provider.hosts;
  if (said === undefined && host === undefined) throw new TypeError('this provider has no host of its own');
  return { name: `ask-${provider.name}`, ...(said ?? { address: `https://${host ?? ''}`, allowPrivate: false }) };
}

/** A line that takes look-ups alone: each is cleared for exactly its message. */
async function dialled(upstream: HttpUpstream, route: Route, credential: OpenedCredential): ReturnType<Dial> {
  const leases = openLeases({
    upstreams: [upstream],
    routes: () => route,
    vault: { open: async () => credential },
  });
  const lease = await leases.open(route.name);
  return {
    send: (message) => lease.send(message, leases.mint(lease, [message], 'lookup', lease.id)),
    close: () => lease.release(),
  };
}
