import type { Provider } from '../../contract/provider.ts';
import type { Vault } from '../../upstream/vault/vault.ts';
import type { Asker } from '../asking.ts';
import type { Installation } from '../installation.ts';

/** A database at which agents are denied every act, or may be. */
export interface UnfitRole {
  readonly upstream: string;
  /** What happens there, why, and what closes it. */
  readonly says: string;
}

/** Which databases of the configuration in force agents cannot use because of the role that they would act as. */
export interface FitRoles {
  /** Asks the servers in this moment. */
  ask(): Promise<readonly UnfitRole[]>;
  /** As was found in the last ten seconds, or asked now; a server that is slow to answer is said to be. */
  known(): Promise<readonly UnfitRole[]>;
}

interface Parts {
  readonly installation: Installation;
  readonly providers: readonly Provider[];
  readonly vault: Vault;
  readonly asker: Asker;
}

const believedMs = 10_000;
/** Nobody waits longer for what is only told. */
const patienceMs = 1_500;

/** Said where people look, with the SQL that mends it: otherwise the first agent would find out. */
export function openFitRoles(parts: Parts, monotonic: () => number = () => performance.now()): FitRoles {
  let last: { readonly at: number; readonly found: readonly UnfitRole[] } | undefined;
  let asking: Promise<readonly UnfitRole[]> | undefined;
  const ask = async (): Promise<readonly UnfitRole[]> => {
    const found = await unfitRoles(parts);
    last = { at: monotonic(), found };
    return found;
  };
  return {
    ask,
    async known() {
      if (last !== undefined && monotonic() - last.at < believedMs) return last.found;
      asking ??= ask().finally(() => {
        asking = undefined;
      });
      const { promise, resolve } = Promise.withResolvers<readonly UnfitRole[]>();
      const timer = setTimeout(() => resolve(slow(parts)), patienceMs);
      try {
        return await Promise.race([asking, promise]);
      } catch (cause) {
        return slow(parts, cause instanceof Error ? cause.message : undefined);
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

function slow(parts: Parts, why = 'it does not answer yet'): readonly UnfitRole[] {
  return databasesOf(parts).map(({ name }) => ({ upstream: name, says: notAsked(why) }));
}

const notAsked = (why: string): string => `whether agents may use its role is not known: ${why}`;

function databasesOf({ installation, providers, vault }: Parts) {
  return Object.entries(installation.config.upstreams).flatMap(([name, one]) => {
    const provider = providers.find((each) => each.name === one.provider);
    const route = installation.route(name);
    const entry = vault.entry(one.credential.slice('vault:'.length));
    // Nobody signs in by an entry for look-ups.
    if (one.lookups) return [];
    const isDatabase = provider !== undefined && provider.hosts.length === 0 && provider.introspection !== undefined;
    return isDatabase && route !== undefined && entry !== undefined ? [{ name, one, route, entry }] : [];
  });
}

async function unfitRoles(parts: Parts): Promise<readonly UnfitRole[]> {
  const { installation, vault, asker } = parts;
  const said = await Promise.all(
    databasesOf(parts).map(async ({ name, one, route, entry }): Promise<readonly UnfitRole[]> => {
      const { address, allowPrivate, ca } = route;
      const { secret } = await vault.open(entry.name);
      const asking = await asker.ask(
        {
          provider: one.provider,
          secret,
          presented: entry.kind,
          entry: name,
          route: { address, allowPrivate, ...(ca === undefined ? {} : { ca }) },
        },
        installation.bindings.environments,
      );
      if (asking.kind !== 'answered') return [{ upstream: name, says: notAsked(asking.why) }];
      const unfit = asking.reach.inWords?.unfit ?? [];
      if (unfit.length === 0) return [];
      const says = `every act of an agent is denied there, reads too, because of its role. Close it as its administrator: ${unfit.join(' ')} Or make a role that is fit: holdpoint connect`;
      return [{ upstream: name, says }];
    }),
  );
  return said.flat();
}
