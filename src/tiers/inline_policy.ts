import type { Clock } from "../clock.ts";
import type { TurnLine } from "./turns.ts";

/** Runs on workers that show how long a function takes. */
const SAMPLES = 2;
/** Functions this short always run on the server's own thread: the way to a worker and back costs as much. */
const ALWAYS_US = 80;
/** Functions this short do so while the thread has had little of that lately. */
const SOMETIMES_US = 400;
/** Time between two of those. */
const PAUSE_MS = 1;
const FIRST_PENALTY_MS = 10;
const LAST_PENALTY_MS = 60_000;
/** So many good runs in a row forgive the last bad one: on a busy machine any run may be held up once. */
const FORGIVEN_AFTER = 200;

/**
 * Whether a function's next run is done on the server's own thread. That saves the way to a worker, and holds up everything else
 * meanwhile: so it is for functions that were short before, and one that was not so once pays for it with a growing pause.
 */
export class InlinePolicy {
  readonly #clock: Clock;
  #samples = 0;
  #penaltyMs = FIRST_PENALTY_MS;
  #notBeforeMs = 0;
  #goodRuns = 0;
  static #lastLongMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  allows(line: TurnLine): boolean {
    if (this.#samples < SAMPLES) {
      this.#samples++;
      return false;
    }
    if (line.costUs > SOMETIMES_US || line.waiting.length > 0) return false;
    const now = this.#clock.monotonic();
    if (now < this.#notBeforeMs) return false;
    if (line.costUs <= ALWAYS_US) return true;
    if (now - InlinePolicy.#lastLongMs < PAUSE_MS) return false;
    InlinePolicy.#lastLongMs = now;
    return true;
  }

  /** `done`: false when the run was over its time and has to be done again elsewhere. */
  ran(done: boolean): void {
    if (done) {
      if (++this.#goodRuns >= FORGIVEN_AFTER && this.#penaltyMs > FIRST_PENALTY_MS) {
        this.#goodRuns = 0;
        this.#penaltyMs /= 2;
      }
      return;
    }
    this.#goodRuns = 0;
    this.#notBeforeMs = this.#clock.monotonic() + this.#penaltyMs;
    this.#penaltyMs = Math.min(2 * this.#penaltyMs, LAST_PENALTY_MS);
  }
}
