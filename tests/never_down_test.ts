import assert from "node:assert/strict";
import {
  Chance,
  expectAnswer,
  expectError,
  type Facts,
  folderFiles,
  type Server,
  sharedServer,
  until,
  Wire,
} from "./harness.ts";
import { ways } from "./functions/hostile/[how].ts";

const shared = sharedServer({
  files: {
    "hello.ts": `export default () => new Response("hello");`,
    "drain.ts": `export default async (req: Request) => new Response(String((await req.bytes()).length));`,
    ...folderFiles("functions/hostile"),
  },
});

async function isWell(server: Server): Promise<void> {
  await until("nothing runs", async () => await server.admin.running() === 0);
  expectAnswer(await server.call("/hello"), { text: "hello" });
}

/** It is the same process, and holds about what it held. */
async function isFlat(server: Server, before: Facts, pid: number): Promise<void> {
  assert.equal(server.pid, pid);
  // Connections that clients have let go take their time to be closed.
  const flat = await until("descriptors are back", async () => {
    const now = await server.facts();
    return now.descriptors <= before.descriptors + 10 ? now : null;
  });
  const shown = JSON.stringify({ before, flat });
  assert.ok(flat.threads <= before.threads + 2, shown);
  assert.ok(flat.mappings <= before.mappings * 1.2 + 100, shown);
  assert.ok(flat.rssMb <= before.rssMb * 1.3 + 192, shown);
}

const seed = Number(Deno.env.get("MAYFLY_TEST_SEED") ?? Date.now() % 1_000_000);

Deno.test(`hostile functions in any order leave the server as it was (seed ${seed})`, async () => {
  const { server } = shared;
  const chance = new Chance(seed);
  const names = Object.keys(ways);
  const once = async () => {
    const how = chance.pick(names);
    const init = chance.below(2) === 0 ? { method: "POST", body: chance.bytes(chance.below(100_000)) } : {};
    try {
      const answer = await server.call(`/${encodeURIComponent(how)}`, init);
      assert.ok(answer.status >= 200 && answer.status <= 504, `${how}: ${answer.status}`);
    } catch (error) {
      // A connection that is reset in the middle of an answer is the right end for some of them.
      assert.ok(error instanceof TypeError, `${how}: ${error}`);
    }
  };
  const many = (count: number) =>
    Promise.all(Array.from({ length: 12 }, async () => {
      for (let n = 0; n < count; n++) await once();
    }));
  await many(4);
  await isWell(server);
  const before = await server.facts();
  await many(16);
  await isWell(server);
  await isFlat(server, before, server.pid);
});

Deno.test(`bytes that are no HTTP harm nobody (seed ${seed})`, async () => {
  const { server } = shared;
  const chance = new Chance(seed + 1);
  const { pid } = server;
  const before = await server.facts();
  const pieces = [
    "GET ",
    "POST ",
    "/hello",
    " HTTP/1.1\r\n",
    " HTTP/9.9\r\n",
    "host: x\r\n",
    "content-length: ",
    "-1",
    "5",
    "\r\n",
    "\r\n\r\n",
    "transfer-encoding: chunked\r\n",
    "\0",
    "\x16\x03\x01\x02\x00",
    "ffffffff\r\n",
    ": ",
    "a".repeat(5000),
    "%",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  ];
  for (let n = 0; n < 300; n++) {
    using connection = await Wire.open(server);
    try {
      if (chance.below(3) === 0) await connection.send(chance.bytes(1 + chance.below(3000)));
      for (let parts = chance.below(12); parts > 0; parts--) await connection.send(chance.pick(pieces));
    } catch {
      // The server has closed the connection already.
    }
  }
  await isWell(server);
  await isFlat(server, before, pid);
});

Deno.test(`requests of any kind are answered, with no fault of the server's own (seed ${seed})`, async () => {
  const { server } = shared;
  const chance = new Chance(seed + 2);
  const targets = [
    "/hello",
    "/",
    "//",
    "/%",
    "/%ff",
    "/../..",
    "/hello?" + "q=".repeat(1000),
    "/_mayfly/",
    "/_mayfly/../hello",
    "/_mayfly/functions",
    "/@",
    "/@acme",
    "/@acme/",
    "/@acme/x",
    "/.",
    "/\u00e9",
    "/hello#x",
    "*",
    "/hello\t",
    "/a".repeat(2000),
  ];
  const methods = [
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "DELETE",
    "OPTIONS",
    "PATCH",
    "TRACE",
    "CONNECT",
    "get",
    "X-OWN",
    "G E T",
    "",
  ];
  const headers = [
    "x-request-id: ../../etc",
    "content-length: 0",
    "content-length: 1e3",
    "expect: 100-continue",
    "range: bytes=0-",
    "authorization: Bearer x",
    "origin: null",
    "cookie: " + "c".repeat(4000),
    "accept-encoding: gzip, br",
    "connection: close",
    "upgrade: h2c",
    "upgrade: websocket",
    "te: trailers",
    "x-forwarded-for: 127.0.0.1",
    "host: evil",
    "content-type: \u0001",
  ];
  for (let n = 0; n < 400; n++) {
    using connection = await Wire.open(server);
    const lines = Array.from({ length: chance.below(5) }, () => chance.pick(headers));
    const method = chance.pick(methods);
    const target = chance.pick(targets);
    await connection.request(method, target, [...lines, "connection: close"]);
    let status: number;
    try {
      ({ status } = await connection.head());
    } catch {
      continue;
    }
    assert.ok(status < 500 || status === 501, `${method} ${target} ${lines}`.slice(0, 300) + `: ${status}`);
  }
  await isWell(server);
});

Deno.test("connections that are opened and left alone keep nobody out", async () => {
  const { server } = shared;
  const idle = await Promise.all(Array.from({ length: 200 }, async (_, n) => {
    const connection = await Wire.open(server);
    if (n % 2 === 0) await connection.send("GET /hello HTTP/1.1\r\nhost: half");
    return connection;
  }));
  await isWell(server);
  for (const connection of idle) connection.close();
});

Deno.test("a body in pieces of one byte is refused before it costs much, and others are served meanwhile", async () => {
  const { server } = shared;
  using attack = await Wire.open(server);
  await attack.request("POST", "/drain", ["transfer-encoding: chunked"]);
  let answered = false;
  const flood = (async () => {
    while (!answered) await attack.send("1\r\nx\r\n".repeat(2000));
  })();
  // The server resets the connection once it has answered.
  const flooded = flood.catch(() => {});
  const refused = attack.answer("POST").finally(() => answered = true);
  let served = 0;
  while (!answered || served === 0) {
    expectAnswer(await server.call("/hello"), { text: "hello" });
    served++;
  }
  expectError(await refused, "bad_request");
  attack.close();
  await flooded;
  await isWell(server);
});

Deno.test("a deploy in every moment of a busy server disturbs nobody", async () => {
  const { server } = shared;
  let stop = false;
  let served = 0;
  const load = Promise.all(Array.from({ length: 8 }, async () => {
    while (!stop) {
      expectAnswer(await server.call("/hello"), { text: "hello" });
      served++;
    }
  }));
  for (let version = 0; version < 5; version++) {
    await server.drop({ "busy.ts": `export default () => new Response("${version}");` });
    await server.answers("/busy", ({ text }) => text === `${version}`);
  }
  stop = true;
  await load;
  assert.ok(served > 0);
});
