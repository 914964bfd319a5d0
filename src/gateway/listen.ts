import { OperatorError } from "../errors.ts";
import type { Events } from "../observe/events.ts";
import { ResponseCut } from "./sink.ts";

export interface ListenOptions {
  readonly hostname: string;
  readonly port: number;
  readonly handle: (request: Request) => Response | Promise<Response>;
  readonly events: Events;
}

export interface Listening {
  readonly port: number;
  /** Resolves when it listens no more. */
  readonly finished: Promise<void>;
  /**
   * Lets the running requests finish, for so long, and then takes no more. `idle` resolves when none runs: Deno's own
   * shutdown does not wait for a response that is still made from the request's body, and would cut it off.
   */
  drain(idle: Promise<void>, drainMs: number): Promise<void>;
  /** Drops every connection. */
  close(): void;
}

/** Opens the server's address. Throws an OperatorError where it cannot be had. */
export function listen({ hostname, port, handle, events }: ListenOptions): Listening {
  // Without a handler of its own Deno prints every response that is cut off.
  const onError = (error: unknown) => {
    if (!(error instanceof ResponseCut)) {
      events.emit({
        type: "server",
        atMs: Date.now(),
        level: "error",
        message: "Cannot answer a request",
        detail: error instanceof Error ? error.stack : `${error}`,
      });
    }
    return new Response(null, { status: 500 });
  };
  const closing = new AbortController();
  try {
    const server = Deno.serve({ hostname, port, signal: closing.signal, onListen() {}, onError }, handle);
    // Deno throws when a server that has ended is told to end.
    let isOpen = true;
    const finished = server.finished.finally(() => isOpen = false);
    return {
      port: server.addr.port,
      finished,
      drain: (idle, drainMs) => drain(server, idle, drainMs),
      close() {
        if (isOpen) closing.abort();
      },
    };
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) {
      throw new OperatorError(
        `Cannot listen on ${hostname}:${port}: something else does already`,
        "stop it, or name another port with --port (0 takes any that is free)",
      );
    }
    if (error instanceof Deno.errors.AddrNotAvailable || error instanceof Deno.errors.PermissionDenied) {
      throw new OperatorError(
        `Cannot listen on ${hostname}:${port}: ${error.message}`,
        "name another with --host or --port",
      );
    }
    throw error;
  }
}

async function drain(server: Deno.HttpServer, idle: Promise<void>, drainMs: number): Promise<void> {
  const { promise: tooLong, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, drainMs);
  await Promise.race([idle.then(() => server.shutdown()), tooLong]);
  clearTimeout(timer);
}
