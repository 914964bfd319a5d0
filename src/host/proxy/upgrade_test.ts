import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { Guest } from "../../../tests/fakes/proxy_guest.ts";
import { newHost, Peer, statusOf, until, upgradeTo } from "../../../tests/fakes/proxy_peer.ts";

/** Says what it was asked, and switches to an echo. */
const switches = (answer = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: yes\r\n\r\nnow ") => {
  const asked: string[] = [];
  const handler = (socket: Socket) =>
    socket.once("data", (bytes) => {
      asked.push(`${bytes}`);
      socket.write(Buffer.from(`HTTP/1.1 101 Switching\r\n${answer}`, "latin1"));
      socket.pipe(socket);
    });
  return { asked, handler };
};

Deno.test("a WebSocket is asked for as one, and a tunnel from its answer on", async () => {
  const { asked, handler } = switches();
  await using peer = await Peer.tcp(handler);
  using guest = new Guest(newHost());
  const line = await guest.connect();
  await line.write(upgradeTo(peer.port) + "early ");
  await line.until("early ");
  await line.write("late");
  const text = await line.until("late");
  const switched = /^HTTP\/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: yes\r\n/;
  assert.match(text, switched);
  assert.match(text, /\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\nnow early late$/);
  const lines = asked[0].toLowerCase().split("\r\n");
  assert.deepEqual(lines.slice(1).sort().join("\n").trim().split("\n"), [
    ...["connection: upgrade", `host: 127.0.0.1:${peer.port}`, "sec-websocket-key: key", "upgrade: websocket"],
  ]);
  assert.match(asked[0], /^GET \/chat HTTP\/1.1\r\n[^]*\r\n\r\n$/);
});

Deno.test("a server that wants no WebSocket answers, and gets nothing of what came for that", async () => {
  const asked: string[] = [];
  await using peer = await Peer.tcp((socket) => {
    socket.on("data", (bytes) => asked.push(`${bytes}`));
    socket.write("HTTP/1.1 426 No\r\nContent-Length: 4\r\n\r\n");
    setTimeout(() => socket.end("none"), 50);
  });
  using guest = new Guest(newHost());
  const smuggled = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";
  const text = await guest.ask(upgradeTo(peer.port) + smuggled);
  assert.match(text, /^HTTP\/1.1 426 No\r\n[^]*\r\n\r\nnone$/);
  assert.doesNotMatch(asked.join(""), /smuggled/);
});

Deno.test("a protocol that can be done without, or has a body, is not asked for", async () => {
  await using peer = await Peer.http((request, response) => {
    let body = "";
    request.on("data", (bytes) => body += bytes);
    request.on("end", () => response.end(JSON.stringify([request.headers.upgrade ?? null, request.url, body])));
  });
  using guest = new Guest(newHost());
  const asks = [
    [upgradeTo(peer.port).replace("websocket", "h2c"), ""],
    [upgradeTo(peer.port).replace("GET", "POST").replace("Host", "Content-Length: 4\r\nHost") + "body", "body"],
    [upgradeTo(peer.port).replace("Host", "Content-Length: 4\r\nHost") + "body", "body"],
    [upgradeTo(peer.port).replace("Host", "Transfer-Encoding: chunked\r\nHost") + "4\r\nbody\r\n0\r\n\r\n", "body"],
  ];
  for (const [ask, body] of asks) {
    const text = await guest.ask(ask);
    assert.match(text, /^HTTP\/1.1 200/);
    assert.ok(text.includes(JSON.stringify([null, "/chat", body])), text);
  }
});

const switchedWrong: readonly [what: string, answer: string][] = [
  ["to another protocol", "Upgrade: h2c\r\nConnection: Upgrade\r\n\r\n"],
  ["and has a length", "Upgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 5\r\n\r\nhello"],
  ["with a control character", "Upgrade: websocket\r\nConnection: Upgrade\r\nx: a\x01b\r\n\r\n"],
  ["in a head without end", `Upgrade: websocket\r\nConnection: Upgrade\r\nx: ${"a".repeat(200_000)}`],
];
for (const [what, answer] of switchedWrong) {
  Deno.test(`a server that switches ${what} is a bad gateway`, async () => {
    await using peer = await Peer.tcp(switches(answer).handler);
    using guest = new Guest(newHost());
    assert.match(statusOf(await guest.ask(upgradeTo(peer.port))), /^HTTP\/1\.1 502 /);
    await until("it is closed", () => peer.sockets.size === 0);
  });
}

Deno.test("a server that switches without being asked is a bad gateway", async () => {
  await using peer = await Peer.tcp(switches().handler);
  using guest = new Guest(newHost());
  const text = await guest.ask(`GET http://127.0.0.1:${peer.port}/ HTTP/1.1\r\nHost: x\r\n\r\n`);
  assert.match(statusOf(text), /^HTTP\/1\.1 502 the server wants another protocol/);
});

Deno.test("a WebSocket's ends go together, also before its server has answered", async () => {
  const { handler } = switches();
  await using peer = await Peer.tcp(handler);
  await using silent = await Peer.tcp((socket) => void socket.resume().on("end", () => socket.end()));
  const host = newHost();
  using guest = new Guest(host);
  for (const { port } of [peer, silent]) {
    const line = await guest.connect();
    await line.write(upgradeTo(port));
    if (port === peer.port) await line.until("now ");
    else await until("it is asked", () => silent.sockets.size === 1);
    await line.close();
    await until("both are closed", () => peer.sockets.size + silent.sockets.size + host.open === 0);
  }
});
