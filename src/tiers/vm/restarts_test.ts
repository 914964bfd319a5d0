import assert from "node:assert/strict";
import { Restarts } from "./restarts.ts";

Deno.test("a cell that crashed once is started at once", () => {
  const restarts = new Restarts();
  assert.equal(restarts.delayMs(0), 0);
  restarts.crashed(0);
  assert.equal(restarts.delayMs(0), 0);
});

Deno.test("a cell that crashes again and again is started later each time, but never much later", () => {
  const restarts = new Restarts();
  const delays = Array.from({ length: 12 }, (_, at) => {
    restarts.crashed(at);
    return restarts.delayMs(at);
  });
  assert.deepEqual(delays.slice(0, 5), [0, 100, 200, 400, 800]);
  assert.equal(delays.at(-1), 5000);
  assert.equal(restarts.delayMs(4011), 1000);
});

Deno.test("a crash is forgotten after a while without one", () => {
  const restarts = new Restarts();
  for (let crash = 0; crash < 5; crash++) restarts.crashed(0);
  restarts.crashed(60_001);
  assert.equal(restarts.delayMs(60_001), 0);
});
