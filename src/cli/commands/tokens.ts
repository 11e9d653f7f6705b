import { constants, mkdirSync, openSync, closeSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Status, ShownToken } from '../../contract/api.ts';
import { misused } from '../complaint.ts';
import { exitCode } from '../exit-code.ts';
import { findUser } from '../exec/os-user.ts';
import type { Invocation, Run } from '../invocation.ts';
import { giveToOwnerOf } from '../owner.ts';
import { readRunning } from '../places.ts';
import { signedAct } from '../signing/act.ts';
import { slug } from '../signing/signer.ts';
import { printTable } from '../terminal/table.ts';

const hour = 3_600_000;

interface Created {
  readonly token: ShownToken;
  readonly presented: string;
}

export const create: Run = async (invocation) => {
  const { out } = invocation;
  const api = invocation.api();
  const name = slug(invocation.needed(0));
  const kind = invocation.text('kind') ?? 'agent';
  if (!['agent', 'ci', 'human'].includes(kind)) throw misused(`\`${kind}\` is no kind`, 'known: agent, ci, human');
  const presets = invocation.list('preset');
  const operations = invocation.list('operation');
  const environments = invocation.list('env');
  const usualGates = await gatesOf(presets, operations);
  if (kind !== 'human' && presets.length + operations.length === 0)
    throw misused(
      'the token would open nothing',
      'say what it is for: --preset railway:domains, or --operation <name>',
    );
  if (kind !== 'human') await knownEnvironments(environments, await api.get<Status>('/v1/status'));
  const minutes = Math.max(1, Math.round(invocation.duration('for', 8 * hour) / 60_000));
  const resources = invocation.list('resource');
  const purpose = invocation.text('purpose') ?? [...presets, ...operations].join(', ');
  const gates = invocation.list('gate');
  const bound = kind === 'human' ? undefined : boundTo(invocation, kind);
  const body = {
    name,
    kind,
    purpose,
    gates: gates.length === 0 ? usualGates : gates,
    presets,
    operations,
    environments,
    resources: resources.length === 0 ? ('all' as const) : resources,
    minutes,
    ...(bound === undefined ? {} : { bound }),
  };
  const created = await signedAct<Created>(invocation, api, {
    kind: 'token-create',
    body,
    lines: [
      `${kind} ${name} may, through ${body.gates.join(', ')}, in ${environments.join(', ') || 'no environment'}:`,
      `${[...presets, ...operations].join(', ') || 'nothing at the gates'}, on ${resources.length === 0 ? 'every resource there' : resources.join(', ')}`,
      `from ${fromWhere(bound)}`,
      `for ${minutes} minutes; made for: ${purpose}`,
    ],
  });
  const saved = invocation.flag('save') ? save(invocation, name, created.presented) : undefined;
  out.show({ ...created, ...(saved === undefined ? {} : { saved }) }, () =>
    printCreated(invocation, name, created, saved),
  );
  return exitCode.done;
};

function printCreated(invocation: Invocation, name: string, created: Created, saved: string | undefined): void {
  const { out } = invocation;
  out.line(['good', 'made'], ` a token for ${name}, good until ${created.token.expiresAt}; it is shown this once:`);
  out.line();
  out.line(['strong', `  ${created.presented}`]);
  out.line();
  if (created.token.principal.kind === 'human') {
    out.line('  use it: HOLDPOINT_TOKEN=… holdpoint status');
    return;
  }
  if (saved === undefined)
    out.line(`  run the agent with it: holdpoint exec ${name} -- <command>   (it asks for the token)`);
  else out.line(`  kept in ${saved}; run the agent with it: holdpoint exec ${name} -- <command>`);
  const { gates } = created.token.scope;
  if (gates.includes('http'))
    out.line(
      '  or put it where the real credential stood: RAILWAY_TOKEN, with HTTPS_PROXY or the base URL of the gate',
    );
  const postgres = gates.includes('postgres') ? readRunning(invocation.places)?.postgres : undefined;
  if (postgres !== undefined)
    out.line(`  or as DATABASE_URL: ${postgres.replace('://', `://${name}:<the token>@`)}/<upstream>?sslmode=disable`);
}

type Bound = {
  readonly uid?: number;
  readonly addresses?: readonly string[];
};

/** Where it may be presented from: as said, else for agents the OS user that `up` made for them. */
function boundTo(invocation: Invocation, kind: string): Bound | undefined {
  const [user, addresses] = [invocation.text('bindUser'), invocation.list('bindAddress')];
  const unbound = invocation.flag('unbound');
  if (unbound && (user !== undefined || addresses.length > 0))
    throw misused('--unbound and a binding contradict each other', 'leave one of them out');
  if (unbound) return undefined;
  const usual = kind === 'agent' && addresses.length === 0 ? readRunning(invocation.places)?.agent?.uid : undefined;
  const uid = user === undefined ? usual : /^\d{1,10}$/.test(user) ? Number(user) : findUser(user).uid;
  if (uid === undefined && addresses.length === 0) return undefined;
  return { ...(uid === undefined ? {} : { uid }), ...(addresses.length === 0 ? {} : { addresses }) };
}

function fromWhere(bound: ShownToken['bound']): string {
  const who = bound?.uid === undefined ? 'any OS user' : `OS user ${bound.uid} alone`;
  return bound?.addresses === undefined ? `this machine, ${who}` : `${bound.addresses.join(', ')}, ${who}`;
}

/** For `exec`, where somebody asked for it: in a folder of this account alone. The daemon keeps only the hash. */
function save(invocation: Invocation, name: string, presented: string): string {
  const { agents } = invocation.places;
  mkdirSync(agents, { recursive: true, mode: 0o700 });
  const path = join(agents, `${name}.token`);
  const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants;
  const fd = openSync(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o600);
  try {
    giveToOwnerOf(invocation.places.data, fd, agents);
    writeSync(fd, `${presented}\n`);
  } finally {
    closeSync(fd);
  }
  return path;
}

/** The gates at which what it is for is met. Throws `Complaint` for a preset that nobody knows. */
async function gatesOf(presets: readonly string[], operations: readonly string[]): Promise<readonly string[]> {
  if (presets.length + operations.length === 0) return ['http'];
  const { openOffline } = await import('../../daemon/offline.ts');
  const offline = openOffline();
  const known = Object.keys(offline.presets).sort();
  const unknown = presets.find((one) => !known.includes(one));
  if (unknown !== undefined) throw misused(`there is no preset \`${unknown}\``, `known: ${known.join(', ')}`);
  const gates = offline.gatesOf([...presets, ...operations]);
  return gates.length === 0 ? ['http'] : gates;
}

async function knownEnvironments(asked: readonly string[], status: Status): Promise<void> {
  const known = status.environments.map((one) => one.name);
  const words = known.length === 0 ? 'none yet: holdpoint apply' : known.join(', ');
  if (asked.length === 0) throw misused('a token names its environments', `give --env; known: ${words}`);
  const unknown = asked.find((one) => !known.includes(one));
  if (unknown !== undefined) throw misused(`there is no environment \`${unknown}\``, `known: ${words}`);
}

export const list: Run = async (invocation) => {
  const { out } = invocation;
  const found = await invocation.api().get<{ tokens: readonly ShownToken[] }>('/v1/tokens');
  const now = new Date().toISOString();
  const live = found.tokens.filter((one) => one.revokedAt === undefined && one.expiresAt > now);
  const shown = invocation.flag('all') ? found.tokens : live;
  out.show({ tokens: shown }, () => {
    if (shown.length === 0)
      return out.line('no token is good now: holdpoint token create <agent> --preset <preset> --env <environment>');
    return printTable(
      out,
      ['for', 'kind', 'id', 'scope', 'environments', 'from', 'until', 'purpose'],
      shown.map((one) => [
        ['strong', one.principal.name],
        one.principal.kind,
        one.id,
        scopeOf(one),
        one.scope.environments.join(', '),
        fromWhere(one.bound),
        one.revokedAt === undefined ? one.expiresAt : `revoked ${one.revokedAt}`,
        one.purpose,
      ]),
    );
  });
  return exitCode.done;
};

function scopeOf({ scope }: ShownToken): string {
  if (scope.operations === 'all') return 'all operations';
  const presets = scope.presets ?? [];
  return presets.length > 0 ? presets.join(', ') : `${scope.operations.length} operations`;
}

export const revoke: Run = async (invocation) => {
  const { out } = invocation;
  const api = invocation.api();
  const asked = invocation.needed(0);
  const { tokens } = await api.get<{ tokens: readonly ShownToken[] }>('/v1/tokens');
  const meant = tokens.filter(
    (one) => one.id === asked || (one.principal.name === asked && one.revokedAt === undefined),
  );
  if (meant.length === 0) throw misused(`there is no token of \`${asked}\``, 'list them: holdpoint token list');
  for (const one of meant) await api.post(`/v1/tokens/${encodeURIComponent(one.id)}/revoke`);
  out.show({ revoked: meant.map((one) => one.id) }, () => {
    for (const one of meant)
      out.line(['good', 'revoked'], ` ${one.id} of ${one.principal.name}, at every door; its holds are withdrawn`);
  });
  return exitCode.done;
};

export const presets: Run = async (invocation) => {
  const { out } = invocation;
  const { openOffline } = await import('../../daemon/offline.ts');
  const known = openOffline().presets;
  out.show(known, () => {
    for (const [name, operations] of Object.entries(known)) {
      out.line(['strong', name], `  ${operations.length} operations`);
      if (invocation.flag('operations')) for (const one of operations) out.line(`  ${one}`);
    }
  });
  return exitCode.done;
};
