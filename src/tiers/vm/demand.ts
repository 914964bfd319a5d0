/** A function that was not called for so many looks has no claim to a VM of its own any more. */
const REMEMBERED_LOOKS = 30;
/** What is not needed any more is let go of by so much at each look. */
const SHRINKS_BY = 0.9;

/** How many VMs are worth keeping: one for each function that was called lately, and as many as ran at once. */
export class Demand {
  #peak = 0;
  #kept = 0;
  #looks = 0;
  /** When each function ran last. */
  readonly #functions = new Map<number, number>();

  /** So many run now, the last of them the function's. */
  runs(count: number, functionNumber: number): void {
    if (count > this.#peak) this.#peak = count;
    this.#functions.set(functionNumber, this.#looks);
  }

  /** To be asked now and then; `running`: what the time until the next look begins with. */
  look(running: number): number {
    this.#kept = Math.max(this.#peak, this.#kept * SHRINKS_BY);
    this.#peak = running;
    this.#looks++;
    for (const [functionNumber, look] of this.#functions) {
      if (this.#looks - look > REMEMBERED_LOOKS) this.#functions.delete(functionNumber);
    }
    return Math.ceil(this.#kept) + Math.max(this.#functions.size, 1);
  }
}
