import assert from "node:assert/strict";
import { Retries, retryDelayMs } from "./retries.ts";

Deno.test("what failed is tried again later each time, and never much later", () => {
  const delays = Array.from({ length: 20 }, (_, before) => retryDelayMs(before));
  assert.deepEqual(delays.slice(0, 4), [500, 1000, 2000, 4000]);
  assert.equal(delays.at(-1), 300_000);
});

Deno.test("what was built since, or is no more, is not tried again", async () => {
  const tried: string[] = [];
  const retries = new Retries<{ name: string }>(({ name }) => tried.push(name));
  const [gone, there] = [{ name: "gone" }, { name: "there" }];
  assert.equal(retries.failed(gone), true);
  retries.forget(gone);
  assert.equal(retries.failed(there), true);
  while (tried.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.deepEqual(tried, ["there"]);
  assert.equal(retries.failed(there), false);
  retries.close();
});
