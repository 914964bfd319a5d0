import type { Clock } from "../clock.ts";
import { SHORT_US, type TurnLine } from "./turns.ts";

/** Runs on workers that show how long a function takes. */
const SAMPLES = 2;
/** Functions this short always run on the server's own thread: the way to a worker and back costs as much. */
const ALWAYS_US = 80;
/** Other short ones do so while the thread has had little of that lately: the time between two of them. */
const PAUSE_MS = 1;
/**
 * The next request came so soon that the thread has no time to spare, and a worker is the other core's time. (One caller
 * alone takes longer than this to send its next request.)
 */
const HURRY_MS = 0.04;
const FIRST_PENALTY_MS = 10;
const LAST_PENALTY_MS = 60_000;
/** So many good runs in a row forgive the last bad one: on a busy machine any run may be held up once. */
const FORGIVEN_AFTER = 200;

/**
 * Whether a function's next run is done on the server's own thread. That saves the way to a worker, and holds up everything
 * else meanwhile: so it is for functions that were short before, while requests come one by one, and a function that was not
 * short once pays for it with a growing pause.
 */
export class InlinePolicy {
  readonly #clock: Clock;
  #samples = 0;
  #penaltyMs = FIRST_PENALTY_MS;
  #notBeforeMs = 0;
  #goodRuns = 0;
  static #lastLongMs = 0;
  static #lastEndMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `shortSteps`: how many short steps the workers have. Then requests come faster than one by one. */
  allows(line: TurnLine, shortSteps: number): boolean {
    if (this.#samples < SAMPLES) {
      this.#samples++;
      return false;
    }
    if (line.costUs > SHORT_US || shortSteps > 0) return false;
    const now = this.#clock.monotonic();
    if (now < this.#notBeforeMs || now - InlinePolicy.#lastEndMs < HURRY_MS) return false;
    if (line.costUs <= ALWAYS_US) return true;
    if (now - InlinePolicy.#lastLongMs < PAUSE_MS) return false;
    InlinePolicy.#lastLongMs = now;
    return true;
  }

  /** `done`: false when the run was over its time and has to be done again elsewhere. */
  ran(done: boolean): void {
    InlinePolicy.#lastEndMs = this.#clock.monotonic();
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
