import { chmod, writeFile } from 'node:fs/promises';
import { rootCertificates } from 'node:tls';
import type { ApiParts, Enrolment } from './api/context.ts';
import { listen } from './api/server.ts';
import { ensureHumanToken } from './human-token.ts';
import { openEnrolment, sealedText } from './keys.ts';
import type { Places } from './places.ts';
import { claimed, compile, openRooms, providers, type DaemonOptions, type Rooms } from './rooms.ts';
import { statusOf } from './status.ts';
import type { Gate } from '../contract/gate.ts';
import type { Road } from '../contract/road.ts';
import { openAuthority } from '../gates/http/authority/authority.ts';
import { openHttpGate } from '../gates/http/http-gate.ts';
import { mediate } from '../road/mediate.ts';
import type { RoadParts } from '../road/parts.ts';
import { recover } from '../road/recover.ts';
import { runHold } from '../road/run.ts';
import { openActs } from '../road/signing/acts.ts';
import { openTimers } from '../road/timers.ts';
import { dialTunnel } from '../upstream/dial/dial.ts';

export type { DaemonOptions } from './rooms.ts';

export interface Daemon {
  readonly addresses: { readonly api: string; readonly http: string };
  readonly places: Places;
  /** Under which the first signer enrols; undefined when one is enrolled. */
  readonly enrolmentCode: string | undefined;
  readonly road: RoadParts;
  readonly api: ApiParts;
  close(): Promise<void>;
}

/** Builds everything, joins it, and opens the doors last. What was opened is closed in reverse, also when this fails. */
export async function openDaemon(options: DaemonOptions): Promise<Daemon> {
  await using opened = new AsyncDisposableStack();
  const rooms = await openRooms(options, opened);
  const { road, places } = rooms;
  await recover(road);
  watchClock(rooms);
  const gate = await openGate(options, rooms);
  opened.defer(() => gate.close());
  await ensureHumanToken({ store: road.store, identity: rooms.identity, places, clock: road.clock });
  const { code, enrolment } = await openEnrolment(road.store, road.signers);
  const addresses = { api: '', http: gate.address };
  const api = apiParts(options, rooms, enrolment, () => addresses);
  const server = await listen(api, options.host, options.apiPort);
  opened.defer(() => server.close());
  addresses.api = server.address;
  const timers = openTimers(road, rooms.clock);
  const ticking = setInterval(() => void timers.tick(), 1_000);
  opened.defer(() => clearInterval(ticking));
  const closing = opened.move();
  return { addresses, places, enrolmentCode: code, road, api, close: () => closing.disposeAsync() };
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

async function openGate(options: DaemonOptions, rooms: Rooms): Promise<Gate> {
  const { road, vault, identity, installation, journal, places, clock } = rooms;
  const kept = (make: () => Promise<string>): Promise<string> =>
    sealedText(road.store, vault, `http.authority:${claimed.toSorted().join(',')}`, make);
  const authority = await openAuthority({ hosts: claimed, clock, kept });
  await writeFile(places.bundle, authority.bundle(rootCertificates.join('\n')));
  await chmod(places.bundle, 0o644);
  const ports: Road = {
    identify: (presented, peer) => identity.identify(presented, peer),
    mediate: (asked) => mediate(road, asked),
    note: async (draft) => {
      await journal.record(draft);
      if (draft.kind !== 'exposure') return;
      const who = draft.principal ?? 'somebody';
      road.raise({
        kind: 'exposure',
        text: `${who} sent a real credential through the ${draft.gate ?? ''} gate; it was refused`,
      });
    },
  };
  return openHttpGate({
    road: ports,
    providers,
    host: options.host,
    port: options.httpPort,
    egress: () => ({ mode: installation.config.egress, hosts: installation.config.hosts }),
    authority,
    tunnel: (host: string, port: number) => dialTunnel(host, port),
    clock,
  });
}

function apiParts(
  options: DaemonOptions,
  rooms: Rooms,
  enrolment: Enrolment,
  addresses: () => Daemon['addresses'],
): ApiParts {
  const { road, identity, journal, vault, installation, alarms, clock, key, follow } = rooms;
  const { store, signers } = road;
  return {
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
    afterApply: follow,
    status: () => statusOf({ road, installation, journal, clock, tier: options.tier, addresses }),
    hosts: ['localhost', '127.0.0.1', '[::1]'],
  };
}
