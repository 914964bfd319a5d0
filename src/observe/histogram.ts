/** Upper bounds, in milliseconds: from a sandbox's ten microseconds to a request's minute. */
export const BOUNDS_MS: readonly number[] = [
  0.01,
  0.025,
  0.05,
  0.1,
  0.25,
  0.5,
  1,
  2.5,
  5,
  10,
  25,
  50,
  100,
  250,
  500,
  1000,
  2500,
  5000,
  10_000,
  30_000,
  60_000,
];

/** Counts durations by their order of magnitude. */
export class Histogram {
  /** One more than bounds: the last is of all that is longer. */
  readonly counts: number[] = new Array(BOUNDS_MS.length + 1).fill(0);
  sumMs = 0;

  add(ms: number): void {
    this.sumMs += ms;
    let low = 0;
    let high = BOUNDS_MS.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (ms <= BOUNDS_MS[middle]) high = middle;
      else low = middle + 1;
    }
    this.counts[low]++;
  }
}
