import { exactCopy, saysTheSame } from './exact-copy.ts';
import type { Clearance, Lease } from '../../contract/lease.ts';
import { LineBroken } from '../../contract/upstream.ts';
import type { Message } from '../../model/plan.ts';

/** Why nothing was sent, though somebody asked for it with what looked like a clearance. */
export type NotClearedCode = keyof typeof reasons;

const reasons = {
  forged: 'the clearance is not one of ours',
  foreign: 'the clearance is for another line',
  spent: 'the clearance is spent',
  mismatched: 'the clearance is for another message',
  'out-of-order': 'the clearance is for this message, but not yet or not any more',
  busy: 'the line is in use',
  broken: 'the line broke before',
  released: 'the line was given back',
} as const;

/** Proves that nothing was sent. Always a defect of ours, or an attack: each use but the right one ends the clearance. */
export class NotCleared extends LineBroken {
  readonly code: NotClearedCode;

  constructor(code: NotClearedCode) {
    super('no', `nothing was sent: ${reasons[code]}`);
    this.name = 'NotCleared';
    this.code = code;
  }
}

/** What a clearance entitles to once: this very message, and whether it is the last of its clearance. */
export interface Spent {
  readonly message: Message;
  readonly phase: Clearance['phase'];
  readonly last: boolean;
}

/**
 * The only thing that is a clearance. What it entitles to is in private members, which no other code can put on an
 * object: one that merely looks like it is forged.
 */
class Minted {
  readonly id: string;
  readonly phase: Clearance['phase'];
  readonly #lease: Lease;
  /** Our own copies: these are sent. */
  readonly #messages: readonly Message[];
  #next = 0;

  constructor(id: string, phase: Clearance['phase'], lease: Lease, messages: readonly Message[]) {
    this.id = id;
    this.phase = phase;
    this.#lease = lease;
    this.#messages = messages.map(exactCopy);
    Object.freeze(this);
  }

  static spend(clearance: object, lease: Lease, message: Message): Spent {
    if (!(#messages in clearance)) throw new NotCleared('forged');
    const messages = clearance.#messages;
    const due = messages[clearance.#next];
    if (due === undefined) throw new NotCleared('spent');
    if (clearance.#lease === lease && saysTheSame(due, message)) {
      clearance.#next++;
      return { message: due, phase: clearance.phase, last: clearance.#next === messages.length };
    }
    clearance.#next = messages.length;
    if (clearance.#lease !== lease) throw new NotCleared('foreign');
    throw new NotCleared(messages.some((one) => saysTheSame(one, message)) ? 'out-of-order' : 'mismatched');
  }
}

/** A clearance for these messages, in this order, each once, on this lease. Throws for what is no message. */
export function mintClearance(
  lease: Lease,
  messages: readonly Message[],
  phase: Clearance['phase'],
  id: string,
): Clearance {
  if (messages.length === 0) throw new NotCleared('mismatched');
  return new Minted(id, phase, lease, messages) as unknown as Clearance;
}

/** Spends the right to send `message`, before it is sent. Throws `NotCleared`, and the clearance is worth nothing then. */
export function spendClearance(clearance: Clearance, lease: Lease, message: Message): Spent {
  if (typeof clearance !== 'object' || clearance === null) throw new NotCleared('forged');
  return Minted.spend(clearance, lease, message);
}
