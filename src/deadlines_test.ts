import assert from "node:assert/strict";
import { systemClock } from "./clock.ts";
import { Deadlines } from "./deadlines.ts";

const rung = (deadlines: Deadlines, afterMs: number) =>
  new Promise<number>((resolve) => {
    const atMs = systemClock.monotonic() + afterMs;
    deadlines.at(atMs, () => resolve(systemClock.monotonic() - atMs));
  });

Deno.test("an alarm rings, and never before its time", async () => {
  const deadlines = new Deadlines(systemClock);
  const late = await Promise.all([30, 1, 0, -50, 12, 12].map((ms) => rung(deadlines, ms)));
  for (const ms of late) assert.ok(ms >= 0, `${ms}`);
  assert.equal(deadlines.size, 0);
});

Deno.test("a cleared alarm does not ring, even when another of the same tick clears it", async () => {
  const deadlines = new Deadlines(systemClock);
  const atMs = systemClock.monotonic() + 10;
  let rings = 0;
  const first = deadlines.at(atMs, () => {
    rings++;
    deadlines.clear(second);
  });
  const second = deadlines.at(atMs, () => {
    rings++;
    deadlines.clear(first);
  });
  const gone = deadlines.at(atMs, () => rings++);
  deadlines.clear(gone);
  deadlines.clear(gone);
  await rung(deadlines, 20);
  assert.equal(rings, 1);
  assert.equal(deadlines.size, 0);
});

Deno.test("an alarm that is set while others ring rings too", async () => {
  const deadlines = new Deadlines(systemClock);
  await new Promise<void>((resolve) => {
    deadlines.at(systemClock.monotonic(), () => deadlines.at(systemClock.monotonic(), resolve));
  });
  assert.equal(deadlines.size, 0);
});
