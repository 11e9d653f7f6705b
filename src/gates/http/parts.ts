import type { Socket } from 'node:net';
import type { Duplex, Readable } from 'node:stream';
import type { Clock } from '../../contract/clock.ts';
import type { Provider } from '../../contract/provider.ts';
import type { Peer, Road } from '../../contract/road.ts';
import type { HttpMessage } from '../../model/http-message.ts';
import type { Refusal } from '../../model/refusal.ts';
import type { Authority } from './authority/authority.ts';
import type { Claims } from './claims.ts';
import type { Connections } from './connection.ts';
import type { LargeOnes } from './large-ones.ts';
import type { HttpLimits } from './limits.ts';
import type { ListedRead } from './listed-notes.ts';
import type { Seen } from './notes.ts';
import type { UnreadAnswers } from './unread-answers.ts';

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
  readonly authority: Pick<Authority, 'leaf' | 'covers'>;
  /** Opens a connection outward; refuses private addresses. This room opens none itself. */
  readonly tunnel: (host: string, port: number) => Promise<Duplex>;
  /** Asks a listed host, without any credential; refuses private addresses, follows no redirect. */
  readonly reach: Reach;
  readonly storedFor: StoredFor;
  readonly clock: Clock;
  readonly limits?: Partial<HttpLimits>;
  /** Who is at the other end of a connection; read from the kernel when absent. */
  readonly peerOf?: (socket: Socket) => Promise<Peer>;
}

/** The provider whose stored credential this text is, byte for byte; undefined where it is none. Tells nothing else of it. */
export type StoredFor = (text: string) => string | undefined;

/** One message to `https://<host>`, answered as it comes. Rejects when no answer begins. */
export type Reach = (host: string, message: HttpMessage) => Promise<Reached>;

/** The beginning of a listed host's answer; its body is read while it comes, and fails when the line breaks. */
export interface Reached {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Readable;
}

/** Hosts that no provider claims. Neither way does a catalogue judge them, and all of it is journaled as not covered. */
export interface Egress {
  /** `open` tunnels to any host, unread; `listed` decrypts those of the list and passes reads, and denies all others. */
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
  readonly reach: Reach;
  readonly storedFor: StoredFor;
  /** Whether the certificate authority can vouch for a host: it is made at the start, the list can change after it. */
  readonly covers: (host: string) => boolean;
  readonly limits: HttpLimits;
  readonly connections: Connections;
  readonly largeOnes: LargeOnes;
  readonly memory: Memory;
  readonly unread: UnreadAnswers;
  readonly noteRefusal: (refusal: Refusal, seen: Seen) => void;
  /** Resolves once the read is on the journal; rejects when it cannot be written, and then nothing may be sent. */
  readonly noteListed: (read: ListedRead) => Promise<void>;
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
