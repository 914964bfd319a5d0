import type { Clock } from "../clock.ts";
import { MayflyError } from "../errors.ts";
import type { Events } from "../observe/events.ts";
import { failure } from "../outcome.ts";
import type { Functions } from "../registry/function.ts";
import { HOME } from "../types.ts";
import { type Address, Addresses } from "./address.ts";
import { RequestHead } from "./head.ts";
import { Invoker, type InvokerOptions } from "./invoke.ts";
import { notFoundPage, wantsPage } from "./not_found_page.ts";
import { errorResponse } from "./respond.ts";
import { starting } from "./starting.ts";

export interface GatewayOptions {
  readonly clock: Clock;
  readonly events: Events;
}

/** What requests are for. */
export interface Service extends Omit<InvokerOptions, keyof GatewayOptions> {
  readonly domains: readonly string[];
  readonly functions: Functions;
  /** hono: the admin API and all that is no function. */
  readonly admin: (request: Request, requestId: string) => Response | Promise<Response>;
}

interface Open extends Pick<Service, "functions" | "admin"> {
  readonly invoker: Invoker;
}

const ADMIN_PREFIX = "/_mayfly";

/** The one way in for every HTTP request. Until it is opened it answers that the server is starting. */
export class Gateway {
  readonly #options: GatewayOptions;
  #addresses = new Addresses([]);
  #open: Open | null = null;
  readonly #head = new RequestHead();
  readonly #idPrefix = crypto.randomUUID().slice(0, 8);
  #requests = 0;
  #draining = false;

  constructor(options: GatewayOptions) {
    this.#options = options;
  }

  open(service: Service): void {
    const { domains, functions, admin } = service;
    this.#addresses = new Addresses(domains);
    this.#open = { functions, admin, invoker: new Invoker({ ...service, ...this.#options }) };
  }

  /** From now on functions are not called any more: what still comes on open connections is refused. */
  drain(): void {
    this.#draining = true;
  }

  readonly handle = (request: Request): Response | Promise<Response> => {
    const arrivedMs = this.#options.clock.monotonic();
    let requestId = "";
    try {
      const head = this.#head;
      requestId = this.#readHead(head, request);
      const address = this.#addresses.parse(head.host, request.url);
      const open = this.#open;
      if (open === null) return starting(address, requestId);
      if (this.#isAdmin(address)) return open.admin(normalised(request, address), requestId);
      if (this.#draining) throw new MayflyError("overload", "The server is going down", { retryAfterS: 1 });
      if (head.isUpgrade) throw new MayflyError("unsupported", "WebSocket upgrades are not supported yet");
      return this.#route(open, request, head, address, requestId, arrivedMs);
    } catch (error) {
      return this.#failed(error, request, requestId, arrivedMs);
    }
  };

  #readHead(head: RequestHead, request: Request): string {
    head.read(request.headers, request.url);
    return head.requestId ?? `${this.#idPrefix}-${(++this.#requests).toString(36)}`;
  }

  #isAdmin({ tenantHost, path }: Address): boolean {
    return tenantHost === null && path.startsWith(ADMIN_PREFIX) &&
      (path.length === ADMIN_PREFIX.length || path[ADMIN_PREFIX.length] === "/");
  }

  #route(
    { functions, invoker }: Open,
    request: Request,
    head: RequestHead,
    address: Address,
    requestId: string,
    arrivedMs: number,
  ): Response | Promise<Response> {
    let tenant = address.tenantHost ?? HOME;
    let prefix = "";
    let path = address.path;
    if (address.tenantHost === null && path.startsWith("/@")) {
      const end = path.indexOf("/", 2);
      prefix = end < 0 ? path : path.slice(0, end);
      tenant = prefix.slice(2);
      path = end < 0 ? "/" : path.slice(end);
    }
    // The home tenant has one address only: neither `home.localhost` nor `/@home` leads to it.
    const match = tenant === HOME && (prefix !== "" || address.tenantHost !== null)
      ? null
      : functions.match(tenant, path);
    if (match === null) throw new MayflyError("not_found", "There is no function at this path");
    return invoker.invoke(request, head, address, prefix, match, requestId, arrivedMs);
  }

  #failed(error: unknown, request: Request, knownId: string, arrivedMs: number): Response {
    const requestId = knownId || `${this.#idPrefix}-${(++this.#requests).toString(36)}`;
    const known = error instanceof MayflyError;
    const code = known ? error.code : "internal";
    const message = known ? error.message : "The server failed; its log has the cause under this request id";
    const retryAfterS = known ? error.retryAfterS : undefined;
    this.#options.events.emit({
      type: "request",
      atMs: this.#options.clock.now(),
      id: null,
      version: null,
      requestId,
      method: request.method,
      path: pathOf(request.url),
      outcome: failure(code, message, { cause: known ? error.cause : error, retryAfterS }),
      wallMs: this.#options.clock.monotonic() - arrivedMs,
    });
    if (code === "not_found" && wantsPage(request)) return notFoundPage(pathOf(request.url), requestId);
    const functionName = known ? error.functionName : null;
    const detail = known ? error.detail : null;
    return errorResponse(code, message, { requestId, functionName, retryAfterS, detail });
  }
}

/** So that the admin API sees the path that the gateway has seen. */
function normalised(request: Request, { host, path, query }: Address): Request {
  const url = `http://${host}${path}${query}`;
  return url === request.url ? request : new Request(url, request);
}

/** Of a URL that may be malformed. */
function pathOf(url: string): string {
  const start = url.indexOf("/", url.indexOf("://") + 3);
  const end = url.indexOf("?", start);
  return start < 0 ? "" : url.slice(start, end < 0 ? undefined : end);
}
