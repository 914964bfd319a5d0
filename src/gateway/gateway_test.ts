import assert from "node:assert/strict";
import { request as httpRequest } from "node:http";
import { until } from "../../tests/harness/until.ts";
import { wire } from "../../tests/harness/wire.ts";
import { entry, FakeFunctions, FakeSnapshot, ok, usage } from "../../tests/fakes/fake_tier.ts";
import { systemClock } from "../clock.ts";
import { Deadlines } from "../deadlines.ts";
import { type Event, Events } from "../observe/events.ts";
import { failure } from "../outcome.ts";
import type { FunctionEntry } from "../registry/function.ts";
import { Scheduler } from "../scheduler/scheduler.ts";
import type { ResponseSink } from "../tiers/tier.ts";
import { Gateway } from "./gateway.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

function answer(sink: ResponseSink, status: number, headers: string[], body = ""): void {
  sink.head(status, headers, usage());
  if (body) sink.chunk(bytes(body));
  sink.end();
}

interface Answer {
  status: number;
  headers: [string, string][];
  body: string;
}

/** A gateway over fake functions, on a port of its own. */
class TestGateway implements AsyncDisposable {
  readonly events: Event[] = [];
  readonly port: number;
  readonly scheduler: Scheduler;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly gateway: Gateway;

  constructor(entries: FunctionEntry[], limits = { concurrency: 10, queue: 10, memoryBytes: 2 ** 40 }) {
    const functions = new FakeFunctions(entries);
    const events = new Events();
    events.on((event) => this.events.push(event));
    const deadlines = new Deadlines(systemClock);
    this.scheduler = new Scheduler({
      clock: systemClock,
      deadlines,
      limits,
      tenantLimits: () => ({ concurrency: 100, queue: 100 }),
      load: (entry) => functions.load(entry),
    });
    this.gateway = new Gateway({ clock: systemClock, events });
    this.gateway.open({
      deadlines,
      scheduler: this.scheduler,
      explain: null,
      domains: ["localhost"],
      functions,
      admin: () => new Response("admin"),
    });
    this.#server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, this.gateway.handle);
    this.port = this.#server.addr.port;
  }

  call(
    path: string,
    options: { method?: string; headers?: Record<string, string>; body?: string } = {},
  ): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const { method = "GET", headers = {}, body } = options;
    const request = httpRequest({ port: this.port, host: "127.0.0.1", path, method, headers }, (response) => {
      let text = "";
      const pairs: [string, string][] = [];
      for (let i = 0; i < response.rawHeaders.length; i += 2) {
        pairs.push([response.rawHeaders[i].toLowerCase(), response.rawHeaders[i + 1]]);
      }
      response.on("data", (chunk) => text += chunk);
      response.on("end", () => resolve({ status: response.statusCode!, headers: pairs, body: text }));
      response.on("error", reject);
    });
    request.on("error", reject);
    request.end(body);
    return promise;
  }

  async code(path: string, options = {}): Promise<string> {
    const { body } = await this.call(path, options);
    return JSON.parse(body).error.code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

const header = ({ headers }: Answer, name: string) => headers.filter(([key]) => key === name).map(([, value]) => value);

Deno.test("a whole response comes out as it was made, with the server's own headers", async () => {
  const hello = entry("hello", (_, sink) => {
    answer(
      sink,
      201,
      ["content-type", "text/x", "set-cookie", "a=1", "set-cookie", "b=2", "x-request-id", "forged"],
      "hi",
    );
    return ok(201);
  });
  await using gateway = new TestGateway([hello]);
  const response = await gateway.call("/hello?x=1", { headers: { "x-request-id": "mine.1" } });
  assert.equal(response.status, 201);
  assert.equal(response.body, "hi");
  assert.deepEqual(header(response, "set-cookie"), ["a=1", "b=2"]);
  assert.deepEqual(header(response, "x-request-id"), ["mine.1"]);
  assert.deepEqual(header(response, "x-mayfly-start"), ["warm"]);
  assert.match(header(response, "server-timing")[0], /^queue;dur=[\d.]+, clone;dur=[\d.]+, run;dur=[\d.]+$/);
});

Deno.test("a function's timings come after the server's, and never under their names", async () => {
  const forged = ["queue;dur=0", "db, run", 'x;desc="a" ,\tCLONE ;dur=9'];
  const timed = entry("timed", (_, sink) => {
    answer(sink, 200, ["db;dur=53, run-2;dur=1", ...forged].flatMap((value) => ["server-timing", value]));
    return ok();
  });
  await using gateway = new TestGateway([timed]);
  const [own, ...others] = header(await gateway.call("/timed"), "server-timing");
  assert.match(own, /^queue;dur=[\d.]+, clone;dur=[\d.]+, run;dur=[\d.]+$/);
  assert.deepEqual(others, ["db;dur=53, run-2;dur=1"]);
});

Deno.test("below a tenant's path a response says nothing of the whole host, and on the tenant's own host it may", async () => {
  const ofAHost = ["strict-transport-security", "max-age=9", "alt-svc", 'h3=":1"', "clear-site-data", '"cookies"'];
  const names = ofAHost.filter((_, at) => at % 2 === 0);
  const site = (tenant: string) =>
    entry("site", (_, sink) => {
      answer(sink, 200, [...ofAHost, "x-own", "1"]);
      return ok();
    }, { tenant });
  await using gateway = new TestGateway([site("acme"), site("home")]);
  const told = ({ headers }: Answer) =>
    headers.map(([name]) => name.toLowerCase()).filter((name) => names.includes(name));
  const below = await gateway.call("/@acme/site");
  assert.deepEqual([told(below), header(below, "x-own")], [[], ["1"]]);
  assert.deepEqual(told(await gateway.call("/site", { headers: { host: "acme.localhost" } })), names);
  assert.deepEqual(told(await gateway.call("/site")), names);
});

Deno.test("an ill-formed request id is replaced", async () => {
  await using gateway = new TestGateway([]);
  for (const bad of ["a b", "", "x".repeat(65), "a/b"]) {
    const response = await gateway.call("/", { headers: { "x-request-id": bad } });
    assert.match(header(response, "x-request-id")[0], /^[A-Za-z0-9._-]{1,64}$/);
    assert.notEqual(header(response, "x-request-id")[0], bad);
  }
});

Deno.test("what no response can carry is answered 502 and told once", async () => {
  const bad = (name: string, status: number, headers: string[]) =>
    entry(name, (_, sink) => {
      answer(sink, status, headers, "x");
      return ok(status);
    });
  const entries = [bad("status", 99, []), bad("inject", 200, ["x", "a\r\nb: c"]), bad("name", 200, ["a b", "c"])];
  for (const [i, code] of [0, 1, 0x1b, 0x1f, 0x7f, 0x100].entries()) {
    entries.push(bad(`control${i}`, 200, ["x", `a${String.fromCharCode(code)}b`]));
  }
  entries.push(bad("upper", 200, ["X-Request-Id", "forged"]));
  await using gateway = new TestGateway(entries);
  for (const { route } of entries) {
    const response = await gateway.call(route);
    assert.equal(response.status, 502, route);
    assert.equal(JSON.parse(response.body).error.code, "bad_response");
  }
  const told = gateway.events.map((event) => event.type === "request" && event.outcome.code);
  assert.deepEqual(told, entries.map(() => "bad_response"));
});

Deno.test("a guest's failure is its code's status, and says nothing of its inside", async () => {
  const fails = entry("fails", () => failure("exception", "The function threw", { detail: "secret stack" }));
  await using gateway = new TestGateway([fails]);
  const { status, body } = await gateway.call("/fails");
  assert.equal(status, 500);
  const { error } = JSON.parse(body);
  assert.equal(error.code, "exception");
  assert.equal(error.function, "fails");
  assert.ok(error.requestId);
  assert.ok(!body.includes("secret"));
});

Deno.test("methods that a function does not name get 405 with Allow, OPTIONS 204, and HEAD follows GET", async () => {
  const only = entry("only", (_, sink) => (answer(sink, 200, []), ok()), { settings: { methods: ["GET", "POST"] } });
  await using gateway = new TestGateway([only]);
  const refused = await gateway.call("/only", { method: "DELETE" });
  assert.equal(refused.status, 405);
  assert.deepEqual(header(refused, "allow"), ["GET, POST, HEAD"]);
  const options = await gateway.call("/only", { method: "OPTIONS" });
  assert.equal(options.status, 204);
  assert.deepEqual(header(options, "allow"), ["GET, POST, HEAD, OPTIONS"]);
  assert.equal((await gateway.call("/only", { method: "HEAD" })).status, 200);
  const told = gateway.events.map((event) => event.type === "request" && [event.method, event.outcome.status]);
  assert.deepEqual(told, [["DELETE", 405], ["OPTIONS", 204], ["HEAD", 200]]);
});

Deno.test("an app sees its path without its mount, a handler as it was asked", async () => {
  const echo = (kind: "fetch" | "handler", tenant = "home") =>
    entry(kind, ({ url, headers }, sink) => {
      const prefix = /x-forwarded-prefix\n(.*)\n/.exec(headers)?.[1] ?? "none";
      answer(sink, 200, [], `${new URL(url).pathname}${new URL(url).search} ${prefix}`);
      return ok();
    }, { kind, tenant });
  await using gateway = new TestGateway([echo("fetch"), echo("handler"), echo("fetch", "acme")]);
  const body = async (path: string, headers = {}) => (await gateway.call(path, { headers })).body;
  assert.equal(await body("/fetch/a/b?q=1"), "/a/b?q=1 /fetch");
  assert.equal(await body("/fetch"), "/ /fetch");
  assert.equal(await body("/handler?q=1", { "x-forwarded-prefix": "/forged" }), "/handler?q=1 none");
  assert.equal(await body("/@acme/fetch/x"), "/x /@acme/fetch");
  assert.equal(await body("/fetch/x", { host: `acme.localhost:${gateway.port}` }), "/x /fetch");
});

Deno.test("no tenant's address leads to the admin API, and no second address to the home tenant", async () => {
  const hello = entry("hello", (_, sink) => (answer(sink, 200, [], "x"), ok()));
  await using gateway = new TestGateway([hello]);
  assert.equal((await gateway.call("/_mayfly/health")).body, "admin");
  assert.equal((await gateway.call("/x/../_mayfly")).body, "admin");
  const host = { headers: { host: "acme.localhost" } };
  assert.equal(await gateway.code("/_mayfly/health", host), "not_found");
  assert.equal(await gateway.code("/@home/hello"), "not_found");
  assert.equal(await gateway.code("/hello", { headers: { host: "home.localhost" } }), "not_found");
  assert.equal(await gateway.code("/_mayflyx"), "not_found");
});

Deno.test("a body over the limit is refused by its length, before anything runs", async () => {
  let runs = 0;
  const small = entry("small", (_, sink) => (runs++, answer(sink, 200, []), ok()));
  await using gateway = new TestGateway([small]);
  assert.equal(
    await gateway.code("/small", { method: "POST", headers: { "content-length": "2000000" } }),
    "body_too_large",
  );
  assert.equal(runs, 0);
});

Deno.test("headers over the limit are refused, an upgrade is answered 501", async () => {
  await using gateway = new TestGateway([]);
  assert.equal(await gateway.code("/", { headers: { x: "a".repeat(33_000) } }), "headers_too_large");
  assert.equal(await gateway.code("/", { headers: { upgrade: "websocket", connection: "upgrade" } }), "unsupported");
});

Deno.test("a request beyond the limits waits, and beyond the queue is refused with Retry-After", async () => {
  const gate = Promise.withResolvers<void>();
  const slow = entry("slow", async (_, sink) => {
    await gate.promise;
    answer(sink, 200, [], "done");
    return ok();
  }, { settings: { concurrency: 1, queue: 1 } });
  await using gateway = new TestGateway([slow]);
  const first = gateway.call("/slow");
  await until("the first runs", () => gateway.scheduler.running === 1);
  const second = gateway.call("/slow");
  await until("the second waits", () => gateway.scheduler.waiting === 1);
  const third = await gateway.call("/slow");
  assert.equal(third.status, 429);
  assert.ok(Number(header(third, "retry-after")[0]) >= 1);
  gate.resolve();
  assert.deepEqual([(await first).body, (await second).body], ["done", "done"]);
  assert.deepEqual([gateway.scheduler.running, gateway.scheduler.waiting], [0, 0]);
});

Deno.test("a waiting request whose deadline passes is refused as overload", async () => {
  const gate = Promise.withResolvers<void>();
  const slow = entry("slow", async (_, sink) => {
    await gate.promise;
    answer(sink, 200, []);
    return ok();
  }, { settings: { concurrency: 1, timeoutMs: 60 } });
  await using gateway = new TestGateway([slow]);
  const first = gateway.call("/slow");
  assert.equal(await gateway.code("/slow"), "overload");
  gate.resolve();
  await first;
});

Deno.test("a response in pieces is streamed, and one that fails after its head is cut off", async () => {
  const pieces = entry("pieces", async (_, sink) => {
    sink.head(200, [], usage());
    for (const piece of ["a", "b", "c"]) {
      await sink.chunk(bytes(piece));
      await new Promise((resolve) => setTimeout(resolve));
    }
    sink.end();
    return ok();
  });
  const cut = entry("cut", async (_, sink) => {
    sink.head(200, [], usage());
    await sink.chunk(bytes("a"));
    await new Promise((resolve) => setTimeout(resolve));
    return failure("timeout", "late", { status: 200 });
  });
  await using gateway = new TestGateway([pieces, cut]);
  assert.equal((await gateway.call("/pieces")).body, "abc");
  await assert.rejects(gateway.call("/cut"));
  const told = gateway.events.map((event) => event.type === "request" ? event.outcome.code : event.type);
  assert.deepEqual(told, ["ok", "timeout"]);
});

Deno.test("a caller that leaves aborts the run, before the head and after it", async () => {
  for (const withHead of [false, true]) {
    const aborted = Promise.withResolvers<void>();
    const started = Promise.withResolvers<void>();
    const waits = entry("waits", async (invocation, sink) => {
      invocation.signal.addEventListener("abort", () => aborted.resolve());
      if (withHead) {
        sink.head(200, [], usage());
        sink.chunk(bytes("x"));
      }
      started.resolve();
      await aborted.promise;
      return failure("canceled", "left");
    });
    await using gateway = new TestGateway([waits]);
    const controller = new AbortController();
    const call = fetch(`http://127.0.0.1:${gateway.port}/waits`, { signal: controller.signal }).then((r) => r.text());
    await started.promise;
    if (withHead) await new Promise((resolve) => setTimeout(resolve, 20));
    controller.abort();
    await assert.rejects(call);
    await aborted.promise;
    await until("the request is told", () => gateway.events.some((event) => event.type === "request"));
    const [event] = gateway.events;
    assert.ok(event.type === "request" && event.outcome.code === "canceled");
    assert.equal((waits.active!.snapshot as FakeSnapshot).running, 0);
  }
});

Deno.test("a fault of the server's own is a 500 with a request id, and its cause is in the event", async () => {
  const broken = entry("broken", () => {
    throw new Error("inside");
  });
  await using gateway = new TestGateway([broken]);
  const { status, body } = await gateway.call("/broken");
  assert.equal(status, 500);
  assert.equal(JSON.parse(body).error.code, "internal");
  assert.ok(!body.includes("inside"));
  const [event] = gateway.events;
  assert.ok(event.type === "request" && event.outcome.code === "internal" && event.outcome.detail?.includes("inside"));
});

Deno.test("a gateway that drains refuses what still comes", async () => {
  const hello = entry("hello", (_, sink) => (answer(sink, 200, [], "x"), ok()));
  await using gateway = new TestGateway([hello]);
  gateway.gateway.drain();
  assert.equal(await gateway.code("/hello"), "overload");
});

Deno.test("a gateway that is not open yet says so, as carefully as it says all else", async () => {
  const gateway = new Gateway({ clock: systemClock, events: new Events() });
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, gateway.handle);
  const ask = (target: string, ...headers: string[]) =>
    wire({ url: `http://127.0.0.1:${server.addr.port}` }, target, { headers: ["connection: close", ...headers] });
  const answers = [
    { answer: await ask("/_mayfly/health"), says: { status: "ok" } },
    { answer: await ask("/_mayfly/ready"), says: "not_deployed" },
    { answer: await ask("/hello"), says: "not_deployed" },
    { answer: await ask("/hello", "upgrade: websocket"), says: "not_deployed" },
    { answer: await ask("/hello", "host: a b"), says: "bad_request" },
    { answer: await ask("/hello", `x: ${"a".repeat(33_000)}`), says: "headers_too_large" },
  ];
  for (const { answer, says } of answers) {
    const body = JSON.parse(answer.text);
    assert.deepEqual(body.error?.code ?? body, says);
    const names = answer.headers.map(([name]) => name);
    for (const name of ["x-request-id", "server-timing"]) assert.ok(names.includes(name), `${says}: ${name}`);
    assert.equal(names.includes("retry-after"), says === "not_deployed");
  }
});
