/** Requests so close together are one arrival. */
const SAME_ARRIVAL_MS = 1000;
const GAPS = 3;
/** Gaps that differ by no more than this part are regular. */
const REGULAR = 0.25;

/** When a tenant's next request is to be expected, if its requests come at regular intervals. */
export class Rhythm {
  readonly #gaps: number[] = [];
  #arrivedMs = -Infinity;
  #lastMs = -Infinity;

  heard(nowMs: number): void {
    const isNew = nowMs - this.#lastMs > SAME_ARRIVAL_MS;
    this.#lastMs = nowMs;
    if (!isNew) return;
    if (this.#arrivedMs > -Infinity) this.#gaps.push(nowMs - this.#arrivedMs);
    if (this.#gaps.length > GAPS) this.#gaps.shift();
    this.#arrivedMs = nowMs;
  }

  /** Null: nothing can be said. */
  get nextMs(): number | null {
    if (this.#gaps.length < GAPS) return null;
    const mean = this.#gaps.reduce((sum, gap) => sum + gap) / GAPS;
    return this.#gaps.every((gap) => Math.abs(gap - mean) <= REGULAR * mean) ? this.#arrivedMs + mean : null;
  }
}
