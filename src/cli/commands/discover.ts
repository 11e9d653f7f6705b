import type { VaultEntry } from '../../contract/api.ts';
import { type Asking, type Reach, type ReachedEnvironment, reachSentence } from '../../contract/reach.ts';
import { askedAt } from './asked-at.ts';
import { Complaint, misused } from '../complaint.ts';
import { exitCode } from '../exit-code.ts';
import type { Invocation, Run } from '../invocation.ts';

/** Which environments a credential reaches, and what holdpoint.yaml would say of them. Changes nothing, keeps nothing. */
export const discover: Run = async (invocation) => {
  const { out } = invocation;
  const { asking, entry } = await asked(invocation);
  if (asking.kind !== 'answered') {
    throw new Complaint(
      asking.kind === 'not-asked' ? `not asked: ${asking.why}` : asking.why,
      asking.kind === 'not-asked' ? 'try again when the provider can be reached' : 'is it whole, and still good?',
      { exit: asking.kind === 'not-asked' ? exitCode.unavailable : exitCode.denied },
    );
  }
  const { reach } = asking;
  const proposed = proposal(reach, invocation.list('notProduction'), entry);
  const yaml = yamlOf(proposed, reach);
  out.show({ reach, sentence: reachSentence(reach), ...proposed, yaml }, () => {
    out.note(['strong', reachSentence(reach)]);
    for (const one of reach.also) out.note(['faint', `${one.certainty}: `], one.says);
    if (reach.environments.length > 1)
      out.note(['warning', 'it reaches several environments: one credential for each is safer']);
    for (const line of yaml.trimEnd().split('\n')) out.line(line);
  });
  return exitCode.done;
};

async function asked(invocation: Invocation): Promise<{ asking: Asking; entry?: VaultEntry }> {
  const credential = invocation.text('credential');
  const stdin = invocation.flag('tokenStdin');
  if ((credential !== undefined) === stdin)
    throw misused('which credential is to be asked about?', 'give one of --credential vault:<name> and --token-stdin');
  if (credential !== undefined) {
    const [, name] = /^(?:vault:)?([a-z][a-z0-9-]{0,39})$/.exec(credential) ?? [];
    if (name === undefined)
      throw misused(`\`${credential}\` is no entry of the vault`, 'give --credential vault:<name>');
    return invocation.api().get<{ asking: Asking; entry: VaultEntry }>(`/v1/vault/${name}/reach`);
  }
  const secret = await secretOnStdin();
  const { askOffline } = await import('../../daemon/ask-offline.ts');
  return { asking: await askOffline(invocation.text('provider') ?? 'railway', secret, askedAt(invocation)) };
}

async function secretOnStdin(): Promise<string> {
  if (process.stdin.isTTY)
    throw misused('there is nothing on standard input', 'pipe the token in: … --token-stdin < file');
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin) {
    chunks.push(chunk as Buffer);
    size += (chunk as Buffer).length;
    if (size > 16_384) throw misused('what is on standard input is too long for a token', 'pipe in the token alone');
  }
  const secret = Buffer.concat(chunks).toString('utf8').trim();
  if (secret === '') throw misused('there is nothing on standard input', 'pipe in the token alone');
  return secret;
}

interface Proposal {
  readonly environments: readonly (ReachedEnvironment & { readonly slug: string; readonly declared: boolean })[];
  readonly upstreams: readonly { readonly name: string; readonly environment: string; readonly credential: string }[];
}

/** Production unless a human says otherwise: a name is no proof. */
function proposal(reach: Reach, notProduction: readonly string[], entry: VaultEntry | undefined): Proposal {
  const unknown = notProduction.find((one) => !reach.environments.some((each) => each.id === one || each.name === one));
  if (unknown !== undefined)
    throw misused(
      `no environment \`${unknown}\` is in reach of it`,
      `in reach: ${reach.environments.map((one) => one.name).join(', ')}`,
    );
  const projects = new Set(reach.environments.map((one) => one.project.id)).size;
  const taken = new Set<string>();
  const environments = reach.environments.map((one) => ({
    ...one,
    slug: unique(slugOf(projects > 1 ? `${one.project.name}-${one.name}` : one.name), taken),
    declared: !notProduction.includes(one.id) && !notProduction.includes(one.name),
  }));
  const only = environments.length === 1;
  const upstreams = environments.map(({ slug }) => {
    const name = only && entry !== undefined ? entry.name : `${reach.provider}-${slug}`.slice(0, 40);
    return { name, environment: slug, credential: `vault:${entry?.name ?? name}` };
  });
  return { environments, upstreams };
}

/** What is printed is taken as holdpoint.yaml as it stands: every value is one of ours or a quoted id. */
function yamlOf({ environments, upstreams }: Proposal, reach: Reach): string {
  const lines = ['version: 1', 'environments:'];
  for (const one of environments) {
    const counts = [
      counted(one.services, 'service'),
      counted(one.volumes, 'volume'),
      ...(one.backups === undefined ? [] : [counted(one.backups, 'backup')]),
    ].join(', ');
    lines.push(`  # ${plainText(one.project.name)} / ${plainText(one.name)}: ${counts}`);
    lines.push(`  ${one.slug}: { production: ${one.declared}, ${reach.provider}: [${JSON.stringify(one.id)}] }`);
  }
  lines.push('upstreams:');
  for (const one of upstreams)
    lines.push(
      `  ${one.name}: { provider: ${reach.provider}, environment: ${one.environment}, credential: ${one.credential} }`,
    );
  if (!reach.whole) lines.push(`# ${reach.provider} has more environments than it showed`);
  return `${lines.join('\n')}\n`;
}

function counted(many: number, one: string): string {
  return `${many} ${one}${many === 1 ? '' : 's'}`;
}

function slugOf(text: string): string {
  const slug = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^[^a-z]+|-+$/g, '')
    .slice(0, 32)
    .replace(/-+$/, '');
  return slug === '' ? 'environment' : slug;
}

function unique(slug: string, taken: Set<string>): string {
  let name = slug;
  for (let count = 2; taken.has(name); count++) name = `${slug}-${count}`;
  taken.add(name);
  return name;
}

/** A name that somebody at the provider chose, harmless in a comment. */
function plainText(name: string): string {
  return name.replaceAll(/[^\w .-]/g, '?').slice(0, 60);
}
