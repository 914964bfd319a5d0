import type { Clock } from "../../clock.ts";
import { Penalty } from "../penalty.ts";
import { SHORT_US, type TurnLine } from "../turns.ts";

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

/**
 * Whether a function's next run is done on the server's own thread. That saves the way to a worker, and holds up everything
 * else meanwhile: so it is for functions that were short before, while requests come one by one, and a function that was not
 * short once pays for it with a growing pause.
 */
export class InlinePolicy {
  readonly #clock: Clock;
  readonly #penalty = new Penalty();
  #samples = 0;
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
    if (!this.#penalty.isOver(now) || now - InlinePolicy.#lastEndMs < HURRY_MS) return false;
    if (line.costUs <= ALWAYS_US) return true;
    if (now - InlinePolicy.#lastLongMs < PAUSE_MS) return false;
    InlinePolicy.#lastLongMs = now;
    return true;
  }

  /** `done`: false when the run was over its time and has to be done again elsewhere. */
  ran(done: boolean): void {
    InlinePolicy.#lastEndMs = this.#clock.monotonic();
    this.#penalty.ran(done, InlinePolicy.#lastEndMs);
  }
}
