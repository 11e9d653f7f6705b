import { lookBy } from './look.ts';
import type { RoadParts, UpstreamEntry } from './parts.ts';
import type { Held } from './resource-locks.ts';
import { UndoLine } from './undo/undo-line.ts';
import type { Lease } from '../contract/lease.ts';
import type { Looking } from '../contract/lookup.ts';
import type { Asked } from '../contract/road.ts';

/**
 * Where one exchange is worked on: the resource locks it holds and the line it was lent. However the exchange ends, what
 * did not take effect on a line of ours is rolled back and everything is let go. A gate's own line is left to the gate:
 * on some wires taking back and telling the client are one act.
 */
export class Desk implements AsyncDisposable {
  readonly road: RoadParts;
  readonly asked: Asked;
  #keys: readonly string[] = [];
  #held: Held | undefined;
  #own: Lease | undefined;
  #second: UndoLine | undefined;
  #kept = false;

  constructor(road: RoadParts, asked: Asked) {
    this.road = road;
    this.asked = asked;
  }

  /** From here on no other exchange changes what this one names. */
  async lockResources(): Promise<void> {
    // A database locks for itself; whoever waited here for whoever waits there would wait for ever.
    if (this.asked.reading.entry !== undefined) return;
    const ids = this.asked.reading.actions.flatMap((action) => action.resources.map((one) => one.id));
    // Nothing named: one at a time for the whole provider.
    await this.#hold(this.#keysOf(ids.length === 0 ? ['*'] : ids));
  }

  /**
   * The same for what the ids turned out to stand for, and all that goes with it. False where somebody else was at some
   * of it meanwhile: now it is locked, and has to be looked at again. In a transaction of a gate's own the far side's
   * locks do that.
   */
  async lockTargets(ids: readonly string[]): Promise<boolean> {
    const keys = this.#keysOf(ids);
    const { lease, reading } = this.asked;
    if (lease !== undefined || reading.entry !== undefined || this.#held?.extend(keys) === true) return true;
    this.#letGo();
    await this.#hold([...this.#keys, ...keys]);
    return false;
  }

  #keysOf(ids: readonly string[]): readonly string[] {
    return ids.map((id) => `${this.asked.provider.name}:${id}`);
  }

  async #hold(keys: readonly string[]): Promise<void> {
    this.#keys = keys;
    this.#held = await this.road.resourceLocks.hold(keys);
  }

  #letGo(): void {
    this.#held?.release();
    this.#held = undefined;
  }

  /** The gate's lease, whose transaction is open, or one of our own. */
  async lease(entry: UpstreamEntry): Promise<Lease> {
    if (this.asked.lease !== undefined) return this.asked.lease;
    this.#own ??= await this.road.leases.open(entry.name);
    return this.#own;
  }

  /** Asks on a lease that acts, with the second line of its entry kept for what is asked after the act. */
  look<T>(lease: Lease, question: Looking<T>): Promise<T> {
    this.#second ??= new UndoLine(this.road, lease.upstream);
    return lookBy(this.road, this.asked.provider, lease, this.#second, question);
  }

  /** Called once the effect is out: there is nothing to roll back any more. */
  keep(): void {
    this.#kept = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      if (!this.#kept && this.#own !== undefined && this.#own.ran.length > 0) await this.#own.rollback();
      await this.#own?.release();
    } finally {
      await this.#second?.[Symbol.asyncDispose]().catch((cause: unknown) => this.road.diagnose('undo', cause));
      this.#letGo();
    }
  }
}
