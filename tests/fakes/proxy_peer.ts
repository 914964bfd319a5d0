import { createServer as createHttpServer, type RequestListener } from "node:http";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { ProxyHost } from "../../src/host/proxy/proxy_host.ts";
import type { NetPolicy } from "../../src/types.ts";

const clock = { now: () => 0, monotonic: () => 0 };

/** A server on loopback that knows its connections. */
export class Peer implements AsyncDisposable {
  readonly sockets = new Set<Socket>();
  accepted = 0;

  private constructor(readonly server: Server) {
    server.on("connection", (socket: Socket) => {
      this.accepted++;
      this.sockets.add(socket);
      socket.on("close", () => this.sockets.delete(socket));
      socket.on("error", () => {});
    });
  }

  static async start(server: Server): Promise<Peer> {
    const peer = new Peer(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return peer;
  }

  static http(handler: RequestListener): Promise<Peer> {
    return Peer.start(createHttpServer(handler));
  }

  static tcp(handler: (socket: Socket) => void): Promise<Peer> {
    return Peer.start(createServer({ allowHalfOpen: true }, handler));
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

export async function until(what: string, holds: () => boolean): Promise<void> {
  for (let n = 0; !holds(); n++) {
    if (n === 1000) throw new Error(`Cannot wait any longer until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export const newHost = (lookup = (_: string) => Promise.resolve(["127.0.0.1"]), capOf?: () => NetPolicy) =>
  new ProxyHost({ clock, lookup, capOf, ownAddresses: () => [] });

export const connectTo = (port: number, host = "127.0.0.1") => `CONNECT ${host}:${port} HTTP/1.1\r\nHost: x\r\n\r\n`;
export const upgradeTo = (port: number, host = "127.0.0.1") =>
  `GET http://${host}:${port}/chat HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
  "Sec-WebSocket-Key: key\r\n\r\n";
export const statusOf = (text: string): string => text.slice(0, text.indexOf("\r\n"));
