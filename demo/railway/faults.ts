/** What can be made to go wrong, once, for tests. `…BeforeEffect` and the like say whether the mutation still happens. */
export type FaultKind =
  | 'http500'
  | 'timeout'
  | 'dropBeforeEffect'
  | 'dropAfterEffect'
  | 'timeoutAfterEffect'
  | 'slow'
  | 'unauthorized';

export interface FaultOrder {
  readonly next: FaultKind;
  /** Only a request that names this root field; any request when absent. */
  readonly when?: string;
  /** How many requests it hits; 1 when absent. */
  readonly times?: number;
  /** For `slow`, in milliseconds; 2,000 when absent. */
  readonly delayMs?: number;
}

export class Faults {
  #orders: { readonly order: FaultOrder; left: number }[] = [];

  add(order: FaultOrder): void {
    this.#orders.push({ order, left: order.times ?? 1 });
  }

  clear(): void {
    this.#orders = [];
  }

  /** The fault for a request that names these root fields, used up by this. */
  take(operations: readonly string[]): FaultOrder | null {
    const hit = this.#orders.find(({ order }) => order.when === undefined || operations.includes(order.when));
    if (hit === undefined) return null;
    hit.left -= 1;
    if (hit.left <= 0) this.#orders = this.#orders.filter((one) => one !== hit);
    return hit.order;
  }
}
