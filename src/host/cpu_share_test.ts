import assert from "node:assert/strict";
import { getPriority } from "node:os";
import { nicenessOf, shareOut } from "./cpu_share.ts";

Deno.test("a share is a niceness: half of it is three steps, and there is an end each way", () => {
  assert.deepEqual([1, 0.5, 0.1, 0.000001, 2, 1000].map(nicenessOf), [0, 3, 10, 19, -3, -5]);
});

Deno.test("a process has its share, and one that is gone needs none", async () => {
  const sleeper = new Deno.Command("sleep", { args: ["60"] }).spawn();
  shareOut(sleeper.pid, 0.5);
  assert.equal(getPriority(sleeper.pid), 6);
  sleeper.kill("SIGKILL");
  await sleeper.status;
  shareOut(sleeper.pid, 0.5);
});
