import assert from "node:assert/strict";
import { failure, NO_USAGE } from "../outcome.ts";
import type { FunctionId, StartKind, Usage } from "../types.ts";
import type { RequestEvent } from "./events.ts";
import { BOUNDS_MS, Histogram } from "./histogram.ts";
import { LoopDelay } from "./loop_delay.ts";
import { Metrics, type MetricSources } from "./metrics.ts";

const HELLO: FunctionId = { tenant: "home", name: "hello" };
const SOURCES: MetricSources = {
  running: () => 3,
  waiting: () => 4,
  functions: () => ({ ready: 5, failed: 1 }),
  vm: () => Promise.resolve({ cells: 2, cellsStarted: 3, warm_hits: 4 }),
  engine: () => ({ inlineSteps: 7, privatePages: 8 }),
  logLinesDropped: () => 9,
  loopDelayMs: () => 2.5,
  residentBytes: () => 1000,
};

const usage = (start: StartKind): Usage => ({ ...NO_USAGE, start });

function request(fields: Partial<RequestEvent> = {}): RequestEvent {
  return {
    type: "request",
    atMs: 0,
    id: HELLO,
    version: "v1",
    requestId: "r",
    method: "GET",
    path: "/",
    outcome: { code: "ok", status: 200, usage: usage("warm") },
    wallMs: 0.03,
    ...fields,
  };
}

const textOf = async (metrics: Metrics) => (await Array.fromAsync(metrics.text())).join("");
const linesOf = async (metrics: Metrics) => (await textOf(metrics)).split("\n");

Deno.test("requests are counted by function and code, with their durations and starts", async () => {
  const metrics = new Metrics(SOURCES);
  metrics.hear(request());
  metrics.hear(request({ outcome: { code: "ok", status: 404, usage: usage("clone") }, wallMs: 0.05 }));
  metrics.hear(request({ outcome: failure("timeout", "late", { usage: usage("cold") }), wallMs: 90_000 }));
  metrics.hear(request({ id: null, outcome: failure("not_found", "nothing") }));
  const lines = await linesOf(metrics);
  for (
    const line of [
      `mayfly_requests_total{function="hello",code="ok"} 2`,
      `mayfly_requests_total{function="hello",code="timeout"} 1`,
      `mayfly_requests_total{function="",code="not_found"} 1`,
      `mayfly_starts_total{function="hello",start="warm"} 1`,
      `mayfly_starts_total{function="hello",start="clone"} 1`,
      `mayfly_starts_total{function="hello",start="cold"} 1`,
      `mayfly_request_duration_seconds_bucket{function="hello",le="0.000025"} 0`,
      `mayfly_request_duration_seconds_bucket{function="hello",le="0.00005"} 2`,
      `mayfly_request_duration_seconds_bucket{function="hello",le="60"} 2`,
      `mayfly_request_duration_seconds_bucket{function="hello",le="+Inf"} 3`,
      `mayfly_request_duration_seconds_count{function="hello"} 3`,
    ]
  ) assert.ok(lines.includes(line), `${line}\n\n${lines.join("\n")}`);
});

Deno.test("the server's own figures are asked for when they are read", async () => {
  const lines = await linesOf(new Metrics(SOURCES));
  for (
    const line of [
      "mayfly_requests_running 3",
      "mayfly_requests_waiting 4",
      `mayfly_functions{state="ready"} 5`,
      "mayfly_engine_inline_steps_total 7",
      "mayfly_engine_private_pages 8",
      "mayfly_vm_cells 2",
      "mayfly_vm_cells_started_total 3",
      "mayfly_vm_warm_hits_total 4",
      "mayfly_log_lines_dropped_total 9",
      "mayfly_event_loop_delay_seconds 0.0025",
      "process_resident_memory_bytes 1000",
    ]
  ) assert.ok(lines.includes(line), line);
});

Deno.test("every line is a comment or a sample, and each metric's lines stand together under one head", async () => {
  const metrics = new Metrics({ ...SOURCES, engine: () => null });
  const names = ['quote"', "back\\slash", "new\nline", ...Array.from({ length: 120 }, (_, n) => `f${n}`)];
  for (const name of names) metrics.hear(request({ id: { tenant: "acme", name } }));
  const text = await textOf(metrics);
  assert.ok(text.includes(`function="@acme/quote\\""`));
  assert.ok(text.includes(`function="@acme/back\\\\slash"`));
  assert.ok(text.includes(`function="@acme/new\\nline"`));
  const seen: string[] = [];
  for (const line of text.trimEnd().split("\n")) {
    const [, name] = /^(?:# TYPE )?(mayfly_\w+?|process_\w+?)(?:_bucket|_sum|_count)?(?:[ {]|$)/.exec(line) ?? [];
    assert.ok(line.startsWith("# HELP ") || name, line);
    if (!line.startsWith("# HELP ") && seen.at(-1) !== name) {
      assert.ok(!seen.includes(name), `${name} comes twice`);
      seen.push(name);
    }
    if (!line.startsWith("#")) assert.match(line, /^\w+(\{(\w+="(\\.|[^"\\])*",?)+\})? [0-9.e+-]+$/);
  }
});

Deno.test("what a tenant used is added up, and starts are counted by tier", async () => {
  const metrics = new Metrics(SOURCES);
  const used = { ...usage("warm"), cpuMs: 1500, bytesIn: 10, bytesOut: 20 };
  for (const name of ["a", "b"]) {
    metrics.hear(
      request({ id: { tenant: "acme", name }, tier: "vm", outcome: { code: "ok", status: 200, usage: used } }),
    );
  }
  metrics.hear(request({ id: { tenant: "acme", name: "b" }, tier: "vm", outcome: failure("crash", "gone") }));
  const lines = await linesOf(metrics);
  for (
    const line of [
      `mayfly_tenant_requests_total{tenant="acme"} 3`,
      `mayfly_tenant_cpu_seconds_total{tenant="acme"} 3`,
      `mayfly_tenant_received_bytes_total{tenant="acme"} 20`,
      `mayfly_tenant_sent_bytes_total{tenant="acme"} 40`,
      `mayfly_tier_starts_total{tier="vm",start="warm"} 2`,
      `mayfly_tier_starts_total{tier="wasm",start="warm"} 0`,
    ]
  ) assert.ok(lines.includes(line), line);
});

Deno.test("a function that is removed has no lines any more, and starts at nothing when it comes again", async () => {
  const metrics = new Metrics(SOURCES);
  metrics.hear(request());
  metrics.hear(request());
  metrics.hear({ type: "removed", atMs: 0, id: { ...HELLO } });
  assert.ok(!(await linesOf(metrics)).some((line) => line.includes(`"hello"`)));
  metrics.hear(request());
  assert.ok((await linesOf(metrics)).includes(`mayfly_requests_total{function="hello",code="ok"} 1`));
});

Deno.test("deploys that ended are counted", async () => {
  const metrics = new Metrics(SOURCES);
  const deploy = {
    type: "deploy",
    atMs: 0,
    id: HELLO,
    version: null,
    route: "/",
    tier: null,
    kind: null,
    buildMs: null,
    error: null,
  } as const;
  for (const state of ["building", "ready", "ready", "failed"] as const) metrics.hear({ ...deploy, state });
  assert.ok((await linesOf(metrics)).includes(`mayfly_deploys_total{state="ready"} 2`));
  assert.ok((await linesOf(metrics)).includes(`mayfly_deploys_total{state="failed"} 1`));
});

Deno.test("a histogram counts each duration under the first bound that it does not exceed", () => {
  for (const [i, bound] of BOUNDS_MS.entries()) {
    for (const [ms, bucket] of [[bound, i], [bound * 1.0001, i + 1]]) {
      const histogram = new Histogram();
      histogram.add(ms);
      assert.equal(histogram.counts.indexOf(1), bucket, `${ms}`);
    }
  }
});

Deno.test("the event loop's delay is the longest of this window and the last, then forgotten", () => {
  let now = 0;
  using delay = new LoopDelay({ now: () => now, monotonic: () => now });
  const tickAt = (ms: number) => {
    now = ms;
    delay.tick();
  };
  tickAt(20);
  assert.equal(delay.longestMs, 0);
  tickAt(120);
  assert.equal(delay.longestMs, 80);
  for (let ms = 140; ms <= 16_000; ms += 20) tickAt(ms);
  assert.equal(delay.longestMs, 80);
  for (let ms = 16_020; ms <= 46_000; ms += 20) tickAt(ms);
  assert.equal(delay.longestMs, 0);
});
