import { colored, type Line, type Span, widthOf } from "./terminal.ts";

/** A longer cell stands out of its column alone, and does not push all others to the right. */
const WIDEST_COLUMN = 48;
const GAP = 2;

/** The rows in columns, under their titles. */
export function table(titles: readonly string[], rows: readonly Line[]): Line[] {
  const header = titles.map((title) => colored("dim", title));
  const widths = titles.map((_, column) =>
    [header, ...rows].reduce((widest, row) => Math.max(widest, Math.min(WIDEST_COLUMN, widthOf(row[column]))), 0)
  );
  return [header, ...rows].map((row) => row.flatMap((cell, column) => padded(cell, widths[column], row, column)));
}

function padded(cell: Span, width: number, row: Line, column: number): Span[] {
  if (column === row.length - 1) return [cell];
  return [cell, " ".repeat(Math.max(0, width - widthOf(cell)) + GAP)];
}
