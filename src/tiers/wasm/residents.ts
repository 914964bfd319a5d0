/** Whatever is kept in memory for its next use, up to a bound: the longest unused goes first. */
export interface Resident {
  readonly bytes: number;
  /** Called once, when there is no room for it any more. */
  evict(): void;
}

export class Residents {
  readonly #items = new Set<Resident>();
  #bytes = 0;
  #limit: number;

  constructor(limitBytes: number) {
    this.#limit = limitBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  resize(limitBytes: number): void {
    this.#limit = limitBytes;
    this.#shrink();
  }

  add(item: Resident): void {
    this.#items.add(item);
    this.#bytes += item.bytes;
    this.#shrink();
  }

  /** It was used just now. */
  touch(item: Resident): void {
    if (this.#items.delete(item)) this.#items.add(item);
  }

  /** It went by itself. */
  remove(item: Resident): void {
    if (this.#items.delete(item)) this.#bytes -= item.bytes;
  }

  /** The newest stays, even if it is too large alone. */
  #shrink(): void {
    for (const item of this.#items) {
      if (this.#bytes <= this.#limit || this.#items.size === 1) return;
      this.remove(item);
      item.evict();
    }
  }
}
