import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { Exchange } from './exchange.ts';
import type { HttpLimits } from './limits.ts';
import type { RouteDial } from './route-dial.ts';
import { Wire, type WireOwner } from './wire.ts';

/**
 * Warm HTTP/1.1 connections to one route. Each carries one request at a time; who finds none free waits, in turn. Nothing
 * is ever written twice: an exchange that fails has failed.
 */
export class Wires {
  readonly #dial: RouteDial;
  readonly #limits: HttpLimits;
  readonly #owner: WireOwner;
  readonly #all = new Set<Wire>();
  /** Used last stands last, and is used first: what is not needed grows old. */
  #idle: Wire[] = [];
  /** Free, but not for long enough yet; the longest first. */
  #resting: { readonly wire: Wire; readonly turn: number }[] = [];
  #waking = false;
  #connecting = 0;
  #waiting: Exchange[] = [];
  readonly #live = new Set<Exchange>();
  #clock: NodeJS.Timeout | undefined;
  #closed: (() => void) | undefined;

  constructor(dial: RouteDial, limits: HttpLimits) {
    this.#dial = dial;
    this.#limits = limits;
    this.#owner = { free: (wire) => this.#rest(wire), gone: (wire) => this.#gone(wire) };
  }

  send(exchange: Exchange): void {
    if (this.#closed !== undefined) {
      exchange.fail('the route was closed');
      return;
    }
    this.#live.add(exchange);
    this.#clock ??= setInterval(() => this.#look(), this.#tick()).unref();
    this.#endRest();
    const now = performance.now();
    for (let wire = this.#idle.pop(); wire !== undefined; wire = this.#idle.pop()) {
      if (wire.usable(now)) {
        wire.carry(exchange);
        return;
      }
      wire.close();
    }
    this.#waiting.push(exchange);
    this.#wakeSoon();
    this.#connect();
  }

  /** An exchange has settled. */
  over(exchange: Exchange): void {
    this.#live.delete(exchange);
    if (this.#live.size === 0) this.#closed?.();
  }

  /** Takes nothing more, and resolves when all that is under way has settled and the connections are closed. */
  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#closed = resolve;
      if (this.#live.size === 0) resolve();
    });
    for (const wire of this.#all) wire.close();
    clearInterval(this.#clock);
  }

  /**
   * Back among the idle ones after two turns of the event loop: a far side that closes right behind its answer has closed
   * by then, and a request written meanwhile would be lost with an unknown outcome.
   */
  #rest(wire: Wire): void {
    this.#resting.push({ wire, turn: turnOfLoop() + 2 });
    if (this.#waiting.length > 0) this.#wakeSoon();
  }

  #endRest(): void {
    const turn = turnOfLoop();
    let rested = 0;
    for (; (this.#resting[rested]?.turn ?? Number.POSITIVE_INFINITY) <= turn; rested++) {
      const { wire } = this.#resting[rested] ?? {};
      if (wire !== undefined) this.#idle.push(wire);
    }
    if (rested > 0) this.#resting.splice(0, rested);
  }

  /** Looks each turn whether those that rest can be lent, as long as somebody waits. */
  #wakeSoon(): void {
    if (this.#waking || this.#resting.length === 0) return;
    this.#waking = true;
    setImmediate(() => {
      this.#waking = false;
      this.#endRest();
      this.#lend();
      if (this.#waiting.length > 0) this.#wakeSoon();
      this.#connect();
    });
  }

  #lend(): void {
    const now = performance.now();
    while (this.#waiting.length > 0) {
      const wire = this.#idle.pop();
      if (wire === undefined) return;
      const next = wire.usable(now) ? this.#nextWaiting() : undefined;
      if (next !== undefined) wire.carry(next);
      else if (wire.usable(now)) this.#idle.push(wire);
      else wire.close();
    }
  }

  #nextWaiting(): Exchange | undefined {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      // Given up while it waited.
      if (!next.settled) return next;
    }
    return undefined;
  }

  /** A new connection for each that waits and will get none of those to come, as far as the bound goes. */
  #connect(): void {
    while (
      this.#waiting.length > this.#connecting + this.#resting.length &&
      this.#all.size + this.#connecting < this.#limits.connections
    ) {
      this.#connecting += 1;
      void this.#open();
    }
  }

  /** Never rejects: what goes wrong is told to whoever waits the longest. */
  async #open(): Promise<void> {
    let socket: Socket;
    try {
      socket = await this.#dial.connect();
    } catch (cause) {
      this.#connecting -= 1;
      this.#nextWaiting()?.fail('the connection could not be made', cause);
      this.#connect();
      return;
    }
    this.#connecting -= 1;
    const wire = new Wire(socket, this.#owner, this.#limits);
    this.#all.add(wire);
    const next = this.#nextWaiting();
    if (next === undefined && this.#closed !== undefined) wire.close();
    else if (next === undefined) this.#rest(wire);
    else if (wire.usable(performance.now())) wire.carry(next);
    else next.fail('the connection closed at once');
  }

  #gone(wire: Wire): void {
    this.#all.delete(wire);
    this.#idle = this.#idle.filter((one) => one !== wire);
    this.#resting = this.#resting.filter((one) => one.wire !== wire);
    this.#connect();
  }

  /** How often the times are looked at: each is late by at most this. */
  #tick(): number {
    const { headersTimeout, bodyTimeout, wholeTimeout, keepAlive } = this.#limits;
    return Math.min(500, Math.max(5, Math.min(headersTimeout, bodyTimeout, wholeTimeout, keepAlive) / 10));
  }

  #look(): void {
    const now = performance.now();
    this.#endRest();
    for (const exchange of this.#live) exchange.check(now);
    const old = this.#idle.filter((wire) => !wire.usable(now));
    for (const wire of old) wire.close();
    if (this.#all.size > 0 || this.#live.size > 0 || this.#connecting > 0) return;
    clearInterval(this.#clock);
    this.#clock = undefined;
  }
}

/** How often the event loop has gone round. */
function turnOfLoop(): number {
  return performance.nodeTiming.uvMetricsInfo.loopCount;
}
