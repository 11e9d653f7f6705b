import type { Socket } from 'node:net';
import { type Duplex, pipeline } from 'node:stream';
import type { Bearer, Peer } from '../../contract/road.ts';
import { refusalIn, refuse } from '../../model/refusal.ts';
import { ClaimedInTunnel, unclaimedOnly } from './client-hello.ts';
import type { Room } from './parts.ts';
import { WireRefused, quoted } from './wire-refusal.ts';

/** Where a tunnel goes, and by whose token. */
export interface Unseen {
  readonly host: string;
  readonly port: number;
  /** As presented. */
  readonly token: string;
  readonly bearer: Bearer;
}

/** How often an open tunnel is held against what is in force. */
const lookAgain = 1_000;

/** With `egress: open`: bytes to a host that no provider claims, unread, and journaled as not covered before it is dialled. */
export async function tunnelUnseen(room: Room, to: Unseen, socket: Duplex, peer: Peer): Promise<void> {
  const { host, port, bearer } = to;
  const who = { principal: bearer.principal.name, token: bearer.token.id };
  await room.road.note({
    kind: 'tunnelled',
    gate: 'http',
    ...who,
    body: { host, port, covered: false, peer: peer.address },
  });
  const far = await dialled(room, host, port);
  far.on('error', () => socket.destroy());
  if (socket.destroyed) {
    far.destroy();
    return;
  }
  (socket as Socket).setTimeout(room.limits.idle, () => socket.destroy());
  socket.write('HTTP/1.1 200 HOLDPOINT_NOT_COVERED\r\n\r\n');
  const end = (): void => {
    far.destroy();
    socket.destroy();
  };
  endWhenNarrowed(room, to, socket, peer, end);
  const broken = (error?: Error | null): void => {
    if (error) end();
  };
  const claimed = (name: string): boolean => room.claims.byHost(name) !== undefined;
  pipeline(socket, unclaimedOnly(claimed), far, (error) => {
    if (error instanceof ClaimedInTunnel) {
      const meant = `${quoted(error.host)}, which is judged and never tunnelled`;
      const refused = refuse('DENIED', `the tunnel to ${quoted(host)} was used to speak to ${meant}`);
      room.noteRefusal(refused.refusal, { ...who, host, peer: peer.address });
    }
    broken(error);
  });
  pipeline(far, socket, broken);
}

async function dialled(room: Room, host: string, port: number): Promise<Duplex> {
  try {
    return await room.tunnel(host, port);
  } catch (thrown) {
    const own = refusalIn(thrown);
    if (own.code !== 'UNAVAILABLE') throw thrown;
    const hint = 'check the name; addresses of the local network are refused';
    throw new WireRefused(502, `no connection to ${quoted(host)} could be made`, hint);
  }
}

/** A tunnel outlives neither its token nor the `egress: open` that allowed it by more than a second. */
function endWhenNarrowed(room: Room, to: Unseen, socket: Duplex, peer: Peer, end: () => void): void {
  const timer = setInterval(() => {
    if (room.egress().mode !== 'open') end();
    else room.road.identify(to.token, peer).catch(end);
  }, lookAgain);
  timer.unref();
  socket.once('close', () => clearInterval(timer));
}
