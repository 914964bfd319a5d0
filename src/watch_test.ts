import assert from "node:assert/strict";
import type { Alarm, Deadlines } from "./deadlines.ts";
import { Watch } from "./watch.ts";

const NOW_MS = 100;
const DEADLINE_MS = 1000;

/** Deadlines whose time the test lets pass. */
class HandDeadlines {
  readonly alarms = new Set<Alarm>();
  at(atMs: number, ring: () => void): Alarm {
    const alarm = { atMs, ring, slot: 0 };
    this.alarms.add(alarm);
    return alarm;
  }
  clear(alarm: Alarm): void {
    this.alarms.delete(alarm);
  }
  passUntil(ms: number): void {
    for (const alarm of this.alarms) {
      if (alarm.atMs > ms) continue;
      this.alarms.delete(alarm);
      alarm.ring();
    }
  }
}

function setUp(deadlineMs = DEADLINE_MS) {
  const deadlines = new HandDeadlines();
  const caller = new AbortController();
  const told: string[] = [];
  let asked = 0;
  const watched = {
    deadlineMs,
    get signal() {
      asked++;
      return caller.signal;
    },
  };
  const clock = { now: () => 0, monotonic: () => NOW_MS };
  const watch = new Watch(clock, deadlines as unknown as Deadlines, watched, {
    onDeadline: () => told.push("deadline"),
    onLeft: () => told.push("left"),
  });
  return { deadlines, caller, told, watch, asked: () => asked };
}

Deno.test("a run that is over soon never asks for its caller's signal", () => {
  const { deadlines, watch, told, asked } = setUp();
  watch.end();
  deadlines.passUntil(2 * DEADLINE_MS);
  assert.deepEqual([told, asked(), deadlines.alarms.size], [[], 0, 0]);
});

Deno.test("a longer run is told that its caller left, also where that was before anybody looked", () => {
  const later = setUp();
  later.deadlines.passUntil(NOW_MS + 50);
  later.caller.abort();
  assert.deepEqual(later.told, ["left"]);
  const earlier = setUp();
  earlier.caller.abort();
  earlier.deadlines.passUntil(NOW_MS + 50);
  assert.deepEqual(earlier.told, ["left"]);
});

Deno.test("a caller that has its answer may leave, and the deadline stays", () => {
  for (const answeredAt of ["before", "after"]) {
    const { deadlines, caller, told, watch } = setUp();
    if (answeredAt === "before") watch.answered();
    deadlines.passUntil(NOW_MS + 50);
    if (answeredAt === "after") watch.answered();
    caller.abort();
    assert.deepEqual(told, [], answeredAt);
    deadlines.passUntil(DEADLINE_MS);
    assert.deepEqual(told, ["deadline"], answeredAt);
  }
});

Deno.test("a deadline that comes before anybody looks for the caller is kept", () => {
  const { deadlines, told } = setUp(NOW_MS + 10);
  deadlines.passUntil(NOW_MS + 10);
  deadlines.passUntil(NOW_MS + 10);
  assert.deepEqual(told, ["deadline"]);
});
