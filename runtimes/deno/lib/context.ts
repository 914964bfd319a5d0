/** `ctx`, a handler's second argument. Made for each request, filled as it is asked. */
import type { Exchange } from "./exchange.ts";
import { settings } from "./settings.ts";

interface RequestContext {
  params?: Record<string, string>;
  mount?: string;
}

export class Context {
  readonly #exchange: Exchange;
  #told: RequestContext | null = null;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  get #ofRequest(): RequestContext {
    const { context } = this.#exchange;
    return this.#told ??= context === "" ? {} : JSON.parse(context);
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
    this.#exchange.waitUntil(promise);
  }
}
