/** Bytes that may be held: by one, and by all of which it is a part. */
export class ByteBudget {
  readonly #most: number;
  readonly #parent: ByteBudget | null;
  #held = 0;

  constructor(most: number, parent: ByteBudget | null = null) {
    this.#most = most;
    this.#parent = parent;
  }

  get held(): number {
    return this.#held;
  }

  hold(bytes: number): void {
    if (bytes > this.#most - this.#held) {
      throw new Error(`Cannot take ${bytes} bytes more: calls already hold ${this.#held} of ${this.#most}`);
    }
    this.#parent?.hold(bytes);
    this.#held += bytes;
  }

  release(bytes: number): void {
    this.#held -= bytes;
    this.#parent?.release(bytes);
  }
}
