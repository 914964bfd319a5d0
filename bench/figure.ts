/** One line of the table: a figure of the issue, what it has to reach, and what it was this time. */
export interface Figure {
  readonly name: string;
  readonly reach: string;
  readonly measured: string;
  /** What it is measured beside, in the same run; empty where there is nothing. */
  readonly beside: string;
  readonly reached: boolean;
}

/** How much work a bench does: `full` for figures to quote, `tiny` to see that it still runs. */
export interface Scale {
  readonly rounds: number;
  readonly seconds: number;
  readonly samples: number;
  readonly functions: readonly [few: number, many: number, most: number];
  readonly requests: number;
  /** Whether to build the engine anew as well, which takes half a minute. */
  readonly firstStart: boolean;
}

export const FULL: Scale = {
  rounds: 3,
  seconds: 5,
  samples: 40,
  functions: [10, 1000, 10_000],
  requests: 1_000_000,
  firstStart: true,
};
export const TINY: Scale = {
  rounds: 1,
  seconds: 1,
  samples: 3,
  functions: [2, 4, 6],
  requests: 2000,
  firstStart: false,
};

export type Bench = (scale: Scale) => Promise<Figure[]>;

export function atMost(name: string, limit: number, unit: string, measured: number, beside = ""): Figure {
  return {
    name,
    reach: `<= ${limit} ${unit}`,
    measured: `${rounded(measured)} ${unit}`,
    beside,
    reached: measured <= limit,
  };
}

export function atLeast(name: string, limit: number, measured: number, beside: string): Figure {
  return { name, reach: `>= ${limit}`, measured: rounded(measured), beside, reached: measured >= limit };
}

export function rounded(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString("en") : value.toPrecision(3);
}

export function table(figures: readonly Figure[]): string {
  const head = ["figure", "reach", "measured", "beside", ""];
  const rows = figures.map(({ name, reach, measured, beside, reached }) => [
    name,
    reach,
    measured,
    beside,
    reached ? "ok" : "MISSED",
  ]);
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column].length)));
  const line = (cells: string[]) => `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}
