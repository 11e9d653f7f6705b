import type { VaultEntry } from '../../contract/api.ts';
import { misused } from '../complaint.ts';
import { exitCode } from '../exit-code.ts';
import type { Run } from '../invocation.ts';
import { signedAct } from '../signing/act.ts';
import { printTable } from '../terminal/table.ts';

export const list: Run = async (invocation) => {
  const { out } = invocation;
  const found = await invocation.api().get<{ entries: readonly VaultEntry[] }>('/v1/vault');
  out.show(found, () => {
    if (found.entries.length === 0) return out.line('the vault is empty: holdpoint vault add <name>');
    return printTable(
      out,
      ['name', 'provider', 'environment', 'kind', 'reach', 'fingerprint', 'note'],
      found.entries.map((one) => [
        ['strong', one.name],
        one.provider,
        one.environment,
        one.kind,
        [one.reach === 'all' ? 'warning' : 'plain', one.reach],
        one.fingerprint,
        one.note,
      ]),
    );
  });
  return exitCode.done;
};

export const remove: Run = async (invocation) => {
  const { out } = invocation;
  const api = invocation.api();
  const name = invocation.needed(0);
  const { entries } = await api.get<{ entries: readonly VaultEntry[] }>('/v1/vault');
  const entry = entries.find((one) => one.name === name);
  if (entry === undefined) throw misused(`the vault has no credential \`${name}\``, 'list them: holdpoint vault list');
  const answer = await signedAct<object>(invocation, api, {
    kind: 'vault-remove',
    body: { name },
    lines: [`the gates can no longer use vault:${name} (${entry.provider}, ${entry.environment})`],
  });
  out.show(answer, () => {
    out.line(['good', 'removed'], ` vault:${name}: what the configuration does with it is refused from now on`);
    out.line('  it is still good at the provider: revoke it there');
  });
  return exitCode.done;
};

/** Every credential under a fresh key of the kind that the daemon was started with. The credentials stay what they are. */
export const rotate: Run = async (invocation) => {
  const { out } = invocation;
  const answer = await signedAct<object>(invocation, invocation.api(), {
    kind: 'vault-rotate',
    body: {},
    lines: ['every credential in the vault is sealed under a fresh key; the credentials themselves stay as they are'],
  });
  out.show(answer, () => {
    out.line(['good', 'rotated'], ': the vault is under a fresh key');
    out.line('  a credential that leaked is replaced at the provider, not here');
  });
  return exitCode.done;
};
