import { connect, type Socket } from "node:net";
import { LIMITS } from "../../limits.ts";

/** Of one address, while there are others. */
const PATIENCE_MS = 3000;

/** A connection to the first of the addresses that takes one; it ends when `signal` aborts. */
export async function dial(addresses: readonly string[], port: number, signal: AbortSignal): Promise<Socket> {
  const tried = addresses.slice(0, LIMITS.fetchAddresses);
  let failure: unknown;
  for (const [n, address] of tried.entries()) {
    try {
      return await connected(address, port, signal, n < tried.length - 1 ? PATIENCE_MS : null);
    } catch (error) {
      signal.throwIfAborted();
      failure = error;
    }
  }
  throw failure;
}

function connected(address: string, port: number, signal: AbortSignal, mostMs: number | null): Promise<Socket> {
  signal.throwIfAborted();
  const socket = connect({ host: address, port, allowHalfOpen: true });
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const abort = () => socket.destroy(new Error("nobody waits for it any more"));
  signal.addEventListener("abort", abort);
  const late = () => socket.destroy(new Error("the server did not answer"));
  const timer = mostMs === null ? undefined : setTimeout(late, mostMs);
  socket.on("connect", () => {
    clearTimeout(timer);
    resolve(socket);
  });
  socket.on("error", reject);
  socket.on("close", () => {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
    reject(new Error("the connection was closed"));
  });
  return promise;
}
