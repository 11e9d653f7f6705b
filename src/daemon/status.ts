import type { FitRoles, UnfitRole } from './api/fit-roles.ts';
import type { Config } from './config.ts';
import type { Installation } from './installation.ts';
import type { Proofs } from './proof.ts';
import type { AgentUser, Status } from '../contract/api.ts';
import { holdpointVersion } from '../contract/version.ts';
import type { Journal } from '../road/journal/journal.ts';
import type { RoadParts } from '../road/parts.ts';

interface StatusParts {
  readonly road: RoadParts;
  readonly installation: Installation;
  readonly journal: Journal;
  readonly clock: { readonly suspicious: boolean };
  readonly proofs: Proofs;
  readonly agent: AgentUser | undefined;
  /** Whether the vault has an entry of this name. */
  readonly kept: (credential: string) => boolean;
  /** What a configuration asks of people besides what is in force. */
  readonly notices: (config: Config) => readonly string[];
  /** Databases at which agents are denied every act. */
  readonly unfit: FitRoles['known'];
  readonly addresses: () => { readonly api: string; readonly http: string; readonly postgres: string };
}

/** What is in force, what waits, and what no gate covers. */
export async function statusOf(parts: StatusParts): Promise<Status> {
  const { road, installation, journal, proofs } = parts;
  const { bindings, config } = installation;
  const [waiting, scheduled, unfit] = await Promise.all([
    road.holds.list('waiting'),
    road.holds.list('scheduled'),
    parts.unfit(),
  ]);
  return {
    version: holdpointVersion(),
    tier: proofs.tier,
    startedTier: proofs.startedTier,
    ...(proofs.proof === undefined ? {} : { proof: proofs.proof }),
    ...(parts.agent === undefined ? {} : { agent: parts.agent }),
    addresses: parts.addresses(),
    frozen: road.freeze.state.frozen,
    frozenAgents: road.freeze.state.agents.map((one) => one.name),
    journal: { entries: await journal.size(), healthy: journal.healthy },
    clock: { suspicious: parts.clock.suspicious },
    holds: { waiting: waiting.length, scheduled: scheduled.length },
    delayMs: road.holds.settings.delayMs,
    windowMs: road.holds.settings.windowMs,
    signatureMs: road.holds.settings.signatureMs,
    environments: bindings.environments.map(({ name, production, disposable }) => ({ name, production, disposable })),
    upstreams: bindings.upstreams.map(({ name, environment, reach, lookupsOnly }) => ({
      name,
      environment,
      reach,
      ...addressOf(installation, name),
      ...credentialOf(parts, name),
      ...(reach === 'all' && !lookupsOnly ? { flag: 'its credential reaches more than one environment' } : {}),
      ...unfitOf(unfit, name),
    })),
    notices: parts.notices(config),
    notCovered: [
      config.egress === 'open'
        ? 'hosts that no provider claims are tunnelled unread (egress: open)'
        : 'what is read from listed hosts is not judged: only GET, HEAD and git fetch pass, without any credential (egress: listed)',
      ...(proofs.tier === 'T2'
        ? []
        : ['SSH, QUIC, direct database addresses, bucket keys and pushes that deploy go round the HTTP gate']),
      ...(proofs.tier === 'T0' ? [atT0(proofs)] : []),
    ],
  };
}

function addressOf(installation: Installation, name: string): { readonly address?: string } {
  const address = installation.route(name)?.address;
  return address === undefined ? {} : { address };
}

function unfitOf(unfit: readonly UnfitRole[], name: string): { readonly unfit?: string } {
  const says = unfit.find((one) => one.upstream === name)?.says;
  return says === undefined ? {} : { unfit: says };
}

/** Which entry of the vault it stands on, flagged where there is none: everything through it fails until then. */
function credentialOf({ installation, kept }: StatusParts, name: string): { credential?: string; flag?: string } {
  const credential = installation.route(name)?.credential;
  if (credential === undefined) return {};
  if (kept(credential)) return { credential };
  return { credential, flag: `the vault has no credential for it yet: holdpoint vault add ${name}` };
}

/** Why nothing is promised: because it was started so, or because somebody tried. */
function atT0({ startedTier, proof }: Proofs): string {
  if (startedTier === 'T0' || proof === undefined)
    return 'the agent runs as this OS user: it could read the vault; this is a seat belt, the promise is not claimed';
  const what = proof.succeeded.length === 0 ? 'not every attack could be tried' : proof.succeeded.join(', ');
  return `attacks as ${proof.attacker.name} were not all refused (${what}): the promise is not claimed; see \`holdpoint doctor --attack\``;
}
