/** After this long without a crash the next one is a first one again. */
const FORGOTTEN_MS = 60_000;
const SECOND_DELAY_MS = 100;
const MOST_DELAY_MS = 5000;

/** How long a tenant waits whose cell crashed: not at all at first, and then twice as long each time, up to a bound. */
export class Restarts {
  #crashes = 0;
  #crashedMs = -Infinity;

  crashed(nowMs: number): void {
    this.#crashes = nowMs - this.#crashedMs > FORGOTTEN_MS ? 1 : this.#crashes + 1;
    this.#crashedMs = nowMs;
  }

  /** Until a cell may be started. */
  delayMs(nowMs: number): number {
    if (this.#crashes < 2) return 0;
    const delayMs = Math.min(SECOND_DELAY_MS * 2 ** (this.#crashes - 2), MOST_DELAY_MS);
    return Math.max(0, this.#crashedMs + delayMs - nowMs);
  }
}
