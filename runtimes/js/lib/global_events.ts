/** Events of the global object: errors that nobody caught. */
import { onException } from "./exceptions.ts";
import { dispatchAt, Event, type EventInit, EventTarget, hasListener } from "./events.ts";

export class CustomEvent extends Event {
  readonly #detail: unknown;
  constructor(type: string, init: EventInit & { detail?: unknown } = {}) {
    super(type, init);
    this.#detail = init?.detail ?? null;
  }
  get detail(): unknown {
    return this.#detail;
  }
}

interface ErrorEventInit extends EventInit {
  message?: string;
  filename?: string;
  lineno?: number;
  colno?: number;
  error?: unknown;
}

export class ErrorEvent extends Event {
  readonly #init: ErrorEventInit;
  constructor(type: string, init: ErrorEventInit = {}) {
    super(type, init);
    this.#init = { ...init };
  }
  get message(): string {
    return this.#init.message ?? "";
  }
  get filename(): string {
    return this.#init.filename ?? "";
  }
  get lineno(): number {
    return this.#init.lineno ?? 0;
  }
  get colno(): number {
    return this.#init.colno ?? 0;
  }
  get error(): unknown {
    return this.#init.error;
  }
}

interface PromiseRejectionEventInit extends EventInit {
  promise: Promise<unknown>;
  reason?: unknown;
}

export class PromiseRejectionEvent extends Event {
  readonly #promise: Promise<unknown>;
  readonly #reason: unknown;
  constructor(type: string, init: PromiseRejectionEventInit) {
    super(type, init);
    this.#promise = init.promise;
    this.#reason = init.reason;
  }
  get promise(): Promise<unknown> {
    return this.#promise;
  }
  get reason(): unknown {
    return this.#reason;
  }
}

const target = new EventTarget();

/** True: nobody prevented it. */
export function dispatchGlobal(type: string, make: () => Event): boolean {
  return !hasListener(target, type) || dispatchAt(make(), target, globalThis);
}

onException((error) => {
  const message = error instanceof Error ? `Uncaught ${error}` : "Uncaught exception";
  return !dispatchGlobal("error", () => new ErrorEvent("error", { error, message, cancelable: true }));
});

export const globalEventFunctions = {
  addEventListener: EventTarget.prototype.addEventListener.bind(target),
  removeEventListener: EventTarget.prototype.removeEventListener.bind(target),
  dispatchEvent: (event: Event): boolean => dispatchAt(event, target, globalThis),
};
