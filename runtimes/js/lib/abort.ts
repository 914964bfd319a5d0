import { abortError, domException } from "./dom_exception.ts";
import { Event, EventTarget } from "./events.ts";
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
    const combined = newSignal();
    for (const signal of signals) {
      if (!(signal instanceof AbortSignal)) throw new TypeError("Cannot combine what is no AbortSignal");
    }
    for (const signal of signals) {
      if (signal.#aborted) {
        abortSignal(combined, signal.#reason);
        return combined;
      }
    }
    for (const signal of signals) onAbort(signal, () => abortSignal(combined, signal.#reason));
    return combined;
  }

  static {
    newSignal = () => new AbortSignal(INTERNAL);
    onAbort = (signal, step) => void push(signal.#steps, step);
    abortSignal = (signal, reason) => {
      if (signal.#aborted) return;
      signal.#aborted = true;
      signal.#reason = reason;
      const steps = signal.#steps;
      signal.#steps = [];
      for (let i = 0; i < steps.length; i++) steps[i]();
      signal.dispatchEvent(new Event("abort"));
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
