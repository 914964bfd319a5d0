/** What a cell says of itself for the metrics. It may say anything: what is not named here is not taken. */

export type Figures = Readonly<Record<string, number>>;

/** These only ever grow. */
const COUNTERS: ReadonlySet<string> = new Set([
  ...["steps", "warm_hits", "switches", "clones", "resets", "destroyed", "kills", "traps", "preempted"],
]);
const GAUGES: ReadonlySet<string> = new Set([
  ...["vms", "idle", "parked", "idle_bytes", "keep", "keep_bytes", "views", "snapshots", "workers", "running"],
  "set_aside",
]);
/** More than any cell has or counts, and few enough that the sum over all cells is a number still. */
const MOST = 2 ** 40;

/** Of lines "name=value". */
export function figuresIn(text: string): Figures {
  const figures: Record<string, number> = {};
  for (const line of text.split("\n")) {
    const [, name, value] = /^(\w{1,32})=(\d{1,15})$/.exec(line) ?? [];
    if (COUNTERS.has(name) || GAUGES.has(name)) figures[name] = Math.min(Number(value), MOST);
  }
  return figures;
}

/** What remains of a cell's figures when it is gone. */
export function countersOf(figures: Figures): Figures {
  return Object.fromEntries(Object.entries(figures).filter(([name]) => COUNTERS.has(name)));
}

/** No counter goes back, whatever the cell says. */
export function later(before: Figures, now: Figures): Figures {
  const kept = Object.entries(countersOf(before)).map(([name, value]) => [name, Math.max(value, now[name] ?? 0)]);
  return { ...now, ...Object.fromEntries(kept) };
}

export function sumOf(all: readonly Figures[]): Figures {
  const sums: Record<string, number> = {};
  for (const figures of all) {
    for (const [name, value] of Object.entries(figures)) sums[name] = (sums[name] ?? 0) + value;
  }
  return sums;
}
