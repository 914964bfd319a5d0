import type { Clock } from "../../clock.ts";
import { Connections } from "./connections.ts";
import { Egress, type EgressOptions } from "../egress/egress.ts";
import { Exchange } from "./exchange.ts";
import { FetchOperation, MOST_EXCHANGES } from "./operations.ts";
import { exchangeNumber, parseOpen, parseWrite } from "./wire.ts";
import { explain } from "./failure.ts";
import type { Host, HostCaller, HostSession } from "../host.ts";

export interface FetchHostOptions extends EgressOptions {
  readonly clock: Clock;
}

/** `fetch` for functions of every tier. */
export class FetchHost {
  readonly clock: Clock;
  readonly #egress: Egress;
  readonly #connections = new Connections();
  readonly #open = new Map<string, number>();
  #opened = 0;

  constructor(options: FetchHostOptions) {
    this.clock = options.clock;
    this.#egress = new Egress(options);
  }

  readonly host: Host = (caller) => new FetchSession(caller, this);

  /** How many exchanges are open. */
  get open(): number {
    return this.#opened;
  }

  close(): void {
    this.#connections.close();
  }

  enter({ tenant }: HostCaller["function"]): void {
    const open = this.#open.get(tenant) ?? 0;
    if (open >= MOST_EXCHANGES.tenant) throw new Error("the tenant has too many open");
    if (this.#opened >= MOST_EXCHANGES.all) throw new Error("the server has too many open");
    this.#open.set(tenant, open + 1);
    this.#opened++;
  }

  leave({ tenant }: HostCaller["function"]): void {
    const open = this.#open.get(tenant)! - 1;
    if (open > 0) this.#open.set(tenant, open);
    else this.#open.delete(tenant);
    this.#opened--;
  }

  /** Its sandbox is gone. */
  forget(caller: HostCaller): void {
    this.#egress.forget(caller);
  }

  async wayTo(url: URL, caller: HostCaller) {
    const addresses = await this.#egress.addressesFor(url, caller.net, caller);
    const agent = this.#connections.agentFor(caller.function.tenant, url.protocol === "https:");
    return { addresses, agent };
  }
}

/** What one sandbox fetches. */
class FetchSession implements HostSession {
  readonly #caller: HostCaller;
  readonly #host: FetchHost;
  readonly #exchanges = new Map<number, Exchange>();

  constructor(caller: HostCaller, host: FetchHost) {
    this.#caller = caller;
    this.#host = host;
  }

  async call(operation: number, argument: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
    try {
      return await this.#call(operation, exchangeNumber(argument), argument);
    } catch (error) {
      throw explain(error);
    }
  }

  close(): void {
    for (const number of this.#exchanges.keys()) this.#end(number);
    this.#host.forget(this.#caller);
  }

  async #call(operation: number, number: number, argument: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
    switch (operation) {
      case FetchOperation.OPEN:
        return await this.#settling(number, this.#start(number, argument));
      case FetchOperation.READ:
        return await this.#settling(number, this.#exchange(number).read());
      case FetchOperation.WRITE: {
        const { bytes, isLast } = parseWrite(argument);
        await this.#settling(number, this.#exchange(number).write(bytes, isLast));
        return NOTHING;
      }
      case FetchOperation.CLOSE:
        this.#end(number);
        return NOTHING;
      default:
        throw new Error(`there is no operation ${operation}`);
    }
  }

  #start(number: number, argument: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
    if (this.#exchanges.has(number)) throw new Error(`the number ${number} is taken`);
    if (this.#exchanges.size >= MOST_EXCHANGES.sandbox) throw new Error("the function has too many open");
    const request = parseOpen(argument);
    const exchange = new Exchange(request, this.#host.clock, (cpuMs) => this.#caller.charge(cpuMs));
    this.#host.enter(this.#caller.function);
    this.#exchanges.set(number, exchange);
    return exchange.open(this.#host.wayTo(request.url, this.#caller));
  }

  /** An exchange that is over after this is forgotten. */
  async #settling<T>(number: number, work: Promise<T>): Promise<T> {
    try {
      return await work;
    } finally {
      if (this.#exchanges.get(number)?.isOver) this.#end(number);
    }
  }

  #exchange(number: number): Exchange {
    const exchange = this.#exchanges.get(number);
    if (!exchange) throw new Error("it has ended");
    return exchange;
  }

  #end(number: number): void {
    const exchange = this.#exchanges.get(number);
    if (!exchange) return;
    this.#exchanges.delete(number);
    exchange.close();
    this.#host.leave(this.#caller.function);
  }
}

const NOTHING = new Uint8Array();
