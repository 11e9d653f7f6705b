import type { ToyMessage } from './far-side.ts';
import { readPlan, readProvisional, toyProvider, transaction } from './provider.ts';
import type { Lease } from '../../../src/contract/lease.ts';
import type { Bearer, Outcome } from '../../../src/contract/road.ts';
import { newId } from '../../../src/model/identifier.ts';
import { mediate } from '../../../src/road/mediate.ts';
import type { RoadParts } from '../../../src/road/parts.ts';

/**
 * The toy transactional gate: a wire whose effect is the COMMIT. It keeps the road from being shaped by HTTP alone: what
 * holds for it here will hold for a database.
 */
export class ToyGate {
  readonly #road: RoadParts;
  readonly #bearer: Bearer;
  #lease: Lease | undefined;
  #statements: ToyMessage[] = [];

  constructor(road: RoadParts, bearer: Bearer) {
    this.#road = road;
    this.#bearer = bearer;
  }

  /** A statement by itself: its own transaction. */
  async autocommit(message: ToyMessage): Promise<Outcome> {
    return mediate(this.#road, {
      gate: 'toy',
      bearer: this.#bearer,
      provider: toyProvider,
      message,
      reading: toyProvider.read(message),
    });
  }

  async begin(upstream: string): Promise<void> {
    const lease = await this.#road.leases.open(upstream);
    const message: ToyMessage = { protocol: 'toy', verb: 'begin' };
    await lease.send(message, this.#road.leases.mint(lease, [message], 'measure', newId('cl')));
    this.#lease = lease;
    this.#statements = [];
  }

  /** A statement inside the open transaction: provisional, so it runs at once. */
  async statement(message: ToyMessage): Promise<Outcome> {
    const outcome = await mediate(this.#road, {
      gate: 'toy',
      bearer: this.#bearer,
      provider: toyProvider,
      message,
      reading: readProvisional(message),
      ...this.#open(),
    });
    if (outcome.kind === 'done' && message.verb !== 'get') this.#statements.push(message);
    return outcome;
  }

  /** The effect: judged on what was measured; refused means taken back. */
  async commit(): Promise<Outcome> {
    const plan = transaction(this.#statements);
    const [message] = plan.steps.slice(-1);
    if (message === undefined) throw new Error('a plan has an end');
    const outcome = await mediate(this.#road, {
      gate: 'toy',
      bearer: this.#bearer,
      provider: toyProvider,
      message,
      reading: readPlan(plan),
      ...this.#open(),
    });
    if (outcome.kind === 'refused') await this.#lease?.rollback();
    await this.#lease?.release();
    this.#lease = undefined;
    return outcome;
  }

  #open(): { lease?: Lease } {
    return this.#lease === undefined ? {} : { lease: this.#lease };
  }
}
