import { createHash } from 'node:crypto';
import type { PolicyInForce, VaultEntry } from '../../contract/api.ts';
import { Complaint, misused } from '../complaint.ts';
import { exitCode } from '../exit-code.ts';
import type { Invocation, Run } from '../invocation.ts';
import { signedAct } from '../signing/act.ts';
import { secretFor } from '../signing/passphrase.ts';
import { findSigner } from '../signing/signer.ts';
import { askTerminal } from '../terminal/prompt.ts';
import { printTable } from '../terminal/table.ts';

const kinds = ['bearer', 'project-access-token'] as const;
const reaches = ['environment', 'all'] as const;

export const add: Run = async (invocation) => {
  const { out } = invocation;
  const api = invocation.api();
  const name = invocation.needed(0);
  const { entries } = await api.get<{ entries: readonly VaultEntry[] }>('/v1/vault');
  if (entries.some((one) => one.name === name)) {
    throw new Complaint(
      `the vault has a credential \`${name}\` already, and changing one is not there yet`,
      `take it out first (holdpoint vault remove ${name}), or keep the new one under another name and name that in holdpoint.yaml`,
    );
  }
  const signer = await findSigner(invocation, api);
  const { provider, environment } = placed(invocation, name, await api.get<PolicyInForce>('/v1/policy'));
  const kind = await chosen(
    invocation,
    'kind',
    kinds,
    'how is it presented: bearer (account or team token) or project-access-token?',
  );
  const reach = await chosen(
    invocation,
    'reach',
    reaches,
    'does it see one environment (environment) or every one of its account (all)?',
  );
  const secret = await secretFor(invocation, `the credential for ${name} (not shown):`, { fd: 'secret-fd' });
  if (secret === '') throw misused('the credential is empty', 'paste it, or give --secret-fd <number>');
  const secretHash = createHash('sha256').update(secret).digest('hex');
  const entry = await signedAct<VaultEntry>(
    invocation,
    api,
    {
      kind: 'vault-add',
      body: { name, provider, environment, kind, reach, note: invocation.text('note') ?? '', secretHash },
      lines: [
        `the gates may use this ${provider} credential for ${environment}, presented as ${kind}`,
        `reach: ${reach}, as you said it; the provider was not asked`,
        `secret: SHA-256 ${secretHash}`,
      ],
      secret,
    },
    signer,
  );
  out.show(entry, () => {
    out.line(
      ['good', 'kept'],
      ` vault:${entry.name} (${entry.provider}, ${entry.environment}, fingerprint ${entry.fingerprint})`,
    );
    if (entry.reach === 'all')
      out.line(['warning', '  it reaches every environment of its account: one for each is safer']);
    out.line(
      '  if it ever stood in a file an agent can read, rotate it at the provider: moving it here does not unleak it',
    );
  });
  return exitCode.done;
};

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

/** Provider and environment: as the configuration in force has the upstream of that name, or as given. */
function placed(
  invocation: Invocation,
  name: string,
  policy: PolicyInForce,
): { provider: string; environment: string } {
  const upstream = policy.bindings.upstreams.find((one) => one.name === name);
  const provider = invocation.text('provider') ?? upstream?.provider;
  const environment = invocation.text('env') ?? upstream?.environment;
  if (provider === undefined || environment === undefined) {
    const known = policy.bindings.upstreams.map((one) => one.name).join(', ');
    throw misused(
      `no upstream is called \`${name}\`, so it is not known what this is a credential for`,
      `give --provider and --env${known === '' ? '' : `, or one of: ${known}`}`,
    );
  }
  return { provider, environment };
}

async function chosen(
  invocation: Invocation,
  option: string,
  known: readonly string[],
  question: string,
): Promise<string> {
  const asking = { hidden: false, instead: `--${option} ${known.join(' | ')}` };
  const answer = invocation.text(option) ?? (await askTerminal(question, asking)).trim();
  if (known.includes(answer)) return answer;
  throw new Complaint(`\`${answer}\` is no ${option}`, `known: ${known.join(', ')}`, { exit: exitCode.usage });
}
