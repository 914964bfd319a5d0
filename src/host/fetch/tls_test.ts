import assert from "node:assert/strict";
import { createServer } from "node:https";
import { type AddressInfo, createServer as createPlainServer, type Server } from "node:net";
import { HOME } from "../../types.ts";
import { FetchHost } from "./fetch_host.ts";
import { FetchOperation } from "./operations.ts";

const clock = { now: () => 0, monotonic: () => 0 };
const CERTIFICATES = new URL("../../../tests/certificates/", import.meta.url);
const pem = (name: string) => Deno.readTextFileSync(new URL(name, CERTIFICATES));

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

function sessionOf(host: FetchHost, charge = (_cpuMs: number) => {}) {
  const id = { tenant: HOME, name: "fetches" };
  return host.host({ function: id, net: ["127.0.0.1"], requestId: "r", deadlineMs: Infinity, charge });
}

function openCall(url: string): Uint8Array<ArrayBuffer> {
  const head = new TextEncoder().encode(`GET\n${url}\nnone\n`);
  return Uint8Array.from([...new Uint8Array(new Uint32Array([1, head.length]).buffer), ...head]);
}

Deno.test("a certificate that nobody vouches for is refused, and nothing is sent", async () => {
  let asked = 0;
  let chargedMs = 0;
  const server = createServer({ cert: pem("localhost.pem"), key: pem("localhost.key") }, (_, response) => {
    asked++;
    response.end();
  });
  const port = await listening(server);
  const host = new FetchHost({ clock, lookup: () => Promise.resolve(["127.0.0.1"]) });
  for (const name of ["localhost", "other.example", "127.0.0.1"]) {
    const session = sessionOf(host, (cpuMs) => chargedMs += cpuMs);
    await assert.rejects(session.call(FetchOperation.OPEN, openCall(`https://${name}:${port}/`)), /certificate/);
    session.close();
  }
  assert.equal(asked, 0);
  assert.ok(chargedMs > 0, "handshakes are charged");
  host.close();
  await new Promise((resolve) => server.close(resolve));
});

Deno.test("a server that never answers a handshake is left with its sandbox", async () => {
  const connected = Promise.withResolvers<void>();
  const left = Promise.withResolvers<void>();
  const server = createPlainServer((socket) => {
    socket.on("error", () => {});
    socket.on("close", () => left.resolve());
    socket.on("data", () => connected.resolve());
  });
  const port = await listening(server);
  const host = new FetchHost({ clock, lookup: () => Promise.resolve(["127.0.0.1"]) });
  const session = sessionOf(host);
  const answer = session.call(FetchOperation.OPEN, openCall(`https://silent.example:${port}/`));
  await connected.promise;
  session.close();
  await assert.rejects(answer);
  await left.promise;
  assert.equal(host.open, 0);
  host.close();
  await new Promise((resolve) => server.close(resolve));
});
