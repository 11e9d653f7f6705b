import type { TableShare } from '../../contract/provider.ts';

/** So few rows of a table are never too large a share of it. */
const fewRows = 20;
/** The share of a table that may be changed at once. */
const largestShare = 0.05;

/**
 * Whether an unsigned reversible act stays within bounds (policy/README.md): with what the principal changed within the
 * hour at most so many rows or records, and of each table at most 5 % or 20 rows. A number that is none is out of bounds.
 */
export function withinBounds(asked: {
  readonly rows: number;
  /** Changed before, within the window. */
  readonly before: number;
  readonly atMost: number;
  readonly tables: readonly TableShare[];
}): boolean {
  const { rows, before, atMost, tables } = asked;
  if (rows === 0 && tables.length === 0) return true;
  return rows >= 0 && before >= 0 && rows + before <= atMost && tables.every(isSmallShare);
}

function isSmallShare({ rows, of }: TableShare): boolean {
  return rows >= 0 && (rows <= fewRows || rows <= largestShare * of);
}
