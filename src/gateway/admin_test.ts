import assert from "node:assert/strict";
import { entry, FakeFunctions, ok, SETTINGS } from "../../tests/fakes/fake_tier.ts";
import { until } from "../../tests/harness/until.ts";
import { Client } from "../cli/client.ts";
import { systemClock } from "../clock.ts";
import { MayflyError, OperatorError } from "../errors.ts";
import { type Event, Events } from "../observe/events.ts";
import { Logs } from "../observe/log.ts";
import { Metrics } from "../observe/metrics.ts";
import type { UsageRow } from "../state/store.ts";
import type { FunctionId } from "../types.ts";
import { adminApi } from "./admin.ts";
import type { FunctionDescription, FunctionSummary } from "./admin_shapes.ts";

const TOKEN = "a-token-of-the-data-folder-000000000000";
const NO_FIGURES = { functions: () => ({}), engine: () => null, vm: () => Promise.resolve({}) };
const NO_COUNTS = { waiting: () => 0, logLinesDropped: () => 0, loopDelayMs: () => 0, residentBytes: () => 0 };
const NAMES = ["hello", "api/[id]", "files/[...rest]", "50%", "50%25", "a b", "ünï", "@at", "q?x#y", "."];

class Registry extends FakeFunctions {
  readonly removed: FunctionId[] = [];
  rolledBack: [id: FunctionId, version: string | null] | null = null;
  override versions() {
    return Promise.resolve([{ version: "v1", deployedAtMs: 1, active: true, snapshotBytes: 2 }]) as never;
  }
  override rollback(...args: unknown[]): Promise<string> {
    const [id, version] = this.rolledBack = args as [FunctionId, string | null];
    if (version === "gone") return Promise.reject(new MayflyError("not_found", `${id.name} has no version gone`));
    if (version === "lost") return Promise.reject(new OperatorError("Cannot roll back: its files are lost", "save it"));
    if (version === "bug") return Promise.reject(new TypeError("x is not a function"));
    return Promise.resolve(version ?? "v0");
  }
  override remove(...args: unknown[]) {
    this.removed.push(args[0] as FunctionId);
    return Promise.resolve({ path: "score/", files: 3 });
  }
}

interface Admin {
  readonly registry: Registry;
  readonly logs: Logs;
  readonly told: Event[];
  notReady: string | null;
  ask(path: string, init?: RequestInit & { token?: string | null }): Promise<Response>;
  handle(request: Request): Response | Promise<Response>;
}

async function withAdmin(work: (admin: Admin) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await using logs = new Logs({
      folder,
      mapStack: (_id, _version, text) => Promise.resolve(text),
      onTrouble: assert.fail,
    });
    const settings = { env: { SECRET: "do not show" }, timeoutMs: 1234 };
    const broken = {
      ...entry("broken", () => ok()),
      active: null,
      state: "failed" as const,
      error: "broken.ts:1:2: no",
    };
    const registry = new Registry([
      ...NAMES.map((name) => entry(name, () => ok(), { settings })),
      entry("score", () => ok(), { tenant: "acme" }),
      broken,
    ]);
    const events = new Events();
    const told: Event[] = [];
    events.on((event) => told.push(event));
    const handle = adminApi({
      token: TOKEN,
      clock: systemClock,
      functions: registry,
      meter: { usage: (id, sinceMinute) => Promise.resolve([usageOf(id, sinceMinute), usageOf(id, NOW_MINUTE)]) },
      logs,
      metrics: new Metrics({ ...NO_FIGURES, ...NO_COUNTS, running: () => 1 }),
      events,
      notReady: () => admin.notReady,
      doctor: () => Promise.resolve([{ name: "Deno", state: "ok" }]),
    });
    const admin: Admin = {
      registry,
      logs,
      told,
      notReady: null,
      handle: (request) => handle(request, "id-1"),
      ask: async (path, { token = TOKEN, ...init } = {}) => {
        const request = new Request(`http://127.0.0.1:8000/_mayfly${path}`, init);
        if (token !== null) request.headers.set("authorization", `Bearer ${token}`);
        return await handle(request, "id-1");
      },
    };
    await work(admin);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const NOW_MINUTE = Math.floor(Date.now() / 60_000);

const usageOf = (id: FunctionId, minute: number): UsageRow => ({
  ...id,
  minute,
  requests: 2,
  errors: 1,
  warm: 1,
  clone: 0,
  cold: 1,
  wallMs: 3,
  cpuMs: 1,
  memoryPeakBytes: 100,
  bytesIn: 5,
  bytesOut: 6,
  coldMs: 7,
});

async function expectError(response: Response, status: number, code: string): Promise<string> {
  const { error } = await response.json();
  assert.deepEqual([response.status, error.code], [status, code], error.message);
  assert.equal(error.requestId, "id-1");
  assert.equal(response.headers.get("x-request-id"), "id-1");
  assert.equal(response.headers.get("content-type"), "application/json");
  return error.message;
}

const PROTECTED = [
  "",
  "/",
  "/functions",
  "/functions/hello",
  "/functions/hello/logs",
  "/functions/hello/versions",
  "/logs",
  "/metrics",
  "/doctor",
  "/nothing",
  "/health/",
  "/health/..%2fmetrics",
  "//health",
  "/HEALTH",
];

Deno.test("all but health and readiness needs the token, whole and exact", async () => {
  await withAdmin(async ({ ask }) => {
    const wrong = [null, "", "wrong", TOKEN.slice(1), `${TOKEN}x`, TOKEN.toUpperCase(), `${TOKEN} ${TOKEN}`];
    for (const path of PROTECTED) {
      for (const token of wrong) {
        const response = await ask(path, { token });
        assert.equal(response.headers.get("www-authenticate"), "Bearer");
        await expectError(response, 401, "unauthorized");
      }
    }
    for (const method of ["DELETE", "POST"]) {
      await expectError(await ask("/functions/hello", { token: null, method }), 401, "unauthorized");
    }
    assert.equal((await ask("/functions", { token: null, headers: { authorization: `Basic ${TOKEN}` } })).status, 401);
    for (const path of ["/health", "/ready"]) assert.equal((await ask(path, { token: null })).status, 200);
  });
});

Deno.test("a request of another site's page is refused, with the token too", async () => {
  await withAdmin(async ({ ask, registry }) => {
    const foreign = [
      "http://evil.example",
      "null",
      "https://127.0.0.1:8000",
      "http://127.0.0.1:9999",
      "http://127.0.0.1",
      "http://user@127.0.0.1:8000",
      "http://127.0.0.1:8000/x",
      "blob:http://127.0.0.1:8000/x",
      "http://127.0.0.1:8000, http://evil.example",
      "x",
      "",
    ];
    for (const origin of foreign) {
      for (const path of ["/functions", "/health"]) {
        await expectError(await ask(path, { headers: { origin } }), 403, "forbidden");
      }
      await expectError(await ask("/functions/hello", { method: "DELETE", headers: { origin } }), 403, "forbidden");
    }
    assert.deepEqual(registry.removed, []);
    assert.equal((await ask("/functions", { headers: { origin: "http://127.0.0.1:8000" } })).status, 200);
  });
});

Deno.test("what is no path of the API is not found", async () => {
  await withAdmin(async ({ ask }) => {
    for (const path of ["", "/", "/nothing", "/functions/", "/functions/hello/nothing", "/functions/api/[id]"]) {
      await expectError(await ask(path), 404, "not_found");
    }
    await expectError(await ask("/functions", { method: "PUT" }), 404, "not_found");
  });
});

Deno.test("readiness says why not, and health is health all the same", async () => {
  await withAdmin(async (admin) => {
    assert.deepEqual(await (await admin.ask("/ready")).json(), { status: "ready" });
    admin.notReady = "The server is going down";
    const response = await admin.ask("/ready");
    assert.equal(response.headers.get("retry-after"), "1");
    assert.equal(await expectError(response, 503, "overload"), "The server is going down");
    assert.deepEqual(await (await admin.ask("/health")).json(), { status: "ok" });
  });
});

Deno.test("functions are listed by name with where they answer and how their last build went", async () => {
  await withAdmin(async ({ ask }) => {
    const list: FunctionSummary[] = await (await ask("/functions")).json();
    assert.deepEqual(list.map(({ name }) => name), [...NAMES, "broken", "@acme/score"].sort());
    assert.deepEqual(list.find(({ name }) => name === "@acme/score"), {
      name: "@acme/score",
      tenant: "acme",
      file: "score.ts",
      route: "/score",
      url: "http://127.0.0.1:8000/@acme/score",
      tier: "wasm",
      kind: "handler",
      language: "js",
      why: null,
      version: "v1",
      rolledBackFrom: null,
      state: "ready",
      error: null,
    });
    const broken = list.find(({ name }) => name === "broken")!;
    assert.deepEqual([broken.state, broken.version, broken.error], ["failed", null, "broken.ts:1:2: no"]);
  });
});

Deno.test("every name is one path segment, however it looks, and what has no function is named", async () => {
  await withAdmin(async ({ ask }) => {
    for (const name of [...NAMES, "@acme/score"]) {
      // A URL drops a segment that is a dot, escaped or not; no function can have that name.
      if (name === ".") continue;
      const described = await (await ask(`/functions/${encodeURIComponent(name)}`)).json();
      assert.equal(described.name, name);
    }
    for (const name of ["nobody", "@acme/nobody", "@nobody/score", "%ff", "home/hello", "@home/x"]) {
      const message = await expectError(await ask(`/functions/${encodeURIComponent(name)}`), 404, "not_found");
      assert.ok(message.includes(name), message);
    }
    await expectError(await ask("/functions/%ff"), 404, "not_found");
  });
});

Deno.test("a description has settings, versions and use, and of the environment the names alone", async () => {
  await withAdmin(async ({ ask }) => {
    const response = await ask("/functions/hello");
    const text = await response.text();
    assert.doesNotMatch(text, /do not show/);
    const described: FunctionDescription = JSON.parse(text);
    assert.deepEqual(described.settings, { ...SETTINGS, timeoutMs: 1234, env: ["SECRET"] });
    assert.deepEqual(described.versions, ["v1"]);
    assert.deepEqual(described.source, { path: "hello.ts", files: 1 });
    assert.deepEqual([described.usage.lastHour.requests, described.usage.lastDay.requests], [2, 4]);
    assert.equal(described.usage.lastDay.memoryPeakBytes, 100);
    assert.equal((await (await ask("/functions/broken")).json()).settings, null);
  });
});

Deno.test("versions, rollback and removal reach the registry with the function's id", async () => {
  await withAdmin(async ({ ask, registry }) => {
    const path = `/functions/${encodeURIComponent("@acme/score")}`;
    const id = { tenant: "acme", name: "score" };
    assert.equal((await (await ask(`${path}/versions`)).json())[0].version, "v1");

    const rollback = async (body?: string) => await ask(`${path}/rollback`, { method: "POST", body });
    assert.deepEqual(await (await rollback()).json(), { version: "v0" });
    assert.deepEqual(registry.rolledBack, [id, null]);
    assert.deepEqual(await (await rollback("{}")).json(), { version: "v0" });
    assert.deepEqual(await (await rollback(`{"version":"v7"}`)).json(), { version: "v7" });
    assert.deepEqual(registry.rolledBack, [id, "v7"]);

    assert.deepEqual(await (await ask(path, { method: "DELETE" })).json(), {
      removed: "@acme/score",
      path: "score/",
      files: 3,
    });
    assert.deepEqual(registry.removed, [id]);
  });
});

Deno.test("a rollback that cannot be is an error with its reason; a bug is the log's alone", async () => {
  await withAdmin(async ({ ask, told }) => {
    const rollback = async (body: string) => await ask("/functions/hello/rollback", { method: "POST", body });
    for (const body of ["{", "no", `{"version":7}`]) await expectError(await rollback(body), 400, "bad_request");
    await expectError(await rollback(" ".repeat(70_000)), 413, "body_too_large");
    assert.match(await expectError(await rollback(`{"version":"gone"}`), 404, "not_found"), /no version gone/);
    assert.match(await expectError(await rollback(`{"version":"lost"}`), 400, "bad_request"), /lost.*save it/);
    assert.equal(told.length, 0);

    const message = await expectError(await rollback(`{"version":"bug"}`), 500, "internal");
    assert.doesNotMatch(message, /not a function/);
    const [event] = told;
    assert.ok(event.type === "server" && event.requestId === "id-1");
    assert.match(event.detail!, /x is not a function\n\s+at /);
  });
});

Deno.test("logs are NDJSON of the last lines, and go on where that is asked", async () => {
  await withAdmin(async ({ ask, logs }) => {
    const say = (text: string, id: FunctionId) =>
      logs.hear({ type: "log", atMs: 0, id, version: "v1", requestId: null, level: "info", text });
    const hello = { tenant: "home", name: "hello" };
    for (const text of ["a", "b", "c"]) say(text, hello);
    const response = await ask("/functions/hello/logs?lines=2");
    assert.equal(response.headers.get("content-type"), "application/x-ndjson");
    const textsIn = (text: string) => text.trim().split("\n").map((line) => JSON.parse(line).text);
    assert.deepEqual(textsIn(await response.text()), ["b", "c"]);
    assert.equal(await (await ask("/logs")).text(), "");

    for (const lines of ["x", "-1", "1.5", ""]) {
      await expectError(await ask(`/functions/hello/logs?lines=${lines}`), 400, "bad_request");
    }
    await expectError(await ask("/functions/nobody/logs"), 404, "not_found");

    const all = (await ask("/logs?follow=1")).body!.pipeThrough(new TextDecoderStream()).getReader();
    const one = (await ask("/functions/hello/logs?lines=1&follow=1")).body!.pipeThrough(new TextDecoderStream())
      .getReader();
    assert.deepEqual(textsIn((await one.read()).value!), ["c"]);
    say("other", { tenant: "acme", name: "score" });
    say("d", hello);
    await logs.flush();
    assert.deepEqual(textsIn((await one.read()).value!), ["d"]);
    const heard = textsIn((await all.read()).value!);
    while (heard.length < 2) heard.push(...textsIn((await all.read()).value!));
    assert.deepEqual(heard.sort(), ["d", "other"]);
    await Promise.all([one.cancel(), all.cancel()]);
    assert.equal(logs.followers, 0);
  });
});

Deno.test("over HTTP a reader of a log who leaves is no follower any more, and one who stays lets a drain end", async () => {
  await withAdmin(async ({ handle, logs }) => {
    await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, handle);
    const url = `http://127.0.0.1:${server.addr.port}/_mayfly/logs?follow=1`;
    const follow = async () => {
      const gone = new AbortController();
      const headers = { authorization: `Bearer ${TOKEN}` };
      const { body } = await fetch(url, { headers, signal: gone.signal });
      return { gone, text: new Response(body).text() };
    };
    const followers = (count: number) => until(`${count} follow`, () => logs.followers === count);
    const leaving = await follow();
    await followers(1);
    leaving.gone.abort();
    await leaving.text.catch(() => {});
    await followers(0);

    const staying = await follow();
    await followers(1);
    logs.hear({ type: "server", atMs: 0, level: "info", message: "going down" });
    await logs.dismissFollowers();
    assert.match(await staying.text, /going down/);
    await server.shutdown();
  });
});

Deno.test("metrics are Prometheus' text, the doctor's findings JSON, and neither is kept by a cache", async () => {
  await withAdmin(async ({ ask }) => {
    const metrics = await ask("/metrics");
    assert.match(metrics.headers.get("content-type")!, /^text\/plain; version=0\.0\.4/);
    assert.equal(metrics.headers.get("cache-control"), "no-store");
    assert.match(await metrics.text(), /^mayfly_requests_running 1$/m);
    assert.deepEqual(await (await ask("/doctor")).json(), [{ name: "Deno", state: "ok" }]);
  });
});

Deno.test("the command line's client understands it", async () => {
  await withAdmin(async ({ handle, logs, registry }) => {
    await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, handle);
    const url = `http://127.0.0.1:${server.addr.port}`;
    const client = new Client({ url, token: TOKEN });
    assert.equal((await client.functions()).find(({ name }) => name === "api/[id]")?.url, `${url}/api/[id]`);
    assert.equal((await client.function("@acme/score")).version, "v1");
    assert.deepEqual(await client.versions("hello"), [{
      version: "v1",
      deployedAtMs: 1,
      active: true,
      snapshotBytes: 2,
    }]);
    assert.deepEqual(await client.rollback("hello", "v7"), { version: "v7" });
    await client.remove("api/[id]");
    assert.deepEqual(registry.removed, [{ tenant: "home", name: "api/[id]" }]);
    logs.hear({ type: "server", atMs: 0, level: "info", message: "up" });
    const lines: unknown[] = [];
    await client.logs(undefined, { lines: 5, follow: false }, (line) => lines.push(line));
    assert.equal((lines[0] as { text: string }).text, "up");
    await assert.rejects(new Client({ url, token: "wrong" }).functions(), OperatorError);
    await assert.rejects(client.function("nobody"), /There is no function nobody/);
  });
});
