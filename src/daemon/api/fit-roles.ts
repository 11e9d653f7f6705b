import type { ApiParts } from './context.ts';

/**
 * Databases of a configuration that agents cannot use, each with the SQL that mends it: said when it is put in force, for
 * otherwise the first agent would find out. Asked of the servers at once; one that does not answer is said too.
 */
export async function unfitRoles({ installation, providers, vault, asker }: ApiParts): Promise<readonly string[]> {
  const asked = Object.entries(installation.config.upstreams).flatMap(([name, one]) => {
    const provider = providers.find((each) => each.name === one.provider);
    const route = installation.route(name);
    const entry = vault.entry(one.credential.slice('vault:'.length));
    const isDatabase = provider !== undefined && provider.hosts.length === 0 && provider.introspection !== undefined;
    return isDatabase && route !== undefined && entry !== undefined ? [{ name, one, route, entry }] : [];
  });
  const said = await Promise.all(
    asked.map(async ({ name, one, route, entry }) => {
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
      if (asking.kind !== 'answered') return [`${name} was not asked whether agents may use its role: ${asking.why}`];
      return (asking.reach.inWords?.unfit ?? []).map((why) => `agents are refused at ${name}: ${why}`);
    }),
  );
  return said.flat();
}
