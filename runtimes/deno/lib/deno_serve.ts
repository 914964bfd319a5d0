/** `Deno.serve`: a function listens nowhere, its handler is called for each request. */
import type { Handler } from "./exchange.ts";

let captured: Handler | null = null;

export const capturedServer = (): Handler | null => captured;

interface ServeOptions extends Partial<Deno.NetAddr> {
  readonly handler?: unknown;
  readonly onListen?: (address: Deno.NetAddr) => void;
  readonly onError?: (error: unknown) => unknown;
}

type DenoHandler = (request: Request, info: unknown) => unknown;

const PORT = 8000;
/** Where the caller is: behind the server's own connection, which a function does not see. No address is that of one. */
const CALLER = { transport: "tcp", hostname: "0.0.0.0", port: 0 } as const;

const isFunction = (value: unknown): value is DenoHandler => typeof value === "function";
const isOptions = (value: unknown): value is ServeOptions => typeof value === "object" && value !== null;

/** `serve(handler)`, `serve(options, handler)`, `serve({ handler, ...options })`. */
function serve(...args: unknown[]): unknown {
  const options = args.find(isOptions) ?? {};
  const handler = args.find(isFunction) ?? options.handler;
  if (!isFunction(handler)) throw new TypeError("Cannot serve: there is no handler");
  if (captured !== null) throw new TypeError("Cannot serve twice: a function has one server");
  captured = (request) => answer(handler, options, request);
  const { hostname = "0.0.0.0", port = PORT } = options;
  const address: Deno.NetAddr = { hostname, port, transport: "tcp" };
  options.onListen?.({ ...address });
  return serverAt(address);
}

/** What the handler throws is `onError`'s, where there is one. */
function answer(handler: DenoHandler, { onError }: ServeOptions, request: Request): unknown {
  const info = { remoteAddr: { ...CALLER }, completed: new Promise<void>(() => {}) };
  if (!isFunction(onError)) return handler(request, info);
  return (async () => {
    try {
      return await handler(request, info);
    } catch (error) {
      return await onError(error);
    }
  })();
}

/** It is finished when it is shut down, which changes nothing for the requests that come. */
function serverAt(addr: Deno.NetAddr): object {
  const { promise: finished, resolve } = Promise.withResolvers<void>();
  const shutdown = (): Promise<void> => {
    resolve();
    return finished;
  };
  return { addr, finished, shutdown, ref() {}, unref() {}, [Symbol.asyncDispose]: shutdown };
}

Object.defineProperty(Deno, "serve", { value: serve, writable: true, configurable: true, enumerable: true });
