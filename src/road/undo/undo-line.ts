import type { Lease } from '../../contract/lease.ts';
import { refuse } from '../../model/refusal.ts';
import type { RoadParts } from '../parts.ts';

/**
 * The second line of an entry, by which what is about to be lost is looked at. Opened when it is first asked on, for one
 * question, and closed with it: nobody else's session settings can be on it.
 */
export class UndoLine implements AsyncDisposable {
  readonly #road: RoadParts;
  readonly #upstream: string;
  #lease: Lease | undefined;

  /** `upstream`: the entry that is acted on. */
  constructor(road: RoadParts, upstream: string) {
    this.#road = road;
    this.#upstream = upstream;
  }

  /** Throws `Refused` (`UNAVAILABLE`) where the entry has no second line, or it leads nowhere. */
  async lease(): Promise<Lease> {
    this.#lease ??= await this.#road.leases.open(this.#name());
    return this.#lease;
  }

  #name(): string {
    const { upstreams } = this.#road.bindings();
    const acted = upstreams.find((one) => one.name === this.#upstream);
    const found = upstreams.find((one) => one.name === acted?.undo && one.name !== acted?.name);
    // Never one by which anybody acts, nor one of another provider or environment.
    const fits =
      found !== undefined &&
      found.lookupsOnly &&
      found.provider === acted?.provider &&
      found.environment === acted.environment;
    if (fits) return found.name;
    throw refuse('UNAVAILABLE', `upstream \`${this.#upstream}\` has no line to look at what would be lost by`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lease?.release();
  }
}
