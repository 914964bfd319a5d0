/** `ctx`, a handler's second argument. Made for each request, filled as it is asked. */
import { settings } from "./settings.ts";

interface RequestContext {
  params?: Record<string, string>;
  mount?: string;
}

/** The request that a context is of. */
export interface ContextExchange {
  readonly id: string;
  /** JSON, or empty. */
  readonly context: string;
  /** An AbortSignal of the runtime's. */
  readonly signal: object;
  waitUntil(promise: unknown): void;
}

/** As it is before a function's code may replace it. */
const { parse } = JSON;

export class Context {
  readonly #exchange: ContextExchange;
  #told: RequestContext | null = null;

  constructor(exchange: ContextExchange) {
    this.#exchange = exchange;
  }

  get #ofRequest(): RequestContext {
    const { context } = this.#exchange;
    return this.#told ??= context === "" ? {} : parse(context);
  }

  get params(): Record<string, string> {
    return this.#ofRequest.params ??= {};
  }
  get mount(): string {
    return this.#ofRequest.mount ?? settings.mount;
  }
  get requestId(): string {
    return this.#exchange.id;
  }
  get signal(): object {
    return this.#exchange.signal;
  }
  get function(): { name: string; tenant: string; version: string } {
    return { ...settings.function };
  }
  get env(): Record<string, string> {
    return { ...settings.env };
  }

  /** The sandbox lives on until the promise settles, within what is left of the request's time. */
  waitUntil(promise: unknown): void {
    this.#exchange.waitUntil(promise);
  }
}
/** Nobody but a runtime makes one. */
delete (Context.prototype as { constructor?: unknown }).constructor;
