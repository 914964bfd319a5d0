import { setImmediate } from "node:timers";
import type { Clock } from "../clock.ts";
import { Penalty } from "./penalty.ts";
import type { TurnLine } from "./turns.ts";

/** Longer steps cost more of the server's own thread than the way to a worker and back. */
const SHORT_STEP_US = 150;
/** What resumed steps may take of one turn of the event loop: a sandbox whose calls are answered at once never ends. */
const PER_TURN_MS = 0.5;

/**
 * Whether a sandbox that gets the answer to its host call goes on at the server's own thread, where the answer is. The way
 * to a worker and back costs more than what most do between two calls.
 */
export class ResumePolicy {
  readonly #clock: Clock;
  readonly #penalty = new Penalty();
  #sinceMs = 0;
  static #spentMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `shortSteps`: how many the workers have. Then there is enough to do for all threads. */
  allows(line: TurnLine, shortSteps: number): boolean {
    if (line.costUs > SHORT_STEP_US || shortSteps > 0 || ResumePolicy.#spentMs >= PER_TURN_MS) return false;
    this.#sinceMs = this.#clock.monotonic();
    return this.#penalty.isOver(this.#sinceMs);
  }

  /** `done`: false when a worker has to do it. */
  ran(done: boolean): void {
    const now = this.#clock.monotonic();
    this.#penalty.ran(done, now);
    if (ResumePolicy.#spentMs === 0) setImmediate(() => ResumePolicy.#spentMs = 0);
    ResumePolicy.#spentMs += Math.max(now - this.#sinceMs, Number.MIN_VALUE);
  }
}
