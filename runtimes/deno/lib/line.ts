/** Frames that come while a request is served: read by the event loop, as nothing else waits for them. */
import { Socket } from "node:net";
import { block, duplicate } from "./descriptor.ts";
import { Input } from "./wire.ts";

export const input = new Input();

let socket: Socket | null = null;

/** `onBytes` is called when more has come; the event loop does not end meanwhile. */
export function listen(onBytes: () => void): void {
  if (socket !== null) return;
  socket = new Socket({ fd: duplicate(), readable: true, writable: false });
  socket.on("data", (bytes: Uint8Array) => {
    input.add(bytes);
    onBytes();
  });
  socket.on("error", () => Deno.exit(1));
  socket.on("end", () => Deno.exit(0));
}

/** From here on reads wait. */
export function stopListening(): void {
  if (socket === null) return;
  socket.removeAllListeners();
  socket.on("error", () => {});
  socket.destroy();
  socket = null;
  block();
}
