/** Lets others have the thread when work has held it for a while: requests go on during a deploy. */
export class Slices {
  #since = performance.now();

  constructor(readonly sliceMs = 2) {}

  /** To be asked often; there is something to wait for only now and then. */
  get isDue(): boolean {
    return performance.now() - this.#since >= this.sliceMs;
  }

  async pause(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.#since = performance.now();
  }
}

/** Runs a task for every item, so many at once. */
export async function inParallel<T>(items: Iterable<T>, most: number, task: (item: T) => Promise<void>): Promise<void> {
  const rest = items[Symbol.iterator]();
  const worker = async () => {
    for (let next = rest.next(); !next.done; next = rest.next()) await task(next.value);
  };
  await Promise.all(Array.from({ length: most }, worker));
}
