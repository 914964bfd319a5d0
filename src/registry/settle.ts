import type { Clock } from "../clock.ts";

export interface SettleTimes {
  /** A path that nothing was heard of for so long has settled. */
  readonly quietMs: number;
  /** One that was written, and not closed since. */
  readonly openMs: number;
  /** However much is heard of it, a path is looked at after this long. */
  readonly mostMs: number;
}

export const SETTLE_TIMES: SettleTimes = { quietMs: 15, openMs: 1000, mostMs: 3000 };

interface Unsettled {
  readonly sinceMs: number;
  lastMs: number;
  /** A program still has the file open for writing. */
  open: boolean;
}

/**
 * Gathers what belongs to one save: everything that is heard of until it has been quiet for a moment comes out as
 * one batch. A file that is still being written waits by itself, and holds nobody up.
 */
export class Settle {
  readonly #paths = new Map<string, Unsettled>();

  constructor(readonly clock: Clock, readonly times: SettleTimes = SETTLE_TIMES) {}

  /** `open` tells whether the event leaves the file open for writing. */
  heard(path: string, open: boolean): void {
    const nowMs = this.clock.monotonic();
    const known = this.#paths.get(path);
    if (known) Object.assign(known, { lastMs: nowMs, open });
    else this.#paths.set(path, { sinceMs: nowMs, lastMs: nowMs, open });
  }

  /** The batch, if one has settled. What is closed comes together, so that a file and what it imports fit. */
  take(): string[] {
    const nowMs = this.clock.monotonic();
    const isLate = ({ sinceMs }: Unsettled) => nowMs - sinceMs >= this.times.mostMs;
    const isQuiet = ({ lastMs, open }: Unsettled) => nowMs - lastMs >= (open ? this.times.openMs : this.times.quietMs);
    const closed = [...this.#paths.values()].filter(({ open }) => !open);
    const allClosed = closed.every(isQuiet) || closed.some(isLate);
    const settled = [...this.#paths].filter(([, path]) => path.open ? isQuiet(path) || isLate(path) : allClosed);
    for (const [path] of settled) this.#paths.delete(path);
    return settled.map(([path]) => path);
  }

  get isEmpty(): boolean {
    return this.#paths.size === 0;
  }

  /** When to ask again, from now. */
  get nextMs(): number {
    const nowMs = this.clock.monotonic();
    const waits = [...this.#paths.values()].map(({ lastMs, open }) =>
      lastMs + (open ? this.times.openMs : this.times.quietMs) - nowMs
    );
    return Math.max(1, Math.min(...waits));
  }
}
