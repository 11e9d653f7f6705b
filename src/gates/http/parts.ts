import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from '../../contract/clock.ts';
import type { Provider } from '../../contract/provider.ts';
import type { Peer, Road } from '../../contract/road.ts';
import type { Refusal } from '../../model/refusal.ts';
import type { Authority } from './authority/authority.ts';
import type { Claims } from './claims.ts';
import type { Connections } from './connection.ts';
import type { HttpLimits } from './limits.ts';
import type { Seen } from './notes.ts';

/** What the daemon hands to the HTTP gate. */
export interface HttpGateParts {
  readonly road: Road;
  /** Those with `hosts` are reached; their credential headers and shapes are watched for exposures. */
  readonly providers: readonly Provider[];
  /** Address to listen on: `127.0.0.1`. */
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Host names under which clients reach the base URL, besides `localhost` and loopback addresses. */
  readonly names?: readonly string[];
  /** What may be reached beside the claimed hosts, as it is configured at that moment. */
  readonly egress: () => Egress;
  readonly authority: Pick<Authority, 'leaf'>;
  /** Opens a connection outward; refuses private addresses. This room opens none itself. */
  readonly tunnel: (host: string, port: number) => Promise<Duplex>;
  readonly clock: Clock;
  readonly limits?: Partial<HttpLimits>;
  /** Who is at the other end of a connection; read from the kernel when absent. */
  readonly peerOf?: (socket: Socket) => Promise<Peer>;
}

/** Hosts that no provider claims. Neither way are they judged: what is reached is tunnelled, and journaled as not covered. */
export interface Egress {
  /** `open` tunnels to any host, `listed` only to those of the list. */
  readonly mode: 'open' | 'listed';
  /** Exact names in lower case, or suffixes that begin with a dot. */
  readonly hosts: readonly string[];
}

/** The same, made ready for the code that handles connections. */
export interface Room {
  readonly road: Road;
  readonly providers: readonly Provider[];
  readonly claims: Claims;
  readonly names: ReadonlySet<string>;
  readonly egress: () => Egress;
  readonly tunnel: (host: string, port: number) => Promise<Duplex>;
  readonly limits: HttpLimits;
  readonly connections: Connections;
  readonly memory: Memory;
  readonly noteRefusal: (refusal: Refusal, seen: Seen) => void;
}

/** Bytes of bodies held by all requests together. */
export interface Memory {
  /** A share of its own for one request. */
  share(): Share;
}

export interface Share {
  /** False when that much more is not to be had; then nothing was taken. */
  take(bytes: number): boolean;
  /** Gives all of it back; taking is over. */
  give(): void;
}

export function memoryOf(most: number): Memory {
  let taken = 0;
  return {
    share() {
      let own = 0;
      let over = false;
      return {
        take(bytes) {
          if (over || taken + bytes > most) return false;
          taken += bytes;
          own += bytes;
          return true;
        },
        give() {
          over = true;
          taken -= own;
          own = 0;
        },
      };
    },
  };
}
