/** `ctx`, a handler's second argument. Made for each request, filled as it is asked. */
import type { AbortSignal } from "./abort.ts";
import type { Exchange } from "./exchange.ts";
import { parseJson } from "./primordials.ts";
import { settings } from "./settings.ts";
import { waitUntil } from "./waiting.ts";

interface RequestContext {
  params?: Record<string, string>;
  mount?: string;
}

let newContext: (exchange: Exchange) => Context;

export class Context {
  readonly #exchange: Exchange;
  #parsed: RequestContext | null = null;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  #ofRequest(): RequestContext {
    const { context } = this.#exchange;
    return this.#parsed ??= context === "" ? {} : parseJson(context);
  }

  get params(): Record<string, string> {
    return this.#ofRequest().params ??= {};
  }
  get mount(): string {
    return this.#ofRequest().mount ?? settings.mount;
  }
  get requestId(): string {
    return this.#exchange.id;
  }
  get signal(): AbortSignal {
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
    waitUntil(promise);
  }

  static {
    newContext = (exchange) => new Context(exchange);
  }
}
delete (Context.prototype as { constructor?: unknown }).constructor;

export { newContext };
