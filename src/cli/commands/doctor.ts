import type { Status, TierProof } from '../../contract/api.ts';
import type { Hold } from '../../model/hold.ts';
import { tierWords } from '../../model/page.ts';
import type { Attack, AttackName } from '../../features/doctor/attacks.ts';
import type { Attempt } from '../../features/doctor/tier.ts';
import type { Api } from '../api/api.ts';
import { misused } from '../complaint.ts';
import { processesOf } from '../daemon/processes.ts';
import { attackAs } from '../doctor/attack.ts';
import { checkSetUp, type Check } from '../doctor/checks.ts';
import { survey } from '../doctor/survey.ts';
import { unitFindings } from '../doctor/unit.ts';
import { exitCode, type ExitCode } from '../exit-code.ts';
import { findUser, lookUpUser, userByUid, type OsUser } from '../exec/os-user.ts';
import type { Invocation, Run } from '../invocation.ts';
import { notRunning, readRunning, type Running } from '../places.ts';
import type { Output } from '../terminal/output.ts';

/** Looks whether the set-up is as it should be; with `--attack` tries, as the agent's user, what it has to keep out. */
export const doctor: Run = async (invocation) => {
  const { places, out } = invocation;
  const units = invocation.list('unit');
  const running = readRunning(places);
  if (running === undefined) {
    if (units.length === 0 || invocation.flag('attack')) throw notRunning(places, invocation.env);
    return showUnits(invocation, units);
  }
  const agent = agentUser(invocation, running);
  const api = invocation.api();
  const status = await api.get<Status>('/v1/status');
  const checks = [...checkSetUp({ places, running, agent, units }), ...databaseRoles(status)];
  if (!invocation.flag('attack')) {
    out.show({ checks, tier: status.tier, proof: status.proof }, () => {
      printChecks(out, checks);
      out.line(`  ${tierWords(status.tier, status.proof?.at)}`);
      if (status.proof === undefined) out.line('  try it: holdpoint doctor --attack');
    });
    return checks.every((one) => one.ok) ? exitCode.done : exitCode.failed;
  }
  return attacked(invocation, { running, api, status, checks, agent });
};

interface Attacked {
  readonly running: Running;
  readonly api: Api;
  readonly status: Status;
  readonly checks: readonly Check[];
  readonly agent: OsUser | undefined;
}

async function attacked(invocation: Invocation, given: Attacked): Promise<ExitCode> {
  const { out, places } = invocation;
  const { running, api, status, checks } = given;
  const { user, switching } = attackerOf(invocation, given);
  // Whoever runs as that user now could answer in place of the attacks, and say that they were refused.
  const before = switching ? processesOf(user.uid) : [];
  out.note(['faint', `attacking as ${user.name} (uid ${user.uid}); nothing is changed, nothing is kept …`]);
  const { attacks } = await import('../../features/doctor/attacks.ts');
  const { tierProved } = await import('../../features/doctor/tier.ts');
  const target = await survey({
    places,
    running,
    api,
    status,
    attacker: user,
    homes: homesOf(invocation),
    // From the root of the system it would be everything, and nothing to the end.
    searched: [process.cwd(), ...invocation.list('path')].filter((path) => path !== '/'),
  });
  const startedAt = new Date().toISOString();
  const attempts = await attackAs(user, switching, target, api, (line) => out.note(['faint', `  ${line} …`]));
  const others = [...new Set([...before, ...(switching ? processesOf(user.uid) : [])])];
  const proof = others.length > 0 ? undefined : await recorded(api, attempts, user, running);
  const tier = proof?.tier ?? tierProved(attempts);
  out.show({ checks, attacker: { name: user.name, uid: user.uid }, attempts, tier, proof, others }, () => {
    printChecks(out, checks);
    printAttempts(out, attempts, attacks, tier);
    printProved(out, { tier, startedTier: status.startedTier, proof, others, user });
  });
  const closed = await closeOwnQuestions(api, startedAt, user);
  if (closed > 0)
    out.note(['faint', `the attacks made ${closed === 1 ? 'a question' : `${closed} questions`} to you: denied again`]);
  const good = tier >= status.startedTier && checks.every((one) => one.ok) && others.length === 0;
  return good ? exitCode.done : exitCode.failed;
}

/**
 * Denies the questions that the made-up tokens of the attacks became, so that they do not wait among real ones: at the API,
 * of nobody known and no other OS user, since the attacks began. Returns how many; the journal keeps all of them.
 */
async function closeOwnQuestions(api: Api, startedAt: string, { uid }: OsUser): Promise<number> {
  const { holds } = await api.get<{ holds: readonly Hold[] }>('/v1/holds?state=waiting');
  const own = holds.filter(
    ({ kind, rules, request, createdAt }) =>
      kind === 'question' &&
      rules[0] === 'no-token' &&
      request.gate === 'api' &&
      request.actions.length === 0 &&
      (request.settings['uid'] ?? uid) === uid &&
      createdAt >= startedAt,
  );
  for (const { id } of own) await api.post(`/v1/holds/${id}/deny`, { note: 'asked by holdpoint doctor --attack' });
  return own.length;
}

/** Databases that agents cannot use, whatever is signed. */
function databaseRoles({ upstreams }: Status): readonly Check[] {
  return upstreams.flatMap(({ name, unfit }) =>
    unfit === undefined
      ? []
      : [{ name: `role at ${name}`, ok: false, detail: unfit, closes: 'what it says; then holdpoint status' }],
  );
}

/** An attack by somebody else than agents run as says something, and proves nothing of them. */
async function recorded(
  api: Api,
  attempts: readonly Attempt[],
  { name, uid }: OsUser,
  running: Running,
): Promise<TierProof | undefined> {
  if (running.agent !== undefined && running.agent.uid !== uid) return undefined;
  const short = attempts.map((one) => ({ ...one, detail: one.detail.slice(0, 1_900) }));
  return api.post<TierProof>('/v1/doctor/proof', { attempts: short, attacker: { name, uid } });
}

function agentUser(invocation: Invocation, running: Running): OsUser | undefined {
  const named = invocation.text('user') ?? running.agent?.name;
  return named === undefined ? undefined : findUser(named);
}

/** At T0 agents are who we are; above it another user, whom only root can be. Throws `Complaint`. */
function attackerOf(
  invocation: Invocation,
  { running, agent }: Attacked,
): { readonly user: OsUser; readonly switching: boolean } {
  const uid = process.getuid?.() ?? -1;
  const self = userByUid(uid) ?? { name: `uid-${uid}`, uid, gid: process.getgid?.() ?? -1, home: '/', shell: '' };
  if (agent === undefined && running.tier === 'T0') return { user: self, switching: false };
  if (agent === undefined)
    throw misused('whom are agents run as?', 'name the OS user: sudo holdpoint doctor --attack --user <os user>');
  if (agent.uid === uid) return { user: agent, switching: false };
  if (uid !== 0)
    throw misused(`only root can attack as \`${agent.name}\``, 'run it with sudo: sudo holdpoint doctor --attack');
  return { user: agent, switching: true };
}

/** Homes in which an agent would look, besides its own. */
function homesOf(invocation: Invocation): readonly string[] {
  const { HOME, SUDO_USER } = invocation.env;
  const human = SUDO_USER === undefined ? undefined : lookUpUser(SUDO_USER)?.home;
  return [HOME, human].flatMap((one) => (one === undefined || one === '/' ? [] : [one]));
}

function showUnits({ out }: Invocation, units: readonly string[]): ExitCode {
  const checks = units.map((path): Check => {
    const wrong = unitFindings(path);
    const detail = wrong.length === 0 ? 'hardened as ours' : wrong.join('; ');
    return {
      name: `unit ${path}`,
      ok: wrong.length === 0,
      detail,
      closes: 'install packaging/systemd/holdpoint.service again',
    };
  });
  out.show({ checks }, () => printChecks(out, checks));
  return checks.every((one) => one.ok) ? exitCode.done : exitCode.failed;
}

function printChecks(out: Output, checks: readonly Check[]): void {
  out.line(['strong', 'set-up']);
  for (const { ok, name, detail, closes } of checks) {
    out.line([ok ? 'good' : 'danger', ok ? '  ✓ ' : '  ✗ '], `${name}: ${detail}`);
    if (!ok) out.line(['faint', `      close it: ${closes}`]);
  }
}

function printAttempts(
  out: Output,
  attempts: readonly Attempt[],
  attacks: { readonly [name in AttackName]: Attack },
  tier: string,
): void {
  out.line(['strong', 'attacks']);
  for (const { attack, outcome, detail } of attempts) {
    const { what, guards, closes } = attacks[attack];
    const mark = outcome === 'refused' ? '  ✓ ' : '  ✗ ';
    out.line([outcome === 'refused' ? 'good' : 'danger', mark], `${what}: `, [
      outcome === 'refused' ? 'plain' : 'strong',
      outcome,
    ]);
    out.line(['faint', `      ${detail}`]);
    if (outcome === 'refused') continue;
    if (guards > tier && guards !== 'T1') out.line(['warning', `      not covered until ${guards}`]);
    out.line(['faint', `      close it: ${closes}`]);
  }
}

function printProved(
  out: Output,
  found: {
    readonly tier: string;
    readonly startedTier: string;
    readonly proof: TierProof | undefined;
    readonly others: readonly number[];
    readonly user: OsUser;
  },
): void {
  const { tier, startedTier, proof, others, user } = found;
  const good = tier >= startedTier;
  if (proof !== undefined) {
    out.line([good ? 'good' : 'danger', `proved: tier ${tier}`], ` (${proof.at}, as ${user.name})`);
    if (!good)
      out.line(['danger', `it was started as ${startedTier}, and that is not so: it counts as ${tier} from now on`]);
    return;
  }
  out.line(['warning', `these attempts alone would prove tier ${tier}; it is not recorded`]);
  if (others.length > 0)
    out.line(
      `  ${user.name} runs other processes now (${others.slice(0, 5).join(', ')}), which could answer for the attacks: end them, and try again`,
    );
  else out.line(`  agents are run as another user than ${user.name}`);
}
