import { abortError, domException } from "./dom_exception.ts";
import { Event, EventTarget, trusted } from "./events.ts";
import { apply, push } from "./primordials.ts";
import { setTimeout } from "./timers.ts";

const INTERNAL = Symbol("a signal of the engine's own");

/** Aborts with this reason, once. */
let abortSignal: (signal: AbortSignal, reason: unknown) => void;
/** Runs when the signal is aborted, before any listener. */
let onAbort: (signal: AbortSignal, step: () => void) => void;
let newSignal: () => AbortSignal;

type Handler = ((event: Event) => void) | null;

export class AbortSignal extends EventTarget {
  #aborted = false;
  #reason: unknown = undefined;
  #steps: (() => void)[] = [];
  /** Those that it was made of by any(); those that were made of it. */
  #sources: AbortSignal[] = [];
  #dependents: AbortSignal[] = [];
  #handler: Handler = null;

  constructor(secret?: symbol) {
    if (secret !== INTERNAL) throw new TypeError("Cannot make an AbortSignal: use an AbortController");
    super();
  }

  get aborted(): boolean {
    return this.#aborted;
  }
  get reason(): unknown {
    return this.#reason;
  }
  get onabort(): Handler {
    return this.#handler;
  }
  set onabort(handler: Handler) {
    if (this.#handler === null) {
      this.addEventListener("abort", (event) => {
        if (typeof this.#handler === "function") apply(this.#handler, this, [event]);
      });
    }
    this.#handler = typeof handler === "function" ? handler : null;
  }

  throwIfAborted(): void {
    if (this.#aborted) throw this.#reason;
  }

  static abort(reason: unknown = abortError()): AbortSignal {
    const signal = newSignal();
    abortSignal(signal, reason);
    return signal;
  }

  static timeout(ms: number): AbortSignal {
    const delay = Number(ms);
    if (!(delay >= 0 && delay <= Number.MAX_SAFE_INTEGER)) {
      throw new TypeError("Cannot make a signal: its timeout is no number of milliseconds");
    }
    const signal = newSignal();
    setTimeout(() => abortSignal(signal, domException("TimeoutError", "The operation timed out")), delay);
    return signal;
  }

  static any(signals: Iterable<AbortSignal>): AbortSignal {
    const given = [...signals];
    for (const signal of given) {
      if (!(signal instanceof AbortSignal)) throw new TypeError("Cannot combine what is no AbortSignal");
    }
    const combined = newSignal();
    const aborted = given.find((signal) => signal.#aborted);
    if (aborted) {
      abortSignal(combined, aborted.#reason);
      return combined;
    }
    const sources = new Set(given.flatMap((signal) => signal.#sources.length > 0 ? signal.#sources : [signal]));
    combined.#sources = [...sources];
    for (const source of combined.#sources) push(source.#dependents, combined);
    return combined;
  }

  /** All of them are aborted before anybody hears of it. */
  #abort(reason: unknown): AbortSignal[] {
    this.#aborted = true;
    this.#reason = reason;
    const all: AbortSignal[] = [this];
    for (let i = 0; i < this.#dependents.length; i++) {
      const dependent = this.#dependents[i];
      if (dependent.#aborted) continue;
      dependent.#aborted = true;
      dependent.#reason = reason;
      push(all, dependent);
    }
    this.#dependents = [];
    return all;
  }

  static {
    newSignal = () => new AbortSignal(INTERNAL);
    onAbort = (signal, step) => void push(signal.#steps, step);
    abortSignal = (signal, reason) => {
      if (signal.#aborted) return;
      const all = signal.#abort(reason);
      for (let n = 0; n < all.length; n++) {
        const steps = all[n].#steps;
        all[n].#steps = [];
        for (let i = 0; i < steps.length; i++) steps[i]();
        all[n].dispatchEvent(trusted(new Event("abort")));
      }
    };
  }
}

export class AbortController {
  readonly #signal = newSignal();

  get signal(): AbortSignal {
    return this.#signal;
  }

  abort(reason: unknown = abortError()): void {
    abortSignal(this.#signal, reason);
  }
}

export { abortSignal, newSignal, onAbort };
