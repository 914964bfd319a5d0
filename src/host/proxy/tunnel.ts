import type { Socket } from "node:net";
import type { Duplex } from "node:stream";

const ESTABLISHED = "HTTP/1.1 200 Connection established\r\n\r\n";

/** Bytes both ways, until both ends have ended theirs or one has gone. `first` came with the request. */
export function tunnel(guest: Duplex, server: Socket, first: Uint8Array): void {
  guest.on("close", () => server.destroy());
  server.on("close", () => server.errored ? guest.destroy() : guest.end());
  guest.write(ESTABLISHED);
  if (first.length > 0) server.write(first);
  guest.pipe(server);
  server.pipe(guest);
}
