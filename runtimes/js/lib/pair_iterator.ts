/** The iterators of Headers, URLSearchParams and FormData: they see changes made while they are used. */

type Pair = readonly [string, unknown];

// deno-lint-ignore no-explicit-any
const IteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]())) as any;

/** `pairAt` gives the pair at an index as the list is now. */
export function pairIteratorOf<Owner>(name: string, pairAt: (owner: Owner, index: number) => Pair | undefined) {
  class PairIterator {
    readonly #owner: Owner;
    readonly #pick: (pair: Pair) => unknown;
    #index = 0;

    constructor(owner: Owner, pick: (pair: Pair) => unknown) {
      this.#owner = owner;
      this.#pick = pick;
    }

    next(): IteratorResult<unknown> {
      const pair = pairAt(this.#owner, this.#index);
      if (pair === undefined) return { value: undefined, done: true };
      this.#index++;
      return { value: this.#pick(pair), done: false };
    }
  }
  Object.setPrototypeOf(PairIterator.prototype, IteratorPrototype);
  Object.defineProperty(PairIterator.prototype, "next", { enumerable: true });
  Object.defineProperty(PairIterator.prototype, Symbol.toStringTag, { value: `${name} Iterator`, configurable: true });
  delete (PairIterator.prototype as { constructor?: unknown }).constructor;

  const make = <T>(owner: Owner, pick: (pair: Pair) => unknown) =>
    new PairIterator(owner, pick) as unknown as IterableIterator<T>;
  return {
    entries: <T>(owner: Owner): IterableIterator<[string, T]> => make(owner, (pair) => [pair[0], pair[1]]),
    keys: (owner: Owner): IterableIterator<string> => make(owner, (pair) => pair[0]),
    values: <T>(owner: Owner): IterableIterator<T> => make(owner, (pair) => pair[1]),
  };
}

/** As WebIDL has it: the default iterator is the very function `entries`. */
export function alias(prototype: object, name: string): void {
  const { value } = Object.getOwnPropertyDescriptor(prototype, name)!;
  Object.defineProperty(prototype, Symbol.iterator, { value, writable: true, enumerable: false, configurable: true });
}
