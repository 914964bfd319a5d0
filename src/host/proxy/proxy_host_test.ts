import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { LIMITS } from "../../limits.ts";
import type { NetPolicy } from "../../types.ts";
import { ProxyOperation } from "../operations.ts";
import { Guest } from "../../../tests/fakes/proxy_guest.ts";
import { connectTo, newHost, Peer, statusOf, until, upgradeTo } from "../../../tests/fakes/proxy_peer.ts";

const ESTABLISHED = "\r\n\r\n";

Deno.test("a tunnel carries bytes both ways, also those that came with its request", async () => {
  await using peer = await Peer.tcp((socket) => socket.pipe(socket));
  using guest = new Guest(newHost());
  const line = await guest.connect();
  await line.write(connectTo(peer.port) + "early ");
  await line.write("late");
  assert.equal(statusOf(await line.until("early late")), "HTTP/1.1 200 Connection established");
});

Deno.test("either end of a tunnel can end its half first", async () => {
  await using peer = await Peer.tcp((socket) => {
    let heard = "";
    socket.on("data", (bytes) => heard += bytes);
    socket.on("end", () => socket.end(`heard ${heard}`));
  });
  using guest = new Guest(newHost());
  const line = await guest.connect();
  await line.write(connectTo(peer.port) + "all");
  await line.write("");
  assert.match(await line.until(null), /heard all$/);
});

Deno.test("a guest that does not read holds the server up, and one that does gets every byte", async () => {
  const bytes = Uint8Array.from({ length: 8 << 20 }, (_, i) => i * 7);
  const written: boolean[] = [];
  await using peer = await Peer.tcp((socket) => {
    const at = written.push(false) - 1;
    socket.end(bytes, () => written[at] = true);
  });
  using guest = new Guest(newHost());
  const line = await guest.connect();
  await line.write(connectTo(peer.port));
  await until("it is connected", () => written.length === 1);
  assert.ok((await guest.ask(connectTo(peer.port))).length > bytes.length);
  assert.deepEqual(written, [false, true]);
  const parts: Uint8Array[] = [];
  for (let part = await line.read(); part.length > 0; part = await line.read()) {
    assert.ok(part.length <= 65_536);
    parts.push(part);
  }
  const head = parts.shift()!;
  assert.match(new TextDecoder().decode(head), /^HTTP\/1.1 200 [^\r]*\r\n\r\n$/);
  assert.ok(Buffer.concat(parts).equals(bytes));
});

Deno.test("a server that does not read holds the guest up", async () => {
  await using peer = await Peer.tcp((socket) => void socket.pause());
  using guest = new Guest(newHost());
  const line = await guest.connect();
  await line.write(connectTo(peer.port));
  await line.until(ESTABLISHED);
  let taken = 0;
  const flood = (async () => {
    for (; taken < 10_000; taken++) await line.write(new Uint8Array(65_536));
  })();
  let before = -1;
  await until("nothing more is taken", () => before === (before = taken));
  assert.ok(taken < 1000, `${taken} pieces were taken`);
  guest.session.close();
  await flood.catch(() => {});
});

Deno.test("a request with a whole URL reaches its server as a request of its own", async () => {
  await using peer = await Peer.http((request, response) => {
    const { method, url, rawHeaders } = request;
    response.writeHead(201, "Made", { "x-answer": "1", "connection": "x-secret, close", "x-secret": "hop" });
    let body = "";
    request.on("data", (bytes) => body += bytes);
    request.on("end", () => response.end(JSON.stringify({ method, url, rawHeaders, body })));
  });
  using guest = new Guest(newHost());
  const line = await guest.connect();
  const url = `http://user:pass@api.example:${peer.port}/a/../b?c=1#d`;
  await line.write(
    `POST ${url} HTTP/1.1\r\nHost: liar.example\r\nX-A: 1\r\nX-Hop: 2\r\nConnection: x-hop\r\n` +
      "Proxy-Authorization: secret\r\nContent-Length: 4\r\n\r\nbody",
  );
  const text = await line.until("}");
  assert.equal(statusOf(text), "HTTP/1.1 201 Made");
  assert.match(text, /x-answer: 1/);
  assert.doesNotMatch(text, /x-secret/);
  const seen = JSON.parse(text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1));
  assert.deepEqual([seen.method, seen.url, seen.body], ["POST", "/b?c=1", "body"]);
  const names = seen.rawHeaders.filter((_: string, i: number) => i % 2 === 0).map((name: string) => name.toLowerCase());
  assert.deepEqual(names.sort(), ["connection", "content-length", "host", "x-a"]);
  assert.ok(seen.rawHeaders.includes(`api.example:${peer.port}`));
});

Deno.test("a connection carries one request: what is sent behind it reaches no server", async () => {
  await using one = await Peer.http((request, response) => response.end(`one ${request.url};`));
  await using two = await Peer.tcp((socket) => socket.pipe(socket));
  const host = newHost();
  using guest = new Guest(host);
  const get = `GET http://127.0.0.1:${one.port}/1 HTTP/1.1\r\nHost: x\r\n\r\n`;
  const text = await guest.ask(get + get.replace("/1", "/2"));
  assert.match(text, /\r\nconnection: close\r\n\r\none \/1;$/);
  for (const second of [connectTo(two.port), upgradeTo(two.port)]) {
    assert.doesNotMatch(await guest.ask(get + second), /HTTP\/1.1 (200 C|101)/);
  }
  assert.equal(two.accepted, 0);
});

Deno.test("a body of unknown length goes on in chunks, both ways", async () => {
  await using peer = await Peer.http((request, response) => {
    response.setHeader("x-coding", String(request.headers["transfer-encoding"]));
    request.pipe(response);
  });
  using guest = new Guest(newHost());
  const line = await guest.connect();
  await line.write(
    `PUT http://127.0.0.1:${peer.port}/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n`,
  );
  await line.until("abc");
  await line.write("3\r\ndef\r\n0\r\n\r\n");
  assert.match(await line.until("0\r\n\r\n"), /x-coding: chunked[^]*abc[^]*def/);
});

Deno.test("a response that its server cuts off never looks complete", async () => {
  await using peer = await Peer.tcp((socket) => {
    socket.end("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf");
  });
  using guest = new Guest(newHost());
  const text = await guest.ask(`GET http://127.0.0.1:${peer.port}/ HTTP/1.1\r\nHost: x\r\n\r\n`);
  assert.match(text, /content-length: 100[^]*half$/);
});

const refused: readonly [what: string, request: string, net: NetPolicy, status: RegExp][] = [
  ["a private address", connectTo(80, "10.0.0.1"), "public", /^HTTP\/1.1 403 10.0.0.1 is not on the public internet/],
  ["this machine", connectTo(80), "public", /403 127.0.0.1 is not on the public/],
  ["this machine, by a name", connectTo(80, "inside.example"), "public", /403 inside.example is not on the public/],
  ["this machine, in IPv6", connectTo(80, "[::1]"), "public", /403/],
  ["anything, where net is none", connectTo(443, "api.example"), "none", /403 the function's "net" is "none"/],
  ["another port", connectTo(81), ["127.0.0.1:80"], /403 127.0.0.1:81 is not in/],
  ["a blocked port", connectTo(25), ["127.0.0.1"], /403 port 25 is blocked/],
  ["a private URL", "GET http://169.254.169.254/latest HTTP/1.1\r\nHost: x\r\n\r\n", "public", /403/],
  ["a WebSocket to a private address", upgradeTo(80, "10.0.0.1"), "public", /^HTTP\/1.1 403 10.0.0.1 is not on/],
  ["a WebSocket with wss:", upgradeTo(80).replace("http:", "wss:"), "public", /400/],
  ["a name that nobody has", connectTo(80, "lost.example"), "public", /502 the name lost.example cannot be resolved/],
  ["a closed port", connectTo(1024), ["127.0.0.1"], /502 the server refused the connection/],
  ["a port that is none", connectTo(70_000), ["127.0.0.1"], /400/],
  ["no port", "CONNECT a.example HTTP/1.1\r\nHost: x\r\n\r\n", "public", /400/],
  ["a path with CONNECT", "CONNECT a.example:80/x HTTP/1.1\r\nHost: x\r\n\r\n", "public", /400/],
  ["credentials with CONNECT", "CONNECT a@b.example:80 HTTP/1.1\r\nHost: x\r\n\r\n", "public", /400/],
  ["a path alone", "GET /x HTTP/1.1\r\nHost: x\r\n\r\n", "public", /400 a request to the proxy needs a whole URL/],
  ["https without CONNECT", "GET https://a.example/ HTTP/1.1\r\nHost: x\r\n\r\n", "public", /400 https: goes/],
  ["another scheme", "GET file:///etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", "public", /400/],
  ["nonsense", "\x16\x03\x01 nonsense\r\n\r\n", "public", /^HTTP\/1.1 400 this is not an HTTP request/],
  ["a head without end", `GET http://a.example/ HTTP/1.1\r\nx: ${"a".repeat(40_000)}`, "public", /400 the head/],
  ["two lengths", "GET http://a.example/ HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "public", /400/],
];
for (const [what, request, net, status] of refused) {
  Deno.test(`the proxy refuses ${what}, and says why`, async () => {
    const lookup = (name: string) =>
      name === "lost.example" ? Promise.reject(new Error("no such name")) : Promise.resolve(["127.0.0.1"]);
    const host = newHost(lookup);
    using guest = new Guest(host, net);
    const text = await guest.ask(request);
    assert.match(statusOf(text), status);
    assert.match(text, /\r\n\r\nMayfly's proxy: .+\n$/);
  });
}

const nonsense: readonly [what: string, answer: string][] = [
  ["a status of two digits", "HTTP/1.1 099 x\r\ncontent-length: 0\r\n\r\n"],
  ["no status", "HTTP/1.1 000 x\r\ncontent-length: 0\r\n\r\n"],
  ["a status beyond all", "HTTP/1.1 999 x\r\ncontent-length: 0\r\n\r\n"],
  ["a control character in its reason", "HTTP/1.1 200 a\x01b\r\ncontent-length: 0\r\n\r\n"],
  ["a control character in a header", "HTTP/1.1 200 ok\r\nx: a\x01b\r\ncontent-length: 0\r\n\r\n"],
  ["interim answers without end", "HTTP/1.1 103 Early\r\nlink: x\r\n\r\n".repeat(1000)],
  ["a head without end", `HTTP/1.1 200 ok\r\nx: ${"a".repeat(200_000)}`],
];
for (const [what, answer] of nonsense) {
  Deno.test(`a server that answers with ${what} is a bad gateway, and nothing more`, async () => {
    await using peer = await Peer.tcp((socket) => void socket.end(Buffer.from(answer, "latin1")));
    using guest = new Guest(newHost());
    const text = await guest.ask(`GET http://127.0.0.1:${peer.port}/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    assert.match(statusOf(text), /^HTTP\/1\.1 502 /);
  });
}

Deno.test("what a server sends behind its answer is nobody's, and the answer arrives", async () => {
  const answer = "HTTP/1.1 200 ok\r\ncontent-length: 3\r\n\r\nabcdefgh";
  await using peer = await Peer.tcp((socket) => void socket.end(answer));
  using guest = new Guest(newHost());
  const text = await guest.ask(`GET http://127.0.0.1:${peer.port}/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  assert.match(text, /^HTTP\/1\.1 200 [^]*\r\n\r\nabc$/);
});

Deno.test("a cap that became less holds for the next connection", async () => {
  await using peer = await Peer.tcp((socket) => socket.pipe(socket));
  let cap: NetPolicy = ["127.0.0.1"];
  using guest = new Guest(newHost(undefined, () => cap), ["127.0.0.1"], "acme");
  const line = await guest.connect();
  await line.write(connectTo(peer.port));
  assert.match(await line.until(ESTABLISHED), /200/);
  cap = "public";
  assert.match(await guest.ask(connectTo(peer.port)), /403 127.0.0.1:\d+ is beyond/);
});

Deno.test("a name is resolved once for a connection: it goes where the check was", async () => {
  await using peer = await Peer.tcp((socket) => socket.pipe(socket));
  const answers = [["127.0.0.1"], ["127.0.0.2"]];
  using guest = new Guest(newHost(() => Promise.resolve(answers.shift()!)));
  const line = await guest.connect();
  await line.write(connectTo(peer.port, "rebinds.example"));
  assert.match(await line.until(ESTABLISHED), /200/);
  assert.equal(answers.length, 1);
});

Deno.test("when one of a name's addresses refuses, the next is tried", async () => {
  await using peer = await Peer.tcp((socket) => socket.pipe(socket));
  using guest = new Guest(newHost(() => Promise.resolve(["127.0.0.2", "127.0.0.1"])), ["127.0.0.0/8"]);
  const line = await guest.connect();
  await line.write(connectTo(peer.port, "two.example"));
  assert.match(await line.until(ESTABLISHED), /200/);
});

Deno.test("what is open ends with its session, connections too", async () => {
  await using peer = await Peer.tcp((socket) => void socket.resume().on("end", () => socket.end()));
  const host = newHost();
  const guest = new Guest(host);
  const lines = await Promise.all(Array.from({ length: 20 }, () => guest.connect()));
  const answers = lines.map(async (line) => {
    await line.write(connectTo(peer.port));
    return await line.until(null);
  });
  await until("all are connected", () => peer.sockets.size === 20);
  assert.equal(host.open, 20);
  guest.session.close();
  await Promise.all(answers);
  await until("all are closed", () => peer.sockets.size === 0 && host.open === 0);
});

Deno.test("a connection that the guest closes takes its server's with it, also while it is being made", async () => {
  const lookups: PromiseWithResolvers<string[]>[] = [];
  await using peer = await Peer.tcp((socket) => void socket.resume().on("end", () => socket.end()));
  const host = newHost(() => {
    const lookup = Promise.withResolvers<string[]>();
    lookups.push(lookup);
    return lookup.promise;
  });
  using guest = new Guest(host, ["127.0.0.1"]);
  const line = await guest.connect();
  await line.write(connectTo(peer.port, "slow.example"));
  await until("it asks for the name", () => lookups.length === 1);
  await line.close();
  await until("it is closed", () => host.open === 0);
  lookups[0].resolve(["127.0.0.1"]);
  const other = await guest.connect();
  await other.write(connectTo(peer.port));
  await other.until(ESTABLISHED);
  assert.equal(peer.accepted, 1);
  await other.close();
  await until("the other is closed", () => peer.sockets.size === 0);
});

Deno.test("a sandbox has only so many connections, and a closed one makes room", async () => {
  const host = newHost();
  using guest = new Guest(host);
  for (let n = 1; n < LIMITS.proxyConnectionsPerSandbox; n++) await guest.connect();
  const last = await guest.connect();
  await assert.rejects(guest.connect(), /too many connections open/);
  await last.close();
  await guest.connect();
});

Deno.test("requests that are sent without waiting for an answer are bounded", async () => {
  await using peer = await Peer.http(() => {});
  const host = newHost();
  using guest = new Guest(host);
  const line = await guest.connect();
  await line.write(`GET http://127.0.0.1:${peer.port}/ HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(500));
  assert.equal(await line.until(null), "");
  await until("it is closed", () => host.open === 0);
  assert.ok(peer.accepted <= 1);
});

Deno.test("calls that no cell makes are refused", async () => {
  using guest = new Guest(newHost());
  const line = await guest.connect();
  const { session } = guest;
  const one = new Uint8Array(new Uint32Array([1]).buffer);
  await assert.rejects(session.call(ProxyOperation.OPEN, one), /the number 1 is taken/);
  await assert.rejects(session.call(ProxyOperation.OPEN, new Uint8Array(3)), /has no number/);
  await assert.rejects(session.call(ProxyOperation.READ, Uint8Array.of(9, 0, 0, 0)), /the connection is closed/);
  await assert.rejects(session.call(1 << 20, one), /there is none of that number/);
  const reading = line.read();
  await assert.rejects(line.read(), /the read before it is not answered/);
  await line.close();
  assert.equal((await reading).length, 0);
});
