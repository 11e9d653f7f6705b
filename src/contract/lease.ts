import type { Answer } from './upstream.ts';
import type { Message } from '../model/plan.ts';

declare const minted: unique symbol;

/**
 * One-use right to send part of one Plan on one lease. Minted for the road alone, spent in `upstream`, worthless as data:
 * the runner knows its own clearances by identity.
 */
export interface Clearance {
  readonly id: string;
  readonly phase: 'lookup' | 'measure' | 'rehearsal' | 'effect';
  readonly [minted]: true;
}

/** A line to one upstream entry, lent to one exchange at a time. Steps of a Plan run on it in order. */
export interface Lease {
  readonly id: string;
  /** Upstream entry name. */
  readonly upstream: string;
  /** Messages already run on it that can still be taken back: the front of the Plan that will take effect. */
  readonly ran: readonly Message[];
  /** Sends the next message under a clearance for exactly that message. */
  send(message: Message, clearance: Clearance): Promise<Answer>;
  /**
   * Says these messages in the open transaction and takes them back, whatever came of them: they never become part of
   * `ran`. The answers end with the first that the far side refused. Under a clearance for exactly these, of that phase.
   */
  rehearse(messages: readonly Message[], clearance: Clearance): Promise<readonly Answer[]>;
  /** Takes back what ran since the last effect. */
  rollback(): Promise<void>;
  release(): Promise<void>;
}

/** What the road needs of `upstream`: leases, and the mint that nobody else is given. */
export interface Leases {
  /** Opens the entry's credential and a line with it. */
  open(upstream: string): Promise<Lease>;
  /** A clearance for these messages, in this order, each once, on this lease. */
  mint(lease: Lease, messages: readonly Message[], phase: Clearance['phase'], id: string): Clearance;
}
