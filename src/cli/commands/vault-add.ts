import { createHash } from 'node:crypto';
import type { KeptCredential, PolicyInForce, Status, VaultEntry } from '../../contract/api.ts';
import { type Asking, type Reach, reachSentence } from '../../contract/reach.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Api } from '../api/api.ts';
import { Complaint, misused } from '../complaint.ts';
import { exitCode } from '../exit-code.ts';
import type { Invocation, Run } from '../invocation.ts';
import { signedAct } from '../signing/act.ts';
import { secretFor } from '../signing/passphrase.ts';
import { findSigner, type Signer } from '../signing/signer.ts';
import { askTerminal } from '../terminal/prompt.ts';

const kinds = ['bearer', 'project-access-token', 'password'] as const;
const reaches = ['environment', 'all'] as const;

export const add: Run = async (invocation) => {
  const { out } = invocation;
  const api = invocation.api();
  const { name, upstream } = await entryNamed(api, invocation.needed(0));
  await refuseTakenName(api, name);
  const signer = await findSigner(invocation, api);
  const placed = placedBy(invocation, upstream, await api.get<PolicyInForce>('/v1/policy'));
  const early = declaredWords(invocation);
  const asking = wanted(placed.provider, name);
  const secret = asKept(placed.provider, await secretFor(invocation, asking, { fd: 'secret-fd' }));
  if (secret === '') throw misused('the credential is empty', 'paste it, or give --secret-fd <number>');
  const entry = await keep(invocation, api, signer, { name, ...placed, ...early, secret });
  out.show(entry, () => {
    sayKept(invocation, entry);
    out.line(
      '  if it ever stood in a file an agent can read, rotate it at the provider: moving it here does not unleak it',
    );
  });
  return exitCode.done;
};

function wanted(provider: string, name: string): string {
  if (provider === 'postgres')
    return `user:password of the role for ${name}, or its whole postgres:// address (not shown):`;
  if (provider === 's3') return `key id:secret of a credential for ${name} that may put and get alone (not shown):`;
  return `the credential for ${name} (not shown):`;
}

/** Of a database's address its role and password alone: where it is stands in holdpoint.yaml, for everybody to see. */
function asKept(provider: string, given: string): string {
  if (provider === 's3' && !/^[^:\s]+:\S+$/.test(given))
    throw misused('this is not `key id:secret`', 'join both by a colon');
  if (provider !== 'postgres') return given;
  const [, who] = /^postgres(?:ql)?(?:\+\w+)?:\/\/([^@/\s]+)@/i.exec(given) ?? [];
  const secret = who ?? given;
  if (/^[^:\s]+:\S+$/.test(secret)) return secret;
  throw misused(
    'this is not `user:password`',
    'write both percent-encoded, as they stand in a postgres:// address, or paste that address',
  );
}

/** A database and a store have one way to present a credential, and are themselves all that it reaches. */
const declaredBy: { readonly [provider: string]: { readonly kind: string; readonly reach: string } | undefined } = {
  postgres: { kind: 'password', reach: 'environment' },
  s3: { kind: 'password', reach: 'environment' },
};

/** What is kept, as it was given or can be found out. */
export interface Keeping {
  readonly name: string;
  readonly provider: string;
  readonly environment: string;
  readonly kind?: string;
  readonly reach?: string;
  readonly secret: string;
  /** The name of what it stood in. */
  readonly standsIn?: string;
  /** How it is taken out of a file. */
  readonly move?: JsonObject;
  /** Further lines of what is signed. */
  readonly lines?: readonly string[];
}

/** Finds out what was not said of a credential, has all of it signed, and puts it into the vault. */
export async function keep(invocation: Invocation, api: Api, signer: Signer, given: Keeping): Promise<KeptCredential> {
  const { name, provider, environment, secret, move } = given;
  // A store is tried by `backup init`, and at each start.
  const asks = !invocation.flag('notAsk') && provider !== 's3';
  const declared = declaredBy[provider];
  const asking = await askBefore(api, given, asks);
  const found = asking?.kind === 'answered' ? asking.reach : undefined;
  if (asking?.kind === 'not-taken') throw notTaken(asking.why);
  if (asking?.kind === 'not-asked') invocation.out.note(['warning', `not asked what it reaches: ${asking.why}`]);
  const kind =
    given.kind ??
    found?.presented ??
    declared?.kind ??
    (await chosen('kind', kinds, 'how is it presented: bearer (account or team token) or project-access-token?'));
  const reach =
    given.reach ??
    found?.sees ??
    declared?.reach ??
    (await chosen('reach', reaches, 'does it see one environment (environment) or every one of its account (all)?'));
  const secretHash = createHash('sha256').update(secret).digest('hex');
  const note = invocation.text('note') ?? '';
  return signedAct<KeptCredential>(
    invocation,
    api,
    {
      kind: 'vault-add',
      body: {
        name,
        provider,
        environment,
        kind,
        reach,
        note,
        secretHash,
        ...(asks ? {} : { ask: false }),
        ...(move === undefined ? {} : { move }),
      },
      lines: [
        provider === 's3'
          ? `the daemon may put copies of databases by this ${provider} credential, ${name}`
          : `the gates may use this ${provider} credential for ${environment}, presented as ${kind}`,
        `reach: ${reach}, ${said(asking, found, asks)}`,
        ...(given.lines ?? []),
        `secret: SHA-256 ${secretHash}`,
      ],
      secret,
    },
    signer,
  );
}

/** Asks before the signature only what nobody said: after it the daemon asks in any case. */
async function askBefore(api: Api, given: Keeping, asks: boolean): Promise<Asking | undefined> {
  if (!asks || (given.kind !== undefined && given.reach !== undefined)) return undefined;
  const { name, provider, secret, kind, standsIn } = given;
  const { asking } = await api.post<{ asking: Asking }>('/v1/reach', {
    name,
    provider,
    secret,
    ...(kind === undefined ? {} : { kind }),
    ...(standsIn === undefined ? {} : { standsIn }),
  });
  return asking;
}

function said(asking: Asking | undefined, found: Reach | undefined, asks: boolean): string {
  if (found !== undefined) return `as ${found.provider} answered: ${reachSentence(found)}`;
  if (!asks) return 'as you said it; the provider is not asked';
  if (asking === undefined || asking.kind === 'answered')
    return 'as you said it; the provider is asked once you signed';
  return `as you said it; not asked: ${asking.why}`;
}

/** What a person is told of an entry that was just kept. */
export function sayKept({ out }: Invocation, entry: KeptCredential): void {
  out.line(
    ['good', 'kept'],
    ` vault:${entry.name} (${entry.provider}, ${entry.environment}, fingerprint ${entry.fingerprint})`,
  );
  if (entry.asking.kind === 'answered') {
    const { reach } = entry.asking;
    out.line(`  ${reachSentence(reach)}`);
    for (const one of reach.also) out.line(['faint', `  ${one.certainty}: `], one.says);
  }
  for (const note of entry.notes) out.line(['warning', `  ${note}`]);
}

export async function refuseTakenName(api: Api, name: string): Promise<void> {
  const { entries } = await api.get<{ entries: readonly VaultEntry[] }>('/v1/vault');
  if (!entries.some((one) => one.name === name)) return;
  throw new Complaint(
    `the vault has a credential \`${name}\` already, and changing one is not there yet`,
    `take it out first (holdpoint vault remove ${name}), or keep the new one under another name and name that in holdpoint.yaml`,
  );
}

function notTaken(why: string): Complaint {
  return new Complaint(
    why,
    'look whether it is whole and still good; nothing was signed or kept (--not-ask keeps it unasked)',
    { exit: exitCode.denied },
  );
}

/** The entry that the upstream of this name has its credential in, or the upstream whose entry has this name. */
async function entryNamed(api: Api, given: string): Promise<{ name: string; upstream: string }> {
  const { upstreams } = await api.get<Status>('/v1/status');
  const upstream = upstreams.find((one) => one.name === given) ?? upstreams.find((one) => one.credential === given);
  return { name: upstream?.credential ?? given, upstream: upstream?.name ?? given };
}

/** Provider and environment: as the configuration in force has the upstream of that name, or as given. */
function placedBy(
  invocation: Invocation,
  name: string,
  policy: PolicyInForce,
): { provider: string; environment: string } {
  const found =
    policy.bindings.upstreams.find((one) => one.name === name) ?? policy.credentials.find((one) => one.name === name);
  const provider = invocation.text('provider') ?? found?.provider;
  const environment = invocation.text('env') ?? found?.environment;
  if (provider === undefined || environment === undefined) {
    const known = [...new Set(policy.credentials.map((one) => one.name))].join(', ');
    throw misused(
      `no upstream and no store of the configuration has \`vault:${name}\`, so it is not known what this is a credential for`,
      `give --provider and --env${known === '' ? '' : `, or one of: ${known}`}`,
    );
  }
  return { provider, environment };
}

/** `--kind` and `--reach`, where they were given. */
function declaredWords(invocation: Invocation): { kind?: string; reach?: string } {
  const kind = invocation.text('kind');
  const reach = invocation.text('reach');
  return {
    ...(kind === undefined ? {} : { kind: known('kind', kinds, kind) }),
    ...(reach === undefined ? {} : { reach: known('reach', reaches, reach) }),
  };
}

async function chosen(option: string, words: readonly string[], question: string): Promise<string> {
  const asking = { hidden: false, instead: `--${option} ${words.join(' | ')}` };
  return known(option, words, (await askTerminal(question, asking)).trim());
}

function known(option: string, words: readonly string[], answer: string): string {
  if (words.includes(answer)) return answer;
  throw new Complaint(`\`${answer}\` is no ${option}`, `known: ${words.join(', ')}`, { exit: exitCode.usage });
}
