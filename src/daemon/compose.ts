import { existsSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { rootCertificates } from 'node:tls';
import { openAlarms } from './alarms.ts';
import type { ApiParts } from './api/context.ts';
import { listen } from './api/server.ts';
import { channelsOf } from './channels.ts';
import { openDiagnostics } from './diagnostics.ts';
import { ensureHumanToken } from './human-token.ts';
import { delayOf, openInstallation } from './installation.ts';
import { installationId, journalKey, openEnrolment, sealedText } from './keys.ts';
import { placesIn, type Places } from './places.ts';
import { statusOf } from './status.ts';
import type { Road } from '../contract/road.ts';
import { openAuthority } from '../gates/http/authority/authority.ts';
import { openHttpGate } from '../gates/http/http-gate.ts';
import { railway } from '../providers/railway/index.ts';
import { openClock } from '../road/clock/clock.ts';
import { openFreeze } from '../road/freeze/freeze.ts';
import { defaultHoldSettings, type HoldSettings } from '../road/holds/parts.ts';
import { openHolds } from '../road/holds/holds.ts';
import { openGoalLocks } from '../road/holds/locks.ts';
import { openIdentity } from '../road/identity/identity.ts';
import { openJournal } from '../road/journal/journal.ts';
import { LightCache } from '../road/light-cache.ts';
import { mediate } from '../road/mediate.ts';
import type { RoadParts } from '../road/parts.ts';
import { loadPolicy, type Policy } from '../road/policy/policy.ts';
import { recover } from '../road/recover.ts';
import { openResourceLocks } from '../road/resource-locks.ts';
import { runHold } from '../road/run.ts';
import { openActs } from '../road/signing/acts.ts';
import { openSigners } from '../road/signing/signers.ts';
import { openTimers } from '../road/timers.ts';
import { openImages } from '../road/undo/images.ts';
import { openSqliteStore } from '../stores/sqlite/store.ts';
import { dialTunnel } from '../upstream/dial/dial.ts';
import { httpUpstream } from '../upstream/http/http-upstream.ts';
import { openLeases } from '../upstream/run/leases.ts';
import { keyFile } from '../upstream/vault/key-file.ts';
import type { KeySource } from '../upstream/vault/key-source.ts';
import { openVault } from '../upstream/vault/vault.ts';

export interface DaemonOptions {
  readonly data: string;
  readonly host: string;
  readonly apiPort: number;
  readonly httpPort: number;
  /** What was proved about this installation: `T0` when agents run as our own OS user. */
  readonly tier: string;
  readonly key?: KeySource;
  /** Overrides for tests and the demo. */
  readonly holds?: Partial<Omit<HoldSettings, 'tier'>>;
}

export interface Daemon {
  readonly addresses: { readonly api: string; readonly http: string };
  readonly places: Places;
  /** Under which the first signer enrols; undefined when one is enrolled. */
  readonly enrolmentCode: string | undefined;
  readonly road: RoadParts;
  readonly api: ApiParts;
  close(): Promise<void>;
}

const providers = [railway];

/** Builds everything, joins it, and opens the doors last. The one place that knows everybody. */
export async function openDaemon(options: DaemonOptions): Promise<Daemon> {
  const places = placesIn(options.data);
  await makePlaces(places);
  const diagnose = openDiagnostics(places.diagnostics);
  const store = await openSqliteStore({ path: places.database });
  const clock = await openClock({ store });
  const key = options.key ?? keyFile(places.vaultKey);
  const vault = await openVault({ store, key, clock });
  const journal = await openJournal({
    store,
    clock,
    key: await journalKey(store, vault),
    origin: `holdpoint/${await installationId(store)}`,
  });
  const alarms = openAlarms({ clock, journal: () => journal, diagnose });
  const installation = await openInstallation(
    store,
    (name) => vault.entry(name)?.reach ?? 'environment',
    publishedAddress,
  );
  const signers = openSigners({ store, journal, clock });
  const goalLocks = await openGoalLocks({ store, journal, clock });
  const identity = openIdentity({ store, clock, journalAppend: (tx, draft) => journal.append(tx, draft) });
  const leases = openLeases({ upstreams: [httpUpstream()], routes: (name) => installation.route(name), vault });
  let policy: Policy = compile(installation.applied.policies);
  const settings = holdSettings(options, () => delayOf(installation.config));
  const raise: RoadParts['raise'] = (alarm) => alarms.raise(alarm);
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
    holds: openHolds({ store, journal, clock, signers, goalLocks, settings, raise }),
    resourceLocks: openResourceLocks(),
    freeze: await openFreeze({ store, journal, clock }),
    images: openImages({ store, sealer: vault, clock }),
    lightCache: new LightCache(),
  };
  await recover(road);
  clock.watch((suspicion) => {
    raise({
      kind: 'clock',
      text: `the clock went ${Math.round(suspicion.stepMs / 60_000)} minutes further than this machine ran; schedules wait until a human confirms it`,
    });
    journal.record({ kind: 'clock', body: { ...suspicion } }).catch((cause: unknown) => diagnose('clock', cause));
  });
  const ports: Road = {
    identify: (presented, peer) => identity.identify(presented, peer),
    mediate: (asked) => mediate(road, asked),
    note: async (draft) => {
      await journal.record(draft);
      if (draft.kind === 'exposure')
        raise({
          kind: 'exposure',
          text: `${draft.principal ?? 'somebody'} sent a real credential through the ${draft.gate ?? ''} gate; it was refused`,
        });
    },
  };
  const hosts = providers.flatMap((one) => one.hosts);
  const authority = await openAuthority({
    hosts,
    clock,
    kept: (make) => sealedText(store, vault, `http.authority:${hosts.toSorted().join(',')}`, make),
  });
  await writeFile(places.bundle, authority.bundle(rootCertificates.join('\n')), { mode: 0o644 });
  await chmod(places.bundle, 0o644);
  const gate = await openHttpGate({
    road: ports,
    providers,
    host: options.host,
    port: options.httpPort,
    egress: () => ({ mode: installation.config.egress, hosts: installation.config.hosts }),
    authority,
    tunnel: (host: string, port: number) => dialTunnel(host, port),
    clock,
  });
  const refreshChannels = (): void => alarms.replaceChannels(channelsOf(installation.config));
  refreshChannels();
  const { code, enrolment } = await openEnrolment(store, signers);
  await ensureHumanToken({ store, identity, places, clock });
  const timers = openTimers(road, clock);
  const api: ApiParts = {
    road,
    identity,
    journal,
    vault,
    acts: openActs({ store, journal, signers, clock }),
    signers,
    installation,
    alarms,
    providers,
    enrolment,
    clock,
    rotateKey: () => vault.rotateKey(key),
    run: (hold, by) => runHold(road, hold, by),
    mediate: (asked) => mediate(road, asked),
    loadPolicy: compile,
    afterApply: (next) => {
      policy = next;
      refreshChannels();
    },
    status: () => statusOf({ road, installation, journal, clock, tier: options.tier, addresses: () => addresses }),
    hosts: ['localhost', '127.0.0.1', '[::1]'],
  };
  const server = await listen(api, options.host, options.apiPort);
  const addresses = { api: server.address, http: gate.address };
  const ticking = setInterval(() => void timers.tick(), 1_000);
  return {
    addresses,
    places,
    enrolmentCode: code,
    road,
    api,
    async close() {
      clearInterval(ticking);
      await gate.close();
      await server.close();
      await alarms.close();
      await leases.close();
      await journal.close();
      await store.close();
    },
  };
}

function compile(policies: { readonly [file: string]: string }): Policy {
  const files = Object.entries(policies).map(([name, text]) => ({ name, text }));
  return files.length === 0 ? loadPolicy() : loadPolicy({ files });
}

function publishedAddress(provider: string): string | undefined {
  const host = providers.find((one) => one.name === provider)?.hosts[0];
  return host === undefined ? undefined : `https://${host}`;
}

/** The delay is read each time, since a human may sign another one. */
function holdSettings(options: DaemonOptions, delay: () => number): HoldSettings {
  const { holds = {} } = options;
  const fixed = { ...defaultHoldSettings, ...holds, tier: options.tier };
  return Object.defineProperty(fixed, 'delayMs', { enumerable: true, get: () => holds.delayMs ?? delay() });
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
