import { OperatorError } from "../errors.ts";
import type { Events } from "../observe/events.ts";
import { ResponseCut } from "./sink.ts";

export interface ListenOptions {
  readonly hostname: string;
  readonly port: number;
  readonly handle: (request: Request) => Response | Promise<Response>;
  readonly events: Events;
}

/** Opens the server's address. Throws an OperatorError where it cannot be had. */
export function listen({ hostname, port, handle, events }: ListenOptions): Deno.HttpServer<Deno.NetAddr> {
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
  try {
    return Deno.serve({ hostname, port, onListen() {}, onError }, handle);
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

/** Takes no more requests and lets the running ones finish, for so long. */
export async function shutDown(server: Deno.HttpServer, drainMs: number): Promise<void> {
  const { promise: tooLong, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, drainMs);
  await Promise.race([server.shutdown(), tooLong]);
  clearTimeout(timer);
}
