import type { Provider } from '../../contract/provider.ts';

/** A provider as this gate sees it. */
export interface Judged {
  readonly provider: Provider;
  /** `https://` and the provider's first exact host: where a base URL leads. Undefined when it claims suffixes only. */
  readonly origin: string | undefined;
  /** Lower-case names of the headers in which its credential travels, and so the agent token. */
  readonly credentialNames: ReadonlySet<string>;
}

/**
 * Which provider answers for which host. A provider's `hosts` are exact names, or suffixes that begin with a dot
 * (`.railway.app` claims that name and everything under it). A claimed host is judged or denied, never tunnelled.
 */
export interface Claims {
  /** By the first segment of a base URL's path; only providers that claim a host. */
  byName(name: string): Judged | undefined;
  byHost(host: string): Judged | undefined;
}

/** Throws when two providers claim one host: which catalogue judges it must not depend on order. */
export function claimsOf(providers: readonly Provider[]): Claims {
  const names = new Map<string, Judged>();
  const hosts = new Map<string, Judged>();
  for (const provider of providers) {
    if (provider.hosts.length === 0) continue;
    const first = provider.hosts.find((host) => !host.startsWith('.'));
    const judged: Judged = {
      provider,
      origin: first === undefined ? undefined : `https://${first.toLowerCase()}`,
      credentialNames: new Set(['authorization', ...provider.credentialHeaders]),
    };
    names.set(provider.name, judged);
    for (const given of provider.hosts) {
      const host = given.toLowerCase();
      const other = hosts.get(host)?.provider;
      if (other !== undefined && other !== provider) {
        throw new Error(`host \`${host}\` is claimed by both ${other.name} and ${provider.name}`);
      }
      hosts.set(host, judged);
    }
  }
  return { byName: (name) => names.get(name), byHost: (host) => hosts.get(host) ?? underSuffix(hosts, host) };
}

/** Whether a host is one of these, or under one that begins with a dot. */
export function isListed(list: readonly string[], host: string): boolean {
  return list.some((one) => one === host || (one.startsWith('.') && `.${host}`.endsWith(one)));
}

/** The longest claimed suffix wins. */
function underSuffix(hosts: ReadonlyMap<string, Judged>, host: string): Judged | undefined {
  for (let rest = `.${host}`; rest !== '';) {
    const found = hosts.get(rest);
    if (found !== undefined) return found;
    const next = rest.indexOf('.', 1);
    rest = next === -1 ? '' : rest.slice(next);
  }
  return undefined;
}
