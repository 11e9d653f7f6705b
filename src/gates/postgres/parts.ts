import type { Socket } from 'node:net';
import type { Clock } from '../../contract/clock.ts';
import type { PostgresSessions } from '../../contract/postgres/session.ts';
import type { Provider } from '../../contract/provider.ts';
import type { Peer, Road } from '../../contract/road.ts';
import type { Statement } from '../../languages/sql/statement.ts';
import type { TextSettings } from '../../languages/sql/text-settings.ts';

/** What the gate reads SQL with. */
export interface SqlReader {
  /** The statements of a text; none for an empty one. Throws `Refused`. */
  read(text: string, settings: TextSettings): readonly Statement[];
}

export interface PostgresLimits {
  /** Client connections at a time. */
  readonly connections: number;
  /** Milliseconds from the first byte to the end of the sign-in. */
  readonly signIn: number;
  /** Bytes of a client's messages that wait; beyond it nothing more is read from that client. */
  readonly waiting: number;
  /** Bytes of answers that a slow client has not taken; beyond it nothing more is read from the server. */
  readonly unsent: number;
  /** Prepared statements and portals of one client. */
  readonly names: number;
  /** Bytes of a COPY FROM STDIN that are kept for a hold; beyond it a held COPY has to be sent again. */
  readonly copied: number;
}

export const defaultLimits: PostgresLimits = Object.freeze({
  connections: 1_000,
  signIn: 10_000,
  waiting: 1024 * 1024,
  unsent: 1024 * 1024,
  names: 10_000,
  copied: 4 * 1024 * 1024,
});

export interface PostgresGateParts {
  readonly road: Road;
  readonly provider: Provider & Required<Pick<Provider, 'readInside' | 'readPlan'>>;
  readonly sessions: PostgresSessions;
  readonly sql: SqlReader;
  readonly clock: Clock;
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  /** PEM of the gate's own key and certificate; without it clients speak in the clear, which is for loopback alone. */
  readonly tls?: { readonly key: string; readonly cert: string };
  readonly limits?: Partial<PostgresLimits>;
  /** Who is at the other end; the address alone where nothing more can be known. */
  readonly peerOf?: (socket: Socket) => Promise<Peer>;
}
