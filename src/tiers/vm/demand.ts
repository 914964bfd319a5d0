/** A little more than what was needed lately: one request more is no reason to make a VM. */
const MARGIN = 1;
/** What is not needed any more is let go of by so much at each look. */
const SHRINKS_BY = 0.9;

/** How many VMs are worth keeping, by how many ran at once lately. */
export class Demand {
  #peak = 0;
  #kept = 0;

  /** So many run now. */
  runs(count: number): void {
    if (count > this.#peak) this.#peak = count;
  }

  /** To be asked now and then; `running`: what the time until the next look begins with. */
  look(running: number): number {
    this.#kept = Math.max(this.#peak, this.#kept * SHRINKS_BY);
    this.#peak = running;
    return Math.ceil(this.#kept) + MARGIN;
  }
}
