import http, { type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { LIMITS } from "../../limits.ts";
import { Egress, type EgressOptions } from "../egress/egress.ts";
import type { Host, HostCaller, HostSession } from "../host.ts";
import { ProxyOperation } from "../operations.ts";
import { dial } from "./dial.ts";
import { forward } from "./forward.ts";
import { GuestConnection } from "./guest_connection.ts";
import { Refusal } from "./refusal.ts";
import { portOf, requestTarget, tunnelTarget } from "./target.ts";
import { tunnel } from "./tunnel.ts";
import { asksForWebSocket } from "./upgrade.ts";

/** What the proxy knows of a guest's connection. */
interface Dialing {
  readonly caller: HostCaller;
  readonly gone: AbortSignal;
  /** That came over it. The first is answered, which ends it. */
  requests: number;
}

/** It listens nowhere. How long a guest may take is its request's deadline to say. */
const SERVER = {
  ...{ maxHeaderSize: LIMITS.headerBytes, headersTimeout: 0, requestTimeout: 0 },
  shouldUpgradeCallback: asksForWebSocket,
};

/** The HTTP proxy that is a microVM's only way out: `CONNECT host:port`, or requests with a whole URL. */
export class ProxyHost {
  readonly #egress: Egress;
  readonly #server: http.Server;
  readonly #dialing = new WeakMap<object, Dialing>();
  readonly #open = new Map<string, number>();
  #opened = 0;

  constructor(options: EgressOptions) {
    this.#egress = new Egress(options);
    this.#server = http.createServer(SERVER);
    this.#server.on("request", (request, response) => this.#onRequest(request, response));
    this.#server.on("connect", (request, guest, first) => this.#onConnect(request, guest, first));
    this.#server.on("upgrade", (request, guest, first) => this.#onUpgrade(request, guest, first));
    this.#server.on("clientError", (error, guest) => onNonsense(error, guest));
  }

  readonly host: Host = (caller) => new ProxySession(caller, this);

  /** How many connections are open. */
  get open(): number {
    return this.#opened;
  }

  connect(caller: HostCaller): GuestConnection {
    const { tenant } = caller.function;
    const open = this.#open.get(tenant) ?? 0;
    if (open >= LIMITS.proxyConnectionsPerTenant) throw new Error("Cannot connect: the tenant has too many open");
    if (this.#opened >= LIMITS.proxyConnections) throw new Error("Cannot connect: the server has too many open");
    this.#open.set(tenant, open + 1);
    this.#opened++;
    const guest = new GuestConnection();
    const gone = new AbortController();
    guest.on("close", () => {
      gone.abort();
      this.#leave(tenant);
    });
    this.#dialing.set(guest, { caller, gone: gone.signal, requests: 0 });
    this.#server.emit("connection", guest);
    return guest;
  }

  /** Its sandbox is gone. */
  forget(caller: HostCaller): void {
    this.#egress.forget(caller);
  }

  #leave(tenant: string): void {
    const open = this.#open.get(tenant)! - 1;
    if (open > 0) this.#open.set(tenant, open);
    else this.#open.delete(tenant);
    this.#opened--;
  }

  async #onConnect(request: IncomingMessage, guest: Duplex, first: Uint8Array): Promise<void> {
    if (!this.#isFirst(guest)) {
      guest.destroy();
      return;
    }
    try {
      const server = await this.#dial(tunnelTarget(request.url!), guest);
      tunnel(guest, server, { head: ESTABLISHED, fromGuest: first });
    } catch (error) {
      guest.end(Refusal.ofFailure(error).text);
    }
  }

  async #onUpgrade(request: IncomingMessage, guest: Duplex, first: Uint8Array): Promise<void> {
    if (!this.#isFirst(guest)) {
      guest.destroy();
      return;
    }
    const response = new http.ServerResponse(request);
    response.assignSocket(guest as Socket);
    response.on("finish", () => guest.end());
    try {
      const url = requestTarget(request.url!);
      const server = await this.#dial(url, guest);
      await forward(request, response, url, server, (head, fromServer) => {
        response.detachSocket(guest as Socket);
        tunnel(guest, server, { head, fromGuest: first, fromServer });
      });
    } catch (error) {
      refuse(response, Refusal.ofFailure(error));
    }
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    if (this.#isFirst(request.socket)) this.#answer(request, response);
  }

  /** Those behind it are nobody's: a client that did not wait for the answer sees by its end that they have none. */
  #isFirst(guest: Duplex): boolean {
    const dialing = this.#dialing.get(guest)!;
    if (++dialing.requests > LIMITS.proxyRequestsAhead) guest.destroy();
    return dialing.requests === 1;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const url = requestTarget(request.url!);
      await forward(request, response, url, await this.#dial(url, request.socket));
    } catch (error) {
      refuse(response, Refusal.ofFailure(error));
    }
  }

  /** To an address that was checked: a name may lead elsewhere a moment later. */
  async #dial(url: URL, guest: object): Promise<Socket> {
    const { caller, gone } = this.#dialing.get(guest)!;
    let addresses: string[];
    try {
      addresses = await this.#egress.addressesFor(url, caller.net, caller);
    } catch (error) {
      throw Refusal.forbidden(error);
    }
    return await dial(addresses, portOf(url), gone);
  }
}

/** What one sandbox has open. Its cell numbers the connections. */
class ProxySession implements HostSession {
  readonly #caller: HostCaller;
  readonly #host: ProxyHost;
  readonly #connections = new Map<number, GuestConnection>();

  constructor(caller: HostCaller, host: ProxyHost) {
    this.#caller = caller;
    this.#host = host;
  }

  async call(operation: number, argument: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
    if (argument.length < NUMBER_BYTES) throw new Error("Cannot use the proxy: the call has no number");
    const number = new DataView(argument.buffer, argument.byteOffset).getUint32(0, true);
    switch (operation) {
      case ProxyOperation.OPEN:
        this.#start(number);
        return NOTHING;
      case ProxyOperation.WRITE:
        await this.#connection(number).fromGuest(argument.subarray(NUMBER_BYTES));
        return NOTHING;
      case ProxyOperation.READ:
        return await this.#connection(number).toGuest();
      case ProxyOperation.CLOSE:
        this.#connections.get(number)?.destroy();
        this.#connections.delete(number);
        return NOTHING;
      default:
        throw new Error(`Cannot do host call ${operation}: there is none of that number`);
    }
  }

  close(): void {
    for (const connection of this.#connections.values()) connection.destroy();
    this.#connections.clear();
    this.#host.forget(this.#caller);
  }

  #start(number: number): void {
    if (this.#connections.has(number)) throw new Error(`Cannot connect: the number ${number} is taken`);
    if (this.#connections.size >= LIMITS.proxyConnectionsPerSandbox) {
      throw new Error("Cannot connect: the function has too many connections open");
    }
    this.#connections.set(number, this.#host.connect(this.#caller));
  }

  #connection(number: number): GuestConnection {
    const connection = this.#connections.get(number);
    if (!connection) throw new Error("Cannot use the proxy: the connection is closed");
    return connection;
  }
}

const ESTABLISHED = "HTTP/1.1 200 Connection established\r\n\r\n";
const NUMBER_BYTES = 4;
const NOTHING = new Uint8Array(0);

/** Once a part of an answer is out, a closed connection is all that says that it is not whole. */
function refuse(response: ServerResponse, refusal: Refusal): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const { status, reason, body } = refusal;
  const headers = { "content-type": "text/plain", "content-length": body.length, "connection": "close" };
  response.writeHead(status, reason, headers).end(body);
}

function onNonsense(error: Error & { code?: string }, guest: { writable: boolean; end(text: string): void }): void {
  if (!guest.writable) return;
  const isLong = error.code === "HPE_HEADER_OVERFLOW";
  guest.end(new Refusal(400, isLong ? "the head is too long" : "this is not an HTTP request").text);
}
