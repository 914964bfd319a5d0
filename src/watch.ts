import type { Clock } from "./clock.ts";
import type { Alarm, Deadlines } from "./deadlines.ts";

/** Most runs are over by then, and asking Deno for a request's signal costs as much as all else. */
const UNWATCHED_MS = 25;

export interface Watched {
  readonly deadlineMs: number;
  /** Of the caller; asked for only once somebody waits for long. */
  readonly signal: AbortSignal;
}

/** Told at most once each, and not after `answered` or `end`. */
export interface Watcher {
  onDeadline(): void;
  onLeft(): void;
}

/** What may end a run from outside while it is not over: its deadline, and its caller's leaving. */
export class Watch {
  readonly #deadlines: Deadlines;
  readonly #watched: Watched;
  readonly #watcher: Watcher;
  #alarm: Alarm;
  #signal: AbortSignal | null = null;
  #isAnswered = false;

  constructor(clock: Clock, deadlines: Deadlines, watched: Watched, watcher: Watcher) {
    this.#deadlines = deadlines;
    this.#watched = watched;
    this.#watcher = watcher;
    const atMs = Math.min(clock.monotonic() + UNWATCHED_MS, watched.deadlineMs);
    this.#alarm = deadlines.at(atMs, () => this.#begin());
  }

  #begin(): void {
    this.#alarm = this.#deadlines.at(this.#watched.deadlineMs, () => this.#watcher.onDeadline());
    if (this.#isAnswered) return;
    this.#signal = this.#watched.signal;
    if (this.#signal.aborted) this.#onLeft();
    else this.#signal.addEventListener("abort", this.#onLeft);
  }

  /** The caller has its answer, and may go. */
  answered(): void {
    this.#isAnswered = true;
    this.#signal?.removeEventListener("abort", this.#onLeft);
  }

  end(): void {
    this.answered();
    this.#deadlines.clear(this.#alarm);
  }

  readonly #onLeft = (): void => this.#watcher.onLeft();
}
