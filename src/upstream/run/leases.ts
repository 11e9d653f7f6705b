import { mintClearance, NotCleared, spendClearance } from './clearances.ts';
import { type SessionLine, sessionOn } from './session.ts';
import type { Clearance, Lease, Leases } from '../../contract/lease.ts';
import type { PostgresSessions, SessionClient, SessionWishes } from '../../contract/postgres/session.ts';
import {
  type Answer,
  type Credential,
  type Line,
  LineBroken,
  type Route,
  type Upstream,
} from '../../contract/upstream.ts';
import type { Message } from '../../model/plan.ts';
import { refuse, Refused } from '../../model/refusal.ts';
import { VaultFault } from '../vault/vault-fault.ts';

/** A protocol, how it is shut, and how a gate's client gets a line of its own where the protocol has such. */
export interface Spoken extends Upstream {
  openFor?(route: Route, credential: Credential, client: SessionClient, wishes: SessionWishes): Promise<SessionLine>;
  close?(): Promise<void>;
}

interface Way {
  readonly route: Route & { readonly credential?: string };
  readonly upstream: Spoken;
}

export interface LeaseParts {
  /** One a protocol; those that can be closed are, with the leases. */
  readonly upstreams: readonly Spoken[];
  /** Where an upstream entry goes, and under which name its credential is in the vault: the entry's own if not said. */
  readonly routes: (upstream: string) => (Route & { readonly credential?: string }) | undefined;
  readonly vault: { open(name: string): Promise<Credential> };
}

/** Leases whose upstreams can be shut. */
export interface OpenLeases extends Leases {
  /** Sessions of clients of a gate, on the same lines and under the same clearances. */
  readonly sessions: PostgresSessions;
  close(): Promise<void>;
}

/** Scheme of an address → the protocol that is spoken there. */
const protocols: { readonly [scheme: string]: string } = {
  'https:': 'http',
  'http:': 'http',
  'postgres:': 'postgres',
  'postgresql:': 'postgres',
};

/** Protocols in which each message is its own effect: there is nothing that could run first and be taken back. */
const eachIsAnEffect: ReadonlySet<string> = new Set(['http']);

/** The one place that sends. Throws `Refused` (`UNAVAILABLE`) from `open` for an entry that leads nowhere. */
export function openLeases(parts: LeaseParts): OpenLeases {
  const upstreams = new Map(parts.upstreams.map((one) => [one.protocol, one]));
  const lender = Object.freeze({});
  let count = 0;
  const way = (name: string): Way => {
    const route = parts.routes(name);
    const upstream = route === undefined ? undefined : upstreams.get(protocolOf(route.address));
    if (route !== undefined && upstream !== undefined) return { route, upstream };
    throw refuse(
      'UNAVAILABLE',
      `upstream \`${name}\` is not configured, or for no protocol we speak`,
      'a human names it in holdpoint.yaml and applies that',
    );
  };
  const opened = async (name: string, route: Way['route']): Promise<Credential> => {
    try {
      return await parts.vault.open(route.credential ?? name);
    } catch (cause) {
      if (!(cause instanceof VaultFault) || cause.code !== 'not-found') throw cause;
      throw new Refused(
        {
          code: 'UNAVAILABLE',
          detail: `the credential of upstream \`${name}\` is not in the vault`,
          hint: 'its credential is missing: tell the person you work for, who adds it with `holdpoint vault add`',
        },
        { cause },
      );
    }
  };
  const lend = (name: string, protocol: string, line: Line): OpenLease =>
    new OpenLease(`lease-${++count}`, name, protocol, line, lender);
  return Object.freeze({
    open: async (name: string) => {
      const { route, upstream } = way(name);
      return lend(name, upstream.protocol, await upstream.open(route, await opened(name, route)));
    },
    sessions: Object.freeze({
      open: async (name: string, client: SessionClient, wishes: SessionWishes) => {
        const { route, upstream } = way(name);
        if (upstream.openFor === undefined)
          throw refuse('UNAVAILABLE', `upstream \`${name}\` keeps no sessions`, 'name an upstream of a database');
        const line = await upstream.openFor(route, await opened(name, route), client, wishes);
        const lease = lend(name, upstream.protocol, line);
        return sessionOn(lease, line);
      },
    }),
    mint: (lease: Lease, messages: readonly Message[], phase: Clearance['phase'], id: string) => {
      if (!OpenLease.isLentBy(lease, lender)) throw new NotCleared('foreign');
      return mintClearance(lease, messages, phase, id);
    },
    close: async () => {
      for (const one of parts.upstreams) await one.close?.();
    },
  });
}

/** By the scheme alone, for each line anew; whether it is an address at all, the upstream of the protocol looks. */
function protocolOf(address: string): string {
  const scheme = address.slice(0, address.indexOf(':') + 1).toLowerCase();
  return (Object.hasOwn(protocols, scheme) ? protocols[scheme] : undefined) ?? scheme.slice(0, -1);
}

type State = 'idle' | 'busy' | 'broken' | 'released';

class OpenLease implements Lease {
  readonly id: string;
  readonly upstream: string;
  readonly #protocol: string;
  readonly #line: Line;
  readonly #lender: object;
  #ran: readonly Message[] = [];
  #state: State = 'idle';

  constructor(id: string, upstream: string, protocol: string, line: Line, lender: object) {
    this.id = id;
    this.upstream = upstream;
    this.#protocol = protocol;
    this.#line = line;
    this.#lender = lender;
  }

  static isLentBy(lease: Lease, lender: object): boolean {
    return #lender in lease && lease.#lender === lender;
  }

  get ran(): readonly Message[] {
    return this.#ran;
  }

  async send(message: Message, clearance: Clearance): Promise<Answer> {
    // Spent first: a clearance that was shown to a lease that can't use it is spent all the same.
    const spent = spendClearance(clearance, this, message);
    this.#enter();
    if (
      spent.message.protocol !== this.#protocol ||
      spent.phase === 'rehearsal' ||
      (spent.phase === 'measure' && eachIsAnEffect.has(this.#protocol))
    ) {
      this.#state = 'idle';
      throw new NotCleared('mismatched');
    }
    const effect = spent.phase === 'effect' && spent.last;
    try {
      const answer = await this.#line.send(spent.message);
      if (effect) this.#ran = [];
      else if (spent.phase !== 'lookup') this.#ran = Object.freeze([...this.#ran, spent.message]);
      this.#leave('idle');
      return answer;
    } catch (thrown) {
      this.#afterBreak(thrown, effect);
      throw thrown instanceof LineBroken
        ? thrown
        : new LineBroken('unknown', 'the line failed in a way of its own', { cause: thrown });
    }
  }

  /**
   * Spends a clearance for this one look-up and does this with it. Nothing else may be open on the line: what is read so
   * can never be the front of a Plan.
   */
  async through<T>(message: Message, clearance: Clearance, send: (message: Message) => Promise<T>): Promise<T> {
    const spent = spendClearance(clearance, this, message);
    this.#enter();
    if (spent.message.protocol !== this.#protocol || spent.phase !== 'lookup' || this.#ran.length > 0) {
      this.#state = 'idle';
      throw new NotCleared('mismatched');
    }
    try {
      const answer = await send(spent.message);
      this.#leave('idle');
      return answer;
    } catch (thrown) {
      this.#afterBreak(thrown, false);
      throw thrown instanceof LineBroken
        ? thrown
        : new LineBroken('unknown', 'the line failed in a way of its own', { cause: thrown });
    }
  }

  async rehearse(messages: readonly Message[], clearance: Clearance): Promise<readonly Answer[]> {
    const spent = messages.map((message) => spendClearance(clearance, this, message));
    this.#enter();
    const cleared = spent.every(({ phase, message }) => phase === 'rehearsal' && message.protocol === this.#protocol);
    // Outside a transaction there is nothing that would take it back.
    if (!cleared || this.#ran.length === 0 || this.#line.rehearse === undefined) {
      this.#state = 'idle';
      throw new NotCleared('mismatched');
    }
    try {
      const answers = await this.#line.rehearse(spent.map((one) => one.message));
      this.#leave('idle');
      return answers;
    } catch (thrown) {
      this.#leave('broken');
      throw thrown instanceof LineBroken
        ? thrown
        : new LineBroken('unknown', 'the line failed in a way of its own', { cause: thrown });
    }
  }

  /** The line ended the transaction itself, having proved that nothing was written in it. */
  settled(): void {
    this.#ran = [];
  }

  async rollback(): Promise<void> {
    this.#enter();
    try {
      await this.#line.rollback();
      this.#ran = [];
      this.#leave('idle');
    } catch (thrown) {
      this.#leave('broken');
      throw thrown;
    }
  }

  async release(): Promise<void> {
    if (this.#state === 'released') return;
    const open = this.#ran.length > 0 && this.#state !== 'broken';
    this.#state = 'released';
    try {
      // A line that goes back with an open transaction could be lent to somebody else with it.
      if (open) await this.#line.rollback();
    } finally {
      this.#ran = [];
      await this.#line.close();
    }
  }

  #enter(): void {
    if (this.#state !== 'idle') throw new NotCleared(this.#state);
    this.#state = 'busy';
  }

  #leave(state: State): void {
    if (this.#state === 'busy') this.#state = state;
  }

  /** Nothing more runs on a line of which it is not known where it stands. */
  #afterBreak(thrown: unknown, effect: boolean): void {
    const proved = thrown instanceof LineBroken && thrown.sent === 'no';
    if (!proved && effect) this.#ran = [];
    // Without an open transaction the next message may find another connection.
    this.#leave(proved && this.#ran.length === 0 ? 'idle' : 'broken');
  }
}
