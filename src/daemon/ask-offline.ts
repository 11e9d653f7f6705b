import type { AskedCredential } from './asked-credential.ts';
import { type Asker, openAsker } from './asking.ts';
import { providers } from './providers.ts';
import type { Asking } from '../contract/reach.ts';
import { askAll } from '../features/scan/ask.ts';
import type { Found } from '../features/scan/finding.ts';

// `await` before each return: without it the asker would be closed before it asked.

/**
 * Asks a provider what a credential can do, from the process of the command line: no daemon is needed, nothing is kept.
 * `at` is a double on this machine; left out, the provider's published host is asked and no other.
 */
export async function askOffline(provider: string, secret: string, at?: string, standsIn?: string): Promise<Asking> {
  await using asker = disposable();
  return await asker.ask({ provider, secret, ...(standsIn === undefined ? {} : { standsIn }), ...routeAt(at) }, []);
}

/** The same of everything that was found: each credential once. Those of no provider that can be asked stay as they are. */
export async function askAboutFound(
  found: readonly Found[],
  options: { readonly at?: string | undefined; readonly progress?: (at: number, of: number) => void } = {},
): Promise<readonly Found[]> {
  await using asker = disposable();
  return await askAll(found, {
    providers,
    ask: async (provider, secret, standsIn) =>
      asker.ask(
        {
          provider: provider.name,
          secret: secret.reveal(),
          ...(standsIn === undefined ? {} : { standsIn }),
          ...routeAt(options.at),
        },
        [],
      ),
    ...(options.progress === undefined ? {} : { progress: options.progress }),
  });
}

/** Where a person replaces a credential by another; undefined for what no provider of ours knows. */
export function rotationOf(provider: string, kind: string): string | undefined {
  return providers.find((one) => one.name === provider)?.introspection?.rotateAt(kind);
}

/** Variables that `exec` fills with the agent token for a provider. */
export function variablesOf(provider: string): readonly string[] {
  return providers.find((one) => one.name === provider)?.tokenVariables ?? [];
}

function disposable(): Pick<Asker, 'ask'> & AsyncDisposable {
  const asker = openAsker(providers);
  return {
    ask: (credential, environments) => asker.ask(credential, environments),
    [Symbol.asyncDispose]: () => asker.close(),
  };
}

function routeAt(at: string | undefined): Pick<AskedCredential, 'route'> {
  return at === undefined ? {} : { route: { address: at, allowPrivate: true } };
}
