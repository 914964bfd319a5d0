import assert from "node:assert/strict";
import { Settle } from "./settle.ts";

function settle() {
  let nowMs = 0;
  const clock = { now: () => nowMs, monotonic: () => nowMs };
  const paths = new Settle(clock, { quietMs: 15, openMs: 1000, mostMs: 3000 });
  return { paths, pass: (ms: number) => nowMs += ms };
}

Deno.test("what is heard in quick succession comes out together, once it is quiet", () => {
  const { paths, pass } = settle();
  paths.heard("a", false);
  pass(10);
  paths.heard("b", false);
  pass(10);
  assert.deepEqual(paths.take(), []);
  pass(5);
  assert.deepEqual(paths.take(), ["a", "b"]);
  assert.ok(paths.isEmpty);
});

Deno.test("a file that is being written waits for its writer, and holds nobody up", () => {
  const { paths, pass } = settle();
  paths.heard("slow", true);
  paths.heard("quick", false);
  pass(15);
  assert.deepEqual(paths.take(), ["quick"]);
  pass(900);
  assert.deepEqual(paths.take(), []);
  paths.heard("slow", false);
  pass(15);
  assert.deepEqual(paths.take(), ["slow"]);
});

Deno.test("a writer that never closes is not waited for for ever", () => {
  const { paths, pass } = settle();
  paths.heard("stuck", true);
  pass(1000);
  assert.deepEqual(paths.take(), ["stuck"]);
  for (let ms = 0; ms < 3000; ms += 500) {
    paths.heard("busy", true);
    assert.deepEqual(paths.take(), []);
    pass(500);
  }
  assert.deepEqual(paths.take(), ["busy"]);
});

Deno.test("an endless stream of changes does not hold everything up for ever", () => {
  const { paths, pass } = settle();
  paths.heard("first", false);
  for (let n = 0; n < 300; n++) {
    assert.deepEqual(paths.take(), []);
    pass(10);
    paths.heard(`f${n % 3}`, false);
  }
  assert.ok(paths.take().includes("first"));
});

Deno.test("it says when to ask again", () => {
  const { paths, pass } = settle();
  paths.heard("a", true);
  assert.equal(paths.nextMs, 1000);
  paths.heard("b", false);
  pass(5);
  assert.equal(paths.nextMs, 10);
});
