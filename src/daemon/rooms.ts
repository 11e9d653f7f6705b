import { existsSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { openAlarms, type Alarms } from './alarms.ts';
import { channelsOf } from './channels.ts';
import { openDiagnostics } from './diagnostics.ts';
import { openRehearsed, type Rehearsed } from './backup/rehearsed.ts';
import { delayOf, keepingOf, openInstallation, velocityOf, type Installation } from './installation.ts';
import { installationId, journalKey } from './keys.ts';
import { placesIn, type Places } from './places.ts';
import { openProofs, type Proofs } from './proof.ts';
import { providers } from './providers.ts';
import { openWitnesses } from './witnesses.ts';
import type { AgentUser } from '../contract/api.ts';
import type { PostgresSessions } from '../contract/postgres/session.ts';
import { openClock, type RoadClock } from '../road/clock/clock.ts';
import { openFreeze } from '../road/freeze/freeze.ts';
import { openHolds } from '../road/holds/holds.ts';
import { openGoalLocks } from '../road/holds/locks.ts';
import { defaultHoldSettings, type HoldSettings } from '../road/holds/parts.ts';
import { openIdentity, type Identity } from '../road/identity/identity.ts';
import { openJournal, type Journal } from '../road/journal/journal.ts';
import { LightCache } from '../road/light-cache.ts';
import type { RoadParts } from '../road/parts.ts';
import { loadPolicy, type Policy } from '../road/policy/policy.ts';
import { openQuestions } from '../road/questions.ts';
import { openRefusalEntries } from '../road/refusal-entries.ts';
import { openResourceLocks } from '../road/resource-locks.ts';
import { openSigners } from '../road/signing/signers.ts';
import { openImages } from '../road/undo/images.ts';
import { openVelocity } from '../road/velocity/velocity.ts';
import { openSqliteStore } from '../stores/sqlite/store.ts';
import { httpUpstream } from '../upstream/http/http-upstream.ts';
import type { HttpLimits } from '../upstream/http/limits.ts';
import { postgresUpstream } from '../upstream/postgres/postgres-upstream.ts';
import { openLeases } from '../upstream/run/leases.ts';
import { keyFile } from '../upstream/vault/key-file.ts';
import type { KeySource } from '../upstream/vault/key-source.ts';
import { openVault, type Vault } from '../upstream/vault/vault.ts';

export interface DaemonOptions {
  readonly data: string;
  readonly host: string;
  readonly apiPort: number;
  readonly httpPort: number;
  readonly postgresPort: number;
  /** What it is started as: `T0` when agents run as our own OS user. What may be claimed is `Proofs.tier`. */
  readonly tier: string;
  /** The human at this machine, for the name of their token; the account's own name unless said. */
  readonly human?: string;
  /** The OS user that agents run as. */
  readonly agent?: AgentUser;
  readonly key?: KeySource;
  /** Overrides for tests and the demo. */
  readonly holds?: Partial<Omit<HoldSettings, 'tier' | 'tierProvedAt'>>;
  readonly upstream?: Partial<HttpLimits>;
  /** Milliseconds: how long copying may fail before an alarm, and its first pause after a failure. */
  readonly backups?: { readonly patience?: number; readonly shortestPause?: number };
}

/** The rooms, joined and not yet reachable from outside. */
export interface Rooms {
  readonly places: Places;
  readonly road: RoadParts;
  readonly journal: Journal;
  /** Lines of a database gate's clients. */
  readonly sessions: PostgresSessions;
  readonly vault: Vault;
  readonly identity: Identity;
  readonly clock: RoadClock;
  readonly alarms: Alarms;
  readonly installation: Installation;
  readonly rehearsed: Rehearsed;
  readonly proofs: Proofs;
  readonly key: KeySource;
  /** Puts a newly signed configuration in force: its policy, its channels, its witnesses. */
  readonly follow: (policy: Policy) => void;
}

export async function openRooms(options: DaemonOptions, opened: AsyncDisposableStack): Promise<Rooms> {
  const places = placesIn(options.data);
  await makePlaces(places);
  const diagnose = openDiagnostics(places.diagnostics);
  const store = await openSqliteStore({ path: places.database });
  opened.defer(() => store.close());
  const clock = await openClock({ store });
  const key = options.key ?? keyFile(places.vaultKey);
  const vault = await openVault({ store, key, clock });
  const signing = { key: await journalKey(store, vault), origin: `holdpoint/${await installationId(store)}` };
  const journal = await openJournal({ store, clock, ...signing });
  opened.defer(() => journal.close());
  const alarms = openAlarms({ clock, journal: () => journal, diagnose });
  opened.defer(() => alarms.close());
  const installation = await openInstallation(store, (name) => vault.reach(name), publishedAddress);
  const upstream = httpUpstream(options.upstream === undefined ? {} : { limits: options.upstream });
  const leases = openLeases({
    upstreams: [upstream, postgresUpstream()],
    routes: (name) => installation.route(name),
    vault,
  });
  opened.defer(() => leases.close());
  const raise: RoadParts['raise'] = (alarm) => alarms.raise(alarm);
  const signers = openSigners({ store, journal, clock });
  const goalLocks = await openGoalLocks({ store, journal, clock, raise });
  const proofs = await openProofs({ store, journal, clock, startedTier: options.tier });
  const settings = holdSettings(options, proofs, () => delayOf(installation.config));
  let policy = compile(installation.applied.policies);
  const holds = openHolds({ store, journal, clock, signers, goalLocks, settings, raise });
  const freeze = await openFreeze({ store, journal, clock });
  const refusals = openRefusalEntries({ journal, clock, diagnose });
  opened.defer(() => refusals.close());
  const limits = velocityOf(() => installation.config);
  const rehearsed = await openRehearsed({ store, clock, config: () => installation.config });
  const road: RoadParts = {
    store,
    journal,
    clock,
    signers,
    goalLocks,
    leases,
    providers,
    raise,
    diagnose,
    policy: () => policy,
    bindings: () => installation.bindings,
    holds,
    questions: openQuestions({ holds, clock, raise, diagnose }),
    refusals,
    velocity: await openVelocity({ store, clock, freeze, limits, raise, diagnose }),
    drilledHours: () => rehearsed.hours(),
    resourceLocks: openResourceLocks(),
    freeze,
    images: openImages({ store, sealer: vault, clock, keeping: () => keepingOf(installation.config) }),
    lightCache: new LightCache(),
  };
  const identity = openIdentity({ store, clock, journalAppend: (tx, draft) => journal.append(tx, draft) });
  const witnesses = openWitnesses(journal, diagnose);
  const follow = (next: Policy): void => {
    policy = next;
    alarms.replaceChannels(channelsOf(installation.config));
    witnesses.follow(installation.config);
  };
  follow(policy);
  return {
    places,
    road,
    sessions: leases.sessions,
    journal,
    vault,
    identity,
    clock,
    alarms,
    installation,
    rehearsed,
    proofs,
    key,
    follow,
  };
}

/** Compiles policies; none given means the default ones. Throws `PolicyError`. */
export function compile(policies: { readonly [file: string]: string }): Policy {
  const files = Object.entries(policies).map(([name, text]) => ({ name, text }));
  return files.length === 0 ? loadPolicy() : loadPolicy({ files });
}

function publishedAddress(provider: string): string | undefined {
  const host = providers.find((one) => one.name === provider)?.hosts[0];
  return host === undefined ? undefined : `https://${host}`;
}

/** Read each time: a human may sign another delay, and an attack may prove another tier. */
function holdSettings(options: DaemonOptions, proofs: Proofs, delay: () => number): HoldSettings {
  const { holds = {} } = options;
  const fixed = { ...defaultHoldSettings, ...holds, tier: options.tier };
  return Object.defineProperties(fixed, {
    delayMs: { enumerable: true, get: () => holds.delayMs ?? delay() },
    tier: { enumerable: true, get: () => proofs.tier },
    tierProvedAt: { enumerable: true, get: () => proofs.proof?.at },
  });
}

async function makePlaces(places: Places): Promise<void> {
  await mkdir(places.data, { recursive: true, mode: 0o711 });
  for (const dir of [`${places.data}/state`, `${places.data}/keys`, places.signers])
    await mkdir(dir, { recursive: true, mode: 0o700 });
  await mkdir(places.open, { recursive: true, mode: 0o755 });
  // The daemon runs under a umask that would shut agents out of the two folders they have to pass through.
  await chmod(places.data, 0o711);
  await chmod(places.open, 0o755);
  if (!existsSync(places.diagnostics)) await writeFile(places.diagnostics, '', { mode: 0o600 });
}
