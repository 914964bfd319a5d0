const MODULUS = 2 ** 31 - 1;
/** A primitive root of the modulus: the numbers repeat only after all of them were there. */
const FACTOR = 48_271;

/** Chance that can be had again: the same seed, the same numbers. */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = 1 + seed % (MODULUS - 1);
  }

  /** A whole number below `limit`. */
  below(limit: number): number {
    this.#state = this.#state * FACTOR % MODULUS;
    return this.#state % limit;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)];
  }

  bytes(length: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(length).map(() => this.below(256));
  }
}
