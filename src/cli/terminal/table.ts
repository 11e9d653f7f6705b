import type { Output, Piece, Tone } from './output.ts';
import { visible } from '../../model/visible.ts';

export type Cell = string | readonly [tone: Tone, text: string];

/** Rows under their headings, columns as wide as what is in them; the last is never cut. */
export function printTable(out: Output, headings: readonly string[], rows: readonly (readonly Cell[])[]): void {
  const text = (cell: Cell | undefined): string => visible(typeof cell === 'string' ? cell : (cell?.[1] ?? ''));
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => text(row[column]).length)),
  );
  const last = headings.length - 1;
  const padded = (value: string, column: number): string =>
    column === last ? value : value.padEnd((widths[column] ?? 0) + 2);
  out.line(['faint', headings.map(padded).join('')]);
  for (const row of rows) {
    const pieces = row.map((cell, column): Piece => {
      const tone = typeof cell === 'string' ? 'plain' : cell[0];
      return [tone, padded(text(cell), column)];
    });
    out.line(...pieces);
  }
}
