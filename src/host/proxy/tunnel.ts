import type { Socket } from "node:net";
import type { Duplex } from "node:stream";

export interface Beginning {
  /** What the guest hears first. */
  readonly head: string;
  /** What came behind the guest's request, and behind the server's answer to it. */
  readonly fromGuest: Uint8Array;
  readonly fromServer?: Uint8Array;
}

/** Bytes both ways, until both ends have ended theirs or one has gone. */
export function tunnel(guest: Duplex, server: Socket, { head, fromGuest, fromServer }: Beginning): void {
  guest.on("close", () => server.destroy());
  server.on("close", () => server.errored ? guest.destroy() : guest.end());
  guest.write(head);
  if (fromServer?.length) guest.write(fromServer);
  if (fromGuest.length > 0) server.write(fromGuest);
  guest.pipe(server);
  server.pipe(guest);
}
