/** One measured figure, and the target it stands against where one was set. */
export interface Figure {
  /** What was measured together: `read, paced`. */
  readonly part: string;
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The most or the least that was promised or aimed at. */
  readonly atMost?: number;
  readonly atLeast?: number;
}

/** Whether a figure reached its target; undefined where it has none. */
export function reached({ value, atMost, atLeast }: Figure): boolean | undefined {
  if (atMost === undefined && atLeast === undefined) return undefined;
  return value <= (atMost ?? Number.POSITIVE_INFINITY) && value >= (atLeast ?? Number.NEGATIVE_INFINITY);
}

/** The value below which `share` of the values lie; NaN when there are none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** The middle of several rounds: on a shared machine single rounds are visited by strangers. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** How much of everything is measured. Times in seconds. */
export interface Effort {
  readonly rounds: number;
  readonly seconds: number;
  readonly quick: boolean;
}
