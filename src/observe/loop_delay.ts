import type { Clock } from "../clock.ts";

const EVERY_MS = 20;
const WINDOW_MS = 15_000;

/** How late the event loop comes to its timers. (Deno's own `monitorEventLoopDelay` does not see a loop that is held up.) */
export class LoopDelay implements Disposable {
  readonly #clock: Clock;
  readonly #timer: ReturnType<typeof setInterval>;
  #expectedMs: number;
  #windowEndMs: number;
  #inWindow = 0;
  #inLastWindow = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#expectedMs = clock.monotonic() + EVERY_MS;
    this.#windowEndMs = this.#expectedMs + WINDOW_MS;
    this.#timer = setInterval(() => this.tick(), EVERY_MS);
    this.#timer.unref();
  }

  /** The longest of the last 15 to 30 seconds. */
  get longestMs(): number {
    return Math.max(this.#inWindow, this.#inLastWindow);
  }

  tick(): void {
    const nowMs = this.#clock.monotonic();
    this.#inWindow = Math.max(this.#inWindow, nowMs - this.#expectedMs);
    this.#expectedMs = nowMs + EVERY_MS;
    if (nowMs < this.#windowEndMs) return;
    this.#inLastWindow = this.#inWindow;
    this.#inWindow = 0;
    this.#windowEndMs = nowMs + WINDOW_MS;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
