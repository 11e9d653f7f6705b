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

interface Right {
  readonly lease: Lease;
  readonly phase: Clearance['phase'];
  /** Our own copies: these are sent. */
  readonly messages: readonly Message[];
  next: number;
}

/** What a clearance entitles to once: this very message, and whether it is the last of its clearance. */
export interface Spent {
  readonly message: Message;
  readonly phase: Clearance['phase'];
  readonly last: boolean;
}

/** Mints clearances and knows them again by identity alone: an object that merely looks like one is forged. */
export class Clearances {
  readonly #rights = new WeakMap<Clearance, Right>();

  mint(lease: Lease, messages: readonly Message[], phase: Clearance['phase'], id: string): Clearance {
    if (messages.length === 0) throw new NotCleared('mismatched');
    const clearance = Object.freeze({ id, phase }) as unknown as Clearance;
    this.#rights.set(clearance, { lease, phase, messages: Object.freeze(messages.map(exactCopy)), next: 0 });
    return clearance;
  }

  /** Spends the right to send `message`, before it is sent. Throws `NotCleared`, and the clearance is worth nothing then. */
  spend(clearance: Clearance, lease: Lease, message: Message): Spent {
    const right = this.#rights.get(clearance);
    if (right === undefined) throw new NotCleared('forged');
    const { messages, next, phase } = right;
    const due = messages[next];
    if (due === undefined) throw new NotCleared('spent');
    if (right.lease !== lease) throw this.#ended(right, 'foreign');
    if (!saysTheSame(due, message)) {
      const elsewhere = messages.findIndex((one) => saysTheSame(one, message));
      throw this.#ended(right, elsewhere === -1 ? 'mismatched' : 'out-of-order');
    }
    right.next = next + 1;
    return { message: due, phase, last: right.next === messages.length };
  }

  #ended(right: Right, code: NotClearedCode): NotCleared {
    right.next = right.messages.length;
    return new NotCleared(code);
  }
}
