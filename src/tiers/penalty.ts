const FIRST_PENALTY_MS = 10;
const LAST_PENALTY_MS = 60_000;
/** So many good runs in a row forgive the last bad one: on a busy machine any run may be held up once. */
const FORGIVEN_AFTER = 200;

/** What failed is not tried again for a while, and for a longer while each time. */
export class Penalty {
  #penaltyMs = FIRST_PENALTY_MS;
  #notBeforeMs = 0;
  #goodRuns = 0;

  isOver(nowMs: number): boolean {
    return nowMs >= this.#notBeforeMs;
  }

  ran(good: boolean, nowMs: number): void {
    if (!good) {
      this.#goodRuns = 0;
      this.#notBeforeMs = nowMs + this.#penaltyMs;
      this.#penaltyMs = Math.min(2 * this.#penaltyMs, LAST_PENALTY_MS);
    } else if (++this.#goodRuns >= FORGIVEN_AFTER && this.#penaltyMs > FIRST_PENALTY_MS) {
      this.#goodRuns = 0;
      this.#penaltyMs /= 2;
    }
  }
}
