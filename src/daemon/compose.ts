import { setTimeout as delay } from 'node:timers/promises';
import type { ApiParts, Enrolment } from './api/context.ts';
import { openFitRoles } from './api/fit-roles.ts';
import { openApiRefusals } from './api/refusals.ts';
import { listen } from './api/server.ts';
import { openBackups, type Backups } from './backup/backups.ts';
import { backupKeys } from './backup/keys.ts';
import { openAsker, type Asker } from './asking.ts';
import { openCertificates, type Certificates } from './certificates.ts';
import { ensureHumanToken } from './human-token.ts';
import { openEnrolment } from './keys.ts';
import type { Places } from './places.ts';
import { postgres, providers, sql } from './providers.ts';
import { identifyOrAsk, roadPorts } from './road-ports.ts';
import { compile, openRooms, type DaemonOptions, type Rooms } from './rooms.ts';
import { statusOf } from './status.ts';
import type { Gate } from '../contract/gate.ts';
import { openHttpGate } from '../gates/http/http-gate.ts';
import { peerReader } from '../gates/http/peer.ts';
import { openPostgresGate } from '../gates/postgres/postgres-gate.ts';
import { mediate } from '../road/mediate.ts';
import type { RoadParts } from '../road/parts.ts';
import { leftOpen, recover } from '../road/recover.ts';
import { runHold } from '../road/run.ts';
import { openActs } from '../road/signing/acts.ts';
import { openTimers } from '../road/timers.ts';
import { dialTunnel } from '../upstream/dial/dial.ts';
import { openListedHosts, type ListedHosts } from '../upstream/reach/reach.ts';

export type { DaemonOptions } from './rooms.ts';

export interface Daemon {
  readonly addresses: { readonly api: string; readonly http: string; readonly postgres: string };
  readonly places: Places;
  /** Under which the first signer enrols; undefined when one is enrolled. */
  readonly enrolmentCode: string | undefined;
  readonly road: RoadParts;
  readonly api: ApiParts;
  close(): Promise<void>;
}

/** How long a start waits for what the last run left open to be looked up; a provider that is down must not keep it. */
const recoverWaitMs = 2_000;

/** Builds everything, joins it, and opens the doors last. What was opened is closed in reverse, also when this fails. */
export async function openDaemon(options: DaemonOptions): Promise<Daemon> {
  await using opened = new AsyncDisposableStack();
  const rooms = await openRooms(options, opened);
  const { road, places } = rooms;
  const open = await leftOpen(road);
  watchClock(rooms);
  const certificates = await openCertificates(rooms);
  const listed = openListedHosts();
  opened.defer(() => listed.close());
  const gate = await openGate(options, rooms, certificates, listed);
  opened.defer(() => gate.close());
  await ensureHumanToken({
    store: road.store,
    identity: rooms.identity,
    places,
    clock: road.clock,
    human: options.human,
  });
  const { code, enrolment } = await openEnrolment(road.store, road.signers);
  const database = await openDatabaseGate(options, rooms);
  opened.defer(() => database.close());
  const addresses = { api: '', http: gate.address, postgres: database.address };
  const asker = openAsker(providers);
  opened.defer(() => asker.close());
  const refusals = openApiRefusals(road);
  opened.defer(() => refusals.close());
  const backups = await openCopies(options, rooms);
  opened.defer(() => backups.close());
  const api = {
    ...apiParts(options, { ...rooms, asker, backups }, enrolment, certificates, () => addresses),
    refusals,
  };
  const server = await listen(api, options.host, options.apiPort);
  opened.defer(() => server.close());
  addresses.api = server.address;
  await Promise.race([recover(road, open), delay(recoverWaitMs, undefined, { ref: false })]);
  const timers = openTimers(road, rooms.clock);
  const ticking = setInterval(() => void timers.tick(), 1_000);
  opened.defer(() => clearInterval(ticking));
  const watchBackups = (): void => void api.backups.watch().catch((cause: unknown) => road.diagnose('backups', cause));
  watchBackups();
  const watching = setInterval(watchBackups, 60_000);
  opened.defer(() => clearInterval(watching));
  const closing = opened.move();
  return { addresses, places, enrolmentCode: code, road, api, close: () => closing.disposeAsync() };
}

async function openCopies(
  options: DaemonOptions,
  { road, vault, journal, clock, installation, rehearsed }: Rooms,
): Promise<Backups> {
  const { store, raise, diagnose } = road;
  return openBackups({
    store,
    config: () => installation.config,
    replication: (name) => installation.replication(name),
    vault,
    keys: await backupKeys(store, vault),
    journal,
    clock,
    raise,
    rehearsed,
    diagnose,
    ...options.backups,
  });
}

function watchClock({ clock, journal, road }: Rooms): void {
  clock.watch((suspicion) => {
    const minutes = Math.round(suspicion.stepMs / 60_000);
    road.raise({
      kind: 'clock',
      text: `the clock went ${minutes} minutes further than this machine ran; schedules wait until a human confirms it`,
    });
    journal.record({ kind: 'clock', body: { ...suspicion } }).catch((cause: unknown) => road.diagnose('clock', cause));
  });
}

async function openGate(
  options: DaemonOptions,
  rooms: Rooms,
  { authority }: Certificates,
  listed: ListedHosts,
): Promise<Gate> {
  const { installation, clock, vault } = rooms;
  return openHttpGate({
    road: roadPorts(rooms, 'http'),
    providers,
    host: options.host,
    port: options.httpPort,
    egress: () => ({ mode: installation.config.egress, hosts: installation.config.hosts }),
    authority,
    tunnel: (host: string, port: number) => dialTunnel(host, port),
    reach: (host, message) => listed.reach(host, message),
    storedFor: (text) => {
      const name = vault.matches(text);
      return name === undefined ? undefined : (vault.entry(name)?.provider ?? name);
    },
    clock,
  });
}

function openDatabaseGate(options: DaemonOptions, rooms: Rooms): Promise<Gate> {
  return openPostgresGate({
    road: roadPorts(rooms, 'postgres'),
    provider: postgres,
    sessions: rooms.sessions,
    sql,
    clock: rooms.clock,
    host: options.host,
    port: options.postgresPort,
    peerOf: peerReader(),
  });
}

function apiParts(
  options: DaemonOptions,
  rooms: Rooms & { readonly asker: Asker; readonly backups: Backups },
  enrolment: Enrolment,
  certificates: Certificates,
  addresses: () => Daemon['addresses'],
): Omit<ApiParts, 'refusals'> {
  const { road, identity, journal, vault, installation, proofs, alarms, clock, key, follow, asker, backups } = rooms;
  const { store, signers } = road;
  const fitRoles = openFitRoles({ installation, providers, vault, asker });
  return {
    road,
    identity,
    identify: (presented, peer) => identifyOrAsk(rooms, 'api', presented, peer),
    journal,
    vault,
    acts: openActs({ store, journal, signers, clock }),
    signers,
    installation,
    alarms,
    backups,
    providers,
    asker,
    fitRoles,
    enrolment,
    proofs,
    clock,
    rotateKey: () => vault.rotateKey(key),
    run: (hold, by) => runHold(road, hold, by),
    mediate: (asked) => mediate(road, asked),
    loadPolicy: compile,
    afterApply: (policy) => {
      follow(policy);
      backups.follow();
    },
    noticesFor: certificates.notices,
    status: () =>
      statusOf({
        road,
        installation,
        journal,
        clock,
        proofs,
        agent: options.agent,
        kept: (credential) => vault.entry(credential) !== undefined,
        addresses,
        notices: certificates.notices,
        unfit: () => fitRoles.known(),
      }),
    hosts: ['localhost', '127.0.0.1', '[::1]'],
  };
}
