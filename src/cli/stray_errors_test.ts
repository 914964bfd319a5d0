import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { setImmediate } from "node:timers";
import { hearStrayErrors } from "./stray_errors.ts";

Deno.test("an error that nobody caught is told of, and ends nothing", async () => {
  const told: unknown[] = [];
  const all = Promise.withResolvers<void>();
  using _ = hearStrayErrors((error) => {
    if (told.push((error as Error).message) === 3) all.resolve();
  });
  const emitter = new EventEmitter();
  emitter.on("event", () => {
    throw new Error("of a listener");
  });
  setTimeout(() => {
    throw new Error("of a timer");
  });
  setImmediate(() => emitter.emit("event"));
  Promise.reject(new Error("of a promise"));
  await all.promise;
  assert.deepEqual(told.sort(), ["of a listener", "of a promise", "of a timer"]);
});
