import assert from "node:assert/strict";
import { LIMITS } from "../limits.ts";
import { failure } from "../outcome.ts";
import type { UsageRow } from "../state/store.ts";
import type { FunctionId, Usage } from "../types.ts";
import type { RequestEvent } from "./events.ts";
import { Meter } from "./meter.ts";

const HELLO: FunctionId = { tenant: "home", name: "hello" };

function request(fields: Partial<RequestEvent> = {}, used: Partial<Usage> = {}): RequestEvent {
  const usage: Usage = {
    start: "warm",
    queueMs: 1,
    coldMs: 0,
    cloneMs: 0,
    runMs: 2,
    cpuMs: 1.5,
    memoryPeakBytes: 1000,
    bytesIn: 10,
    bytesOut: 20,
    ...used,
  };
  return {
    type: "request",
    atMs: 60_000,
    id: HELLO,
    version: "v1",
    requestId: "r",
    method: "GET",
    path: "/",
    outcome: { code: "ok", status: 200, usage },
    wallMs: 4,
    ...fields,
  };
}

class FakeStore {
  rows: UsageRow[] = [];
  fails = false;
  addUsage(rows: readonly UsageRow[]): Promise<void> {
    if (this.fails) return Promise.reject(new Error("the disk is full"));
    this.rows.push(...rows);
    return Promise.resolve();
  }
  usage(id: FunctionId, sinceMinute: number): Promise<UsageRow[]> {
    return Promise.resolve(this.rows.filter(({ name, minute }) => name === id.name && minute >= sinceMinute));
  }
}

Deno.test("a function's requests of one minute are one row, a cold start's build apart from their time", async () => {
  const store = new FakeStore();
  await using meter = new Meter({ store, onTrouble: assert.fail });
  meter.hear(request());
  meter.hear(request({ wallMs: 50 }, { start: "cold", coldMs: 40, memoryPeakBytes: 5000 }));
  meter.hear(request({ outcome: failure("overload", "full") }));
  meter.hear(request({ id: null }));
  await meter.flush();
  assert.deepEqual(store.rows, [{
    ...HELLO,
    minute: 1,
    requests: 3,
    errors: 1,
    warm: 1,
    clone: 0,
    cold: 1,
    wallMs: 14,
    cpuMs: 3,
    memoryPeakBytes: 5000,
    bytesIn: 20,
    bytesOut: 40,
    coldMs: 40,
  }]);
});

Deno.test("what is asked for has what was used just now", async () => {
  await using meter = new Meter({ store: new FakeStore(), onTrouble: assert.fail });
  meter.hear(request());
  assert.deepEqual((await meter.usage(HELLO, 1)).map(({ requests }) => requests), [1]);
});

Deno.test("minutes and functions have rows of their own, and nothing is written twice", async () => {
  const store = new FakeStore();
  {
    await using meter = new Meter({ store, onTrouble: assert.fail });
    meter.hear(request());
    meter.hear(request({ id: { tenant: "acme", name: "hello" } }));
    meter.hear(request({ atMs: 120_000 }));
    await meter.flush();
    await meter.flush();
    meter.hear(request({ atMs: 120_001 }));
  }
  assert.deepEqual(store.rows.map(({ tenant, minute, requests }) => [tenant, minute, requests]), [
    ["home", 1, 1],
    ["acme", 1, 1],
    ["home", 2, 1],
    ["home", 2, 1],
  ]);
});

Deno.test("what the store does not take is kept within a bound, and written when it does", async () => {
  const store = new FakeStore();
  const troubles: string[] = [];
  await using meter = new Meter({ store, onTrouble: (message) => troubles.push(message) });
  store.fails = true;
  meter.hear(request());
  await meter.flush();
  meter.hear(request());
  await meter.flush();
  assert.match(troubles[0], /^Cannot write metering: Error: the disk is full$/);
  store.fails = false;
  await meter.flush();
  assert.equal(store.rows.length, 2);

  store.fails = true;
  const flood = Array.from({ length: LIMITS.usageRowsWaiting + 5 }, (_, n) => ({ tenant: "home", name: `f${n}` }));
  for (const id of flood) meter.hear(request({ id }));
  await meter.flush();
  assert.match(troubles.at(-1)!, /; 5 rows are lost$/);
  store.fails = false;
});
