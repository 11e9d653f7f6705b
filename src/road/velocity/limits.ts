/** So many within so long; undefined: not limited. */
export type Limit = { readonly most: number; readonly withinMs: number } | undefined;

/** How fast one agent may go before it is stopped, or held. */
export interface VelocityLimits {
  /** Different destructive acts that were held or denied. More freeze the agent. */
  readonly destructive: Limit;
  /** Different acts that were held. More freeze the agent. */
  readonly held: Limit;
  /** Denials, repeated ones too. More freeze the agent. */
  readonly denied: Limit;
  /** Rows or records changed without a signature, added up. More are held, not frozen. */
  readonly rows: { readonly most: number; readonly withinMs: number };
  /** Who is stopped when a limit is passed. */
  readonly freezes: 'agent' | 'all';
}

/** Every counter that freezes. */
export const counters = ['destructive', 'held', 'denied'] as const;
export type Counter = (typeof counters)[number];

const minute = 60_000;
const hour = 60 * minute;

export const defaultLimits: VelocityLimits = Object.freeze({
  destructive: { most: 10, withinMs: minute },
  held: { most: 30, withinMs: hour },
  denied: { most: 60, withinMs: 10 * minute },
  rows: { most: 1_000, withinMs: hour },
  freezes: 'agent',
});

/** No counter looks further back than this (ms). */
export const longestWindowMs = 24 * hour;
/** A larger limit than this is written as `off`. */
export const mostOfLimit = 100_000;

/** Reads `10/1m`, `60/10m`, `off`. Throws RangeError for anything else: a limit is never read as none by mistake. */
export function readLimit(text: string): Limit {
  if (text === 'off') return undefined;
  const [, count, length, letter] = /^(\d{1,6})\/(\d{1,4})([smhd])$/.exec(text) ?? [];
  const unit = { s: 1_000, m: minute, h: hour, d: 24 * hour }[letter ?? ''];
  const limit = { most: Number(count), withinMs: Number(length) * (unit ?? Number.NaN) };
  const good =
    limit.most >= 1 && limit.most <= mostOfLimit && limit.withinMs >= 1_000 && limit.withinMs <= longestWindowMs;
  if (!good) throw new RangeError(`\`${text}\` is no limit; write it like \`10/1m\`, within a day at most, or \`off\``);
  return limit;
}
