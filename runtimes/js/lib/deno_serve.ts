/** `Deno.serve`: a function listens nowhere, its handler is called for each request. */
import type { AbortSignal } from "./abort.ts";
import type { Handler } from "./serve.ts";

let captured: Handler | null = null;

export const capturedServer = (): Handler | null => captured;

interface Address {
  readonly hostname: string;
  readonly port: number;
  readonly transport: "tcp";
}

interface ServeOptions {
  readonly handler?: unknown;
  readonly hostname?: unknown;
  readonly port?: unknown;
  readonly signal?: AbortSignal;
  readonly onListen?: (address: Address) => void;
  readonly onError?: (error: unknown) => unknown;
}

type DenoHandler = (request: unknown, info: unknown) => unknown;

const PORT = 8000;

const isFunction = (value: unknown): value is DenoHandler => typeof value === "function";
const isOptions = (value: unknown): value is ServeOptions => typeof value === "object" && value !== null;

/** `serve(handler)`, `serve(options, handler)`, `serve({ handler, ...options })`. */
export function serve(...args: unknown[]): unknown {
  const options = args.find(isOptions) ?? {};
  const handler = args.find(isFunction) ?? options.handler;
  if (!isFunction(handler)) throw new TypeError("Cannot serve: there is no handler");
  if (captured !== null) throw new TypeError("Cannot serve twice: a function has one server");
  captured = (request) => answer(handler, options, request);
  const address: Address = {
    hostname: typeof options.hostname === "string" ? options.hostname : "0.0.0.0",
    port: typeof options.port === "number" ? options.port : PORT,
    transport: "tcp",
  };
  options.onListen?.({ ...address });
  return serverAt(address);
}

/** Where the caller is: behind the server's own connection, which a function does not see. No address is that of one. */
const CALLER = { transport: "tcp", hostname: "0.0.0.0", port: 0 } as const;

/** What the handler throws is `onError`'s, where there is one. */
function answer(handler: DenoHandler, { onError }: ServeOptions, request: unknown): unknown {
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
function serverAt(addr: Address): object {
  const { promise: finished, resolve } = Promise.withResolvers<void>();
  const shutdown = (): Promise<void> => {
    resolve();
    return finished;
  };
  return { addr, finished, shutdown, ref() {}, unref() {}, [Symbol.asyncDispose]: shutdown };
}
