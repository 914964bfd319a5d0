import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { FetchHost } from "./fetch_host.ts";
import { Guest } from "../../../tests/fakes/fetch_guest.ts";
import { FetchOperation, MOST_EXCHANGES } from "./operations.ts";

const clock = { ms: 0, now: () => 0, monotonic: () => clock.ms };
const decoder = new TextDecoder();

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** A server that counts its connections. */
class Peer implements AsyncDisposable {
  readonly sockets = new Set<Socket>();
  accepted = 0;
  readonly #server;

  private constructor(handler: Handler) {
    this.#server = createServer(handler);
    this.#server.on("connection", (socket: Socket) => {
      this.accepted++;
      this.sockets.add(socket);
      socket.on("close", () => this.sockets.delete(socket));
      socket.on("error", () => {});
    });
  }

  static async start(handler: Handler): Promise<Peer> {
    const peer = new Peer(handler);
    await new Promise<void>((resolve) => peer.#server.listen(0, "127.0.0.1", resolve));
    return peer;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let n = 0; !holds(); n++) {
    if (n === 1000) throw new Error(`Cannot wait any longer until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function newHost(lookup = (_: string) => Promise.resolve(["127.0.0.1"])): FetchHost & Disposable {
  const host = new FetchHost({ clock, lookup, ownAddresses: () => [] });
  return Object.assign(host, { [Symbol.dispose]: () => host.close() });
}

Deno.test("a small response comes in one answer, and its exchange is over", async () => {
  await using peer = await Peer.start((_, response) => response.setHeader("x-a", "1").end("hello"));
  using host = newHost();
  using guest = new Guest(host);
  const { isEnd, head, body } = await guest.open(peer.url);
  assert.deepEqual(head.slice(0, 4), ["200", "OK", "x-a", "1"]);
  assert.equal(decoder.decode(body), "hello");
  assert.ok(isEnd);
  assert.equal(host.open, 0);
  await assert.rejects(guest.read(), /it has ended/);
});

Deno.test("a connection is used again by the same tenant, and by no other", async () => {
  await using peer = await Peer.start((_, response) => response.end("x"));
  using host = newHost();
  using one = new Guest(host);
  using other = new Guest(host);
  using acme = new Guest(host, ["127.0.0.1"], "acme");
  await one.open(peer.url);
  await other.open(peer.url);
  assert.equal(peer.accepted, 1);
  await acme.open(peer.url);
  assert.equal(peer.accepted, 2);
});

Deno.test("a kept connection is not used for an address that it does not lead to", async () => {
  await using peer = await Peer.start((_, response) => response.end("x"));
  let address = "127.0.0.1";
  using host = newHost(() => Promise.resolve([address]));
  using guest = new Guest(host, ["127.0.0.1"]);
  await guest.open(`http://moves.example:${peer.port}/`);
  address = "127.0.0.2";
  clock.ms += 60_000;
  await assert.rejects(guest.open(`http://moves.example:${peer.port}/`), /not in the function's "net"/);
  using wider = new Guest(host, ["127.0.0.0/8"]);
  await assert.rejects(wider.open(`http://moves.example:${peer.port}/`), /ECONNREFUSED/);
  assert.equal(peer.accepted, 1);
});

Deno.test("a name is resolved once for a request: it goes where the check was", async () => {
  await using peer = await Peer.start((_, response) => response.end("pinned"));
  const answers = [["127.0.0.1"], ["127.0.0.2"]];
  using host = newHost(() => Promise.resolve(answers.shift()!));
  using guest = new Guest(host, ["127.0.0.1"]);
  const { body } = await guest.open(`http://rebinds.example:${peer.port}/`);
  assert.equal(decoder.decode(body), "pinned");
  assert.equal(answers.length, 1);
});

Deno.test("when one of a name's addresses refuses, the next is tried", async () => {
  await using peer = await Peer.start((request, response) => request.pipe(response));
  using host = newHost(() => Promise.resolve(["127.0.0.2", "127.0.0.1"]));
  using guest = new Guest(host, ["127.0.0.0/8"]);
  const { body } = await guest.open(`http://two.example:${peer.port}/`, { method: "PUT", kind: "whole", body: "once" });
  assert.equal(decoder.decode(body), "once");
});

Deno.test("what is open ends with its session, connections too", async () => {
  await using peer = await Peer.start(() => {});
  using host = newHost();
  const guest = new Guest(host);
  const answers = Promise.allSettled(Array.from({ length: 20 }, () => guest.open(peer.url)));
  await until("all are connected", () => peer.sockets.size === 20);
  guest.session.close();
  assert.ok((await answers).every(({ status }) => status === "rejected"));
  await until("all are closed", () => peer.sockets.size === 0);
  assert.equal(host.open, 0);
});

Deno.test("a body that nobody reads, or that is half read, ends with its session", async () => {
  await using peer = await Peer.start((_, response) => void response.write("x".repeat(100_000)));
  using host = newHost();
  const guest = new Guest(host);
  await guest.open(peer.url);
  await guest.open(peer.url);
  await guest.read();
  assert.equal(peer.sockets.size, 2);
  guest.session.close();
  await until("all are closed", () => peer.sockets.size === 0);
});

Deno.test("a sandbox has only so many open at once", async () => {
  await using peer = await Peer.start(() => {});
  using host = newHost();
  using guest = new Guest(host);
  for (let n = 0; n < MOST_EXCHANGES.sandbox; n++) guest.open(peer.url).catch(() => {});
  await assert.rejects(guest.open(peer.url), /too many open/);
});

Deno.test("a guest that does not read holds up the server, and little of it is here", async () => {
  let written = 0;
  await using peer = await Peer.start((_, response) => {
    const write = () => {
      while (!response.destroyed && response.write(new Uint8Array(65_536))) written += 65_536;
    };
    response.on("drain", write);
    write();
  });
  using host = newHost();
  using guest = new Guest(host);
  await guest.open(peer.url);
  let before = -1;
  await until("nothing more is taken", () => {
    const isSame = before === written;
    before = written;
    return isSame;
  });
  assert.ok(written < 32 * 1024 * 1024, `${written}`);
  const { body } = await guest.read();
  assert.ok(body.length > 0 && body.length < 65_536);
});

Deno.test("a body that is not as long as announced is never taken for the next request", async () => {
  const paths: string[] = [];
  await using peer = await Peer.start((request, response) => {
    paths.push(request.url!);
    request.resume();
    request.on("end", () => response.end());
  });
  using host = newHost();
  using guest = new Guest(host);
  const smuggled = "GET /smuggled HTTP/1.1\r\nhost: x\r\n\r\n";
  const long = guest.open(`${peer.url}long`, { method: "POST", kind: "4" });
  await assert.rejects(guest.write(`four${smuggled}`, true), /not as long as announced/);
  await assert.rejects(long);
  const short = guest.open(`${peer.url}short`, { method: "POST", kind: "4" });
  await assert.rejects(guest.write("abc", true), /not as long as announced/);
  await assert.rejects(short);
  const none = guest.open(`${peer.url}none`);
  await assert.rejects(guest.write(smuggled, true), /the body is complete/);
  await none;
  assert.ok(!paths.includes("/smuggled"));
});

const BAD_HEADERS = [
  "x-a\n1\r\nx-b: 2\n",
  "x-a\r\nx-b\n1\n",
  "x a\n1\n",
  "\n1\n",
  "x-a\n\0\n",
  "x-a\n1\r\n",
];
for (const headers of BAD_HEADERS) {
  Deno.test(`a header cannot carry another: ${JSON.stringify(headers)}`, async () => {
    let asked = 0;
    await using peer = await Peer.start((_, response) => response.end(`${asked++}`));
    using host = newHost();
    using guest = new Guest(host);
    await assert.rejects(guest.open(peer.url, { headers }));
    assert.equal(asked, 0);
  });
}

Deno.test("headers that frame a request are the host's own", async () => {
  await using peer = await Peer.start((request, response) => response.end(JSON.stringify(request.headers)));
  using host = newHost();
  using guest = new Guest(host);
  const names = ["host", "Content-Length", "Transfer-Encoding", "connection", "upgrade", "expect", "te", "trailer"];
  const headers = names.map((name) => `${name}\nevil\n`).join("");
  const seen = JSON.parse(decoder.decode((await guest.open(peer.url, { headers })).body));
  assert.deepEqual(Object.keys(seen).sort(), [
    ...["accept", "accept-encoding", "accept-language", "connection", "host", "user-agent"],
  ]);
  assert.ok(!JSON.stringify(seen).includes("evil"));
});

for (const url of ["file:///etc/passwd", "ftp://127.0.0.1/", "unix:/run/x", "data:,x", "", "/", "http://", "ws://x/"]) {
  Deno.test(`only http and https leave: ${JSON.stringify(url)}`, async () => {
    using host = newHost();
    using guest = new Guest(host, ["0.0.0.0/0"]);
    await assert.rejects(guest.open(url), /only http and https/);
  });
}

for (const method of ["CONNECT", "trace", "GET /x HTTP/1.1", "G\rET", ""]) {
  Deno.test(`no request has the method ${JSON.stringify(method)}`, async () => {
    using host = newHost();
    using guest = new Guest(host);
    await assert.rejects(guest.open("http://127.0.0.1:2/", { method }), /the method is invalid/);
  });
}

Deno.test("whatever bytes a guest calls with, the host answers with an error", async () => {
  using host = newHost();
  using guest = new Guest(host);
  const operations = [...Object.values(FetchOperation), 0x200, 0x2ff];
  for (const operation of operations) {
    for (let length = 0; length < 40; length++) {
      for (const fill of [0, 1, 10, 255]) {
        const call = guest.session.call(operation, new Uint8Array(length).fill(fill));
        if (operation === FetchOperation.CLOSE && length >= 4) await call;
        else await assert.rejects(call, Error);
      }
    }
  }
  assert.equal(host.open, 0);
});

Deno.test("a POST is not sent a second time over a new connection", async () => {
  let posts = 0;
  await using peer = await Peer.start((request, response) => {
    if (request.method !== "POST") return response.end("x");
    posts++;
    request.socket.destroy();
  });
  using host = newHost();
  using guest = new Guest(host);
  await guest.open(peer.url);
  await assert.rejects(guest.open(peer.url, { method: "POST", kind: "whole", body: "pay" }), /closed the connection/);
  assert.equal(posts, 1);
});

Deno.test("an answer to half a body comes before the rest of it", async () => {
  await using peer = await Peer.start((_, response) => response.writeHead(413, { connection: "close" }).end("enough"));
  using host = newHost();
  using guest = new Guest(host);
  const answer = guest.open(peer.url, { method: "POST", kind: "stream" });
  await guest.write("a", false);
  const { head, body } = await answer;
  assert.deepEqual([head[0], decoder.decode(body)], ["413", "enough"]);
});

Deno.test("too long headers of a response are an error", async () => {
  await using peer = await Peer.start((_, response) => response.setHeader("x-a", "a".repeat(40_000)).end());
  using host = newHost();
  using guest = new Guest(host);
  await assert.rejects(guest.open(peer.url), /headers of the response are too long/);
});

Deno.test("decompression is charged, and plain bytes are not", async () => {
  const zeros = new Uint8Array(1 << 20);
  await using peer = await Peer.start((request, response) => {
    if (request.url === "/plain") return response.end(zeros);
    response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(zeros));
  });
  using host = newHost();
  using guest = new Guest(host);
  for (const [path, isCharged] of [["plain", false], ["packed", true]] as const) {
    let { isEnd } = await guest.open(peer.url + path);
    while (!isEnd) ({ isEnd } = await guest.read());
    assert.equal(guest.chargedMs > 0, isCharged, path);
  }
});

Deno.test("another protocol is an error, and its connection is closed", async () => {
  await using peer = await Peer.start((request) => {
    request.socket.write("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n");
  });
  using host = newHost();
  using guest = new Guest(host);
  await assert.rejects(guest.open(peer.url), /another protocol/);
  await until("it is closed", () => peer.sockets.size === 0);
});
