import assert from "node:assert/strict";
import { entry, FakeSnapshot, ok } from "../../tests/fakes/fake_tier.ts";
import { systemClock } from "../clock.ts";
import { Deadlines } from "../deadlines.ts";
import { MayflyError } from "../errors.ts";
import { MiB } from "../limits.ts";
import { NO_USAGE } from "../outcome.ts";
import type { FunctionEntry } from "../registry/function.ts";
import type { ResponseSink } from "../tiers/tier.ts";
import type { Invocation, Outcome } from "../types.ts";
import { Scheduler } from "./scheduler.ts";

const sink: ResponseSink = { head() {}, chunk() {}, end() {}, log() {} };

function invocation(timeoutMs = 5000, signal = new AbortController().signal): Invocation {
  return {
    requestId: "r",
    method: "GET",
    url: "http://h/",
    headers: "",
    params: null,
    mount: "",
    body: null,
    deadlineMs: systemClock.monotonic() + timeoutMs,
    queueMs: 0,
    signal,
  };
}

function setUp(
  load: (entry: FunctionEntry) => Promise<FakeSnapshot> = () => Promise.reject(new Error("no")),
  memoryBytes = 2 ** 40,
) {
  const tenant = { concurrency: 50, queue: 50 };
  const scheduler = new Scheduler({
    clock: systemClock,
    deadlines: new Deadlines(systemClock),
    limits: { concurrency: 100, queue: 100, memoryBytes },
    tenantLimits: () => tenant,
    load,
  });
  const run = (one: FunctionEntry, call = invocation()) =>
    scheduler.run({ entry: one, deployment: one.active!, invocation: call, sink });
  return { scheduler, run, tenant };
}

Deno.test("a run that ends at once ends in the same turn", () => {
  const { scheduler, run } = setUp();
  const outcome = run(entry("f", () => ok()));
  assert.ok(!(outcome instanceof Promise) && outcome.code === "ok");
  assert.equal(scheduler.running, 0);
});

Deno.test("a tier that throws, at once or later, costs no place and ends as internal", async () => {
  const { scheduler, run } = setUp();
  const at = run(entry("f", () => {
    throw new Error("at once");
  })) as Outcome;
  const later = await run(entry("f", () => Promise.reject(new Error("later"))));
  for (const outcome of [at, later]) assert.equal(outcome.code, "internal");
  assert.equal(scheduler.running, 0);
});

Deno.test("a function that never ran is expected to need all its memory in Wasm, and little in a VM", () => {
  for (const [tier, atOnce] of [["wasm", 1], ["vm", 5]] as const) {
    const { scheduler, run } = setUp(undefined, 20 * MiB);
    const one = entry("f", () => new Promise<Outcome>(() => {}), { settings: { tier, memoryMb: 64 } });
    for (let n = 0; n < 10; n++) run(one);
    assert.deepEqual([scheduler.running, scheduler.waiting], [atOnce, 10 - atOnce]);
  }
});

Deno.test("a function in a VM is expected to need what it needed more than its least", async () => {
  const { scheduler, run } = setUp(undefined, 60 * MiB);
  let memoryPeakBytes = 10 * MiB;
  let hold = false;
  const one = entry("f", () => {
    if (hold) return new Promise<Outcome>(() => {});
    return Promise.resolve({ code: "ok", status: 200, usage: { ...NO_USAGE, memoryPeakBytes } });
  }, { settings: { tier: "vm", memoryMb: 64 } });
  await run(one);
  memoryPeakBytes = 18 * MiB;
  await run(one);
  hold = true;
  for (let n = 0; n < 10; n++) run(one);
  assert.equal(scheduler.running, 3);
});

Deno.test("a place is held until the sandbox is gone, not only until the response is out", async () => {
  const { scheduler, run } = setUp();
  const one = entry("f", () => ok());
  let settle = () => {};
  one.active!.snapshot = {
    run: (_invocation, _sink, onSettled) => (settle = onSettled, ok()),
    moved: () => {},
    dispose: () => Promise.resolve(),
  };
  await run(one);
  assert.equal(scheduler.running, 1);
  settle();
  settle();
  assert.equal(scheduler.running, 0);
});

Deno.test("a caller that leaves the queue is canceled and its place in the line is free", async () => {
  const { scheduler, run } = setUp();
  const gate = Promise.withResolvers<Outcome>();
  const one = entry("f", () => gate.promise, { settings: { concurrency: 1 } });
  const first = run(one);
  const controller = new AbortController();
  const second = run(one, invocation(5000, controller.signal));
  controller.abort();
  const left = await second;
  assert.equal(left.code, "canceled");
  assert.equal(scheduler.waiting, 0);
  gate.resolve(ok());
  await first;
});

Deno.test("a request that cannot be served before its deadline is refused before it waits", async () => {
  const { run } = setUp();
  let gate = Promise.withResolvers<Outcome>();
  const one = entry("f", () => gate.promise, { settings: { concurrency: 1 } });
  for (let i = 0; i < 3; i++) {
    gate = Promise.withResolvers();
    const ran = run(one);
    setTimeout(() => gate.resolve(ok()), 80);
    await ran;
  }
  gate = Promise.withResolvers();
  const running = run(one);
  const refused = run(one, invocation(5));
  assert.ok(!(refused instanceof Promise));
  assert.ok(refused.code === "overload" && refused.retryAfterS! >= 1);
  gate.resolve(ok());
  await running;
});

Deno.test("a snapshot that was not loaded is loaded first, and a tier that is not ready says so", async () => {
  const loaded = setUp(() => Promise.resolve(new FakeSnapshot(() => ok(204))));
  const cold = entry("f", () => ok());
  cold.active!.snapshot = null;
  assert.equal((await loaded.run(cold)).status, 204);
  const refused = setUp(() => Promise.reject(new MayflyError("not_deployed", "soon", { retryAfterS: 5 })));
  const outcome = await refused.run(cold);
  assert.ok(outcome.code === "not_deployed" && outcome.retryAfterS === 5);
  assert.equal(refused.scheduler.running, 0);
});

Deno.test("a tenant's cap that changes holds from the next request on", async () => {
  const { run, tenant } = setUp();
  const gate = Promise.withResolvers<Outcome>();
  const slow = entry("slow", () => gate.promise);
  const quick = entry("quick", () => ok());
  const first = run(slow);
  Object.assign(tenant, { concurrency: 1, queue: 0 });
  const refused = run(quick);
  assert.ok(!(refused instanceof Promise) && refused.code === "concurrency");
  tenant.concurrency = 2;
  const admitted = run(quick);
  assert.ok(!(admitted instanceof Promise) && admitted.code === "ok");
  gate.resolve(ok());
  await first;
});
