const FIRST_DELAY_MS = 500;
const MOST_DELAY_MS = 5 * 60_000;

/** Builds that failed for what may pass by itself are tried again: later each time, up to a bound. */
export class Retries<Job extends object> {
  readonly #again: (job: Job) => void;
  readonly #failures = new WeakMap<Job, number>();
  readonly #timers = new Map<Job, ReturnType<typeof setTimeout>>();
  #closed = false;

  constructor(again: (job: Job) => void) {
    this.#again = again;
  }

  /** Whether it is the first failure of a row. */
  failed(job: Job): boolean {
    const before = this.#failures.get(job) ?? 0;
    this.#failures.set(job, before + 1);
    this.#stop(job);
    if (this.#closed) return before === 0;
    const timer = setTimeout(() => {
      this.#timers.delete(job);
      this.#again(job);
    }, retryDelayMs(before));
    this.#timers.set(job, timer);
    return before === 0;
  }

  /** It was built, cannot be, or is no more. */
  forget(job: Job): void {
    this.#failures.delete(job);
    this.#stop(job);
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  #stop(job: Job): void {
    clearTimeout(this.#timers.get(job));
    this.#timers.delete(job);
  }
}

/** After so many failures before this one. */
export function retryDelayMs(before: number): number {
  return Math.min(FIRST_DELAY_MS * 2 ** before, MOST_DELAY_MS);
}
