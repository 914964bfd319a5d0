import assert from "node:assert/strict";
import { nicenessOf } from "./cpu_share.ts";

Deno.test("a share is a niceness: half of it is three steps, there is an end each way, and the server goes first", () => {
  assert.deepEqual([1, 0.5, 0.1, 0.000001, 2, 1e9].map(nicenessOf), [6, 9, 16, 19, 3, -5]);
});
