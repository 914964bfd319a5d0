import { HOME, type NetPolicy } from "../../src/types.ts";
import type { HostSession } from "../../src/host/host.ts";
import { ProxyOperation } from "../../src/host/operations.ts";
import type { ProxyHost } from "../../src/host/proxy/proxy_host.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("latin1");

const callOf = (number: number, bytes: Uint8Array = new Uint8Array(0)) =>
  Uint8Array.from([...new Uint8Array(new Uint32Array([number]).buffer), ...bytes]);

/** One connection of a guest's, as its cell brings it to the host. */
export class Line {
  /** All that was read so far. */
  text = "";

  constructor(readonly session: HostSession, readonly number: number) {}

  async write(text: string | Uint8Array): Promise<void> {
    const bytes = typeof text === "string" ? encoder.encode(text) : text;
    await this.session.call(ProxyOperation.WRITE, callOf(this.number, bytes));
  }

  async read(): Promise<Uint8Array> {
    const bytes = await this.session.call(ProxyOperation.READ, callOf(this.number));
    this.text += decoder.decode(bytes);
    return bytes;
  }

  /** Reads until `end` was read, or all has come. */
  async until(end: string | null): Promise<string> {
    while (end === null || !this.text.includes(end)) {
      if ((await this.read()).length === 0) break;
    }
    return this.text;
  }

  async close(): Promise<void> {
    await this.session.call(ProxyOperation.CLOSE, callOf(this.number));
  }
}

/** A sandbox. */
export class Guest implements Disposable {
  readonly session: HostSession;
  #last = 0;

  constructor(host: ProxyHost, net: NetPolicy = ["127.0.0.1"], tenant = HOME) {
    const id = { tenant, name: "asks" };
    this.session = host.host({ function: id, net, requestId: "r", deadlineMs: Infinity, charge: () => {} });
  }

  async connect(): Promise<Line> {
    const number = ++this.#last;
    await this.session.call(ProxyOperation.OPEN, callOf(number));
    return new Line(this.session, number);
  }

  /** All that one connection answers to this. */
  async ask(text: string): Promise<string> {
    const line = await this.connect();
    await line.write(text);
    return await line.until(null);
  }

  [Symbol.dispose](): void {
    this.session.close();
  }
}
