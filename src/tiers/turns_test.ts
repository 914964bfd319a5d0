import assert from "node:assert/strict";
import { StepResult } from "../../ffi/layout.ts";
import type { Ring } from "../../ffi/ring.ts";
import { type Turn, TurnLine, Turns } from "./turns.ts";

/** A ring whose worker is the test: `step()` completes the oldest step. */
class FakeRing {
  readonly queue: { slot: number; done: (slot: number) => void }[] = [];
  free: number[];
  constructor(slots: number) {
    this.free = Array.from({ length: slots }, (_, slot) => slot);
  }
  get inFlight(): number {
    return this.queue.length;
  }
  get waiting(): number {
    return Math.max(0, this.queue.length - 1);
  }
  get available(): number {
    return this.free.length;
  }
  take(): number {
    return this.free.pop()!;
  }
  release(slot: number): void {
    this.free.push(slot);
  }
  submit(slot: number, done: (slot: number) => void): void {
    this.queue.push({ slot, done });
  }
  /** The result of steps on the caller's own thread. */
  inline: number = StepResult.DONE;
  readonly ranInline: number[] = [];
  runInline(slot: number): boolean {
    this.ranInline.push(slot);
    return true;
  }
  get(_slot: number, _field: number): number {
    return this.inline;
  }
  told = 0;
  wake(): void {
    this.told = this.queue.length;
  }
  step(): void {
    const { slot, done } = this.queue.shift()!;
    done(slot);
    this.release(slot);
  }
}

function setUp(slots = 8, perLine = 4, hurries = false) {
  const ring = new FakeRing(slots);
  const alone: TurnLine[] = [];
  const onAlone = hurries ? (line: TurnLine) => alone.push(line) : undefined;
  const turns = new Turns(ring as unknown as Ring, { workers: 1, perLine, onAlone });
  const order: string[] = [];
  const add = (line: TurnLine, name: string, wanted = true, isForAnyThread = true) => {
    const turn: Turn = {
      line,
      isForAnyThread,
      fill: () => (order.push(name), wanted),
      done: () => {},
    };
    turns.add(turn);
  };
  const finish = () => {
    while (ring.queue.length > 0) {
      ring.step();
      turns.pump();
    }
  };
  return { ring, turns, order, alone, add, finish };
}

Deno.test("a flood of one function does not hold up another", () => {
  const { order, add, finish } = setUp();
  const flood = new TurnLine();
  const quiet = new TurnLine();
  flood.costUs = quiet.costUs = 1000;
  for (let i = 0; i < 50; i++) add(flood, "flood");
  add(quiet, "quiet");
  finish();
  assert.equal(order.length, 51);
  assert.ok(order.indexOf("quiet") <= 4, `${order.indexOf("quiet")}`);
});

Deno.test("functions share by time, not by number of steps", () => {
  const { order, add, finish } = setUp();
  const slow = new TurnLine();
  const fast = new TurnLine();
  slow.costUs = 1000;
  fast.costUs = 100;
  for (let i = 0; i < 100; i++) add(slow, "slow");
  for (let i = 0; i < 100; i++) add(fast, "fast");
  finish();
  const slowBefore = order.slice(0, order.lastIndexOf("fast")).filter((name) => name === "slow").length;
  assert.ok(slowBefore < 20, `${slowBefore} slow steps went before the last of 100 fast ones`);
});

Deno.test("one function never has more than its share of steps running", () => {
  const { ring, add } = setUp(64, 4);
  const line = new TurnLine();
  line.costUs = 1;
  for (let i = 0; i < 50; i++) add(line, "x");
  assert.equal(ring.queue.length, 4);
  const other = new TurnLine();
  other.costUs = 1;
  add(other, "y");
  assert.equal(ring.queue.length, 5);
});

Deno.test("little is queued ahead, less of what takes long, and a slot is kept for inline runs", () => {
  const long = setUp(64, 64);
  const line = new TurnLine();
  line.costUs = 5000;
  for (let i = 0; i < 50; i++) long.add(line, "x");
  assert.ok(long.ring.queue.length <= 2);
  const short = setUp(4, 64);
  const quick = new TurnLine();
  quick.costUs = 1;
  for (let i = 0; i < 50; i++) short.add(quick, "x");
  assert.equal(short.ring.available, 1);
  short.finish();
  long.finish();
  assert.equal(short.order.length, 50);
});

Deno.test("a step that is no longer wanted gives its slot back", () => {
  const { ring, order, add, finish } = setUp();
  const line = new TurnLine();
  add(line, "gone", false);
  add(line, "wanted");
  finish();
  assert.deepEqual(order, ["gone", "wanted"]);
  assert.equal(ring.available, 8);
});

Deno.test("workers are woken at once for what takes long, and for short steps when there are several or the event loop turns", async () => {
  const { ring, add } = setUp(64, 64);
  const line = new TurnLine();
  line.costUs = 30;
  for (let i = 0; i < 3; i++) add(line, "x");
  assert.equal(ring.told, 0);
  add(line, "x");
  assert.equal(ring.told, 4);
  add(line, "x");
  assert.equal(ring.told, 4);
  await new Promise((resolve) => setTimeout(resolve));
  assert.equal(ring.told, 5);
  const other = setUp();
  const long = new TurnLine();
  long.costUs = 1000;
  other.add(long, "y");
  assert.equal(other.ring.told, 1);
});

Deno.test("what was begun goes before what is new, which is not kept waiting for ever", () => {
  const { ring, turns, order } = setUp(64, 64);
  const line = new TurnLine();
  line.costUs = 1000;
  const add = (name: string, isBegun: boolean) =>
    turns.add({ line, isForAnyThread: false, isBegun, fill: () => (order.push(name), true), done: () => {} });
  add("running", false);
  for (let n = 0; n < 3; n++) add("new", false);
  for (let n = 0; n < 10; n++) add("begun", true);
  while (ring.queue.length > 0) {
    ring.step();
    turns.pump();
  }
  const letters = order.map((name) => name[0]).join("");
  assert.match(letters, /^rn?n?b{3,}/);
  assert.ok(!letters.includes("bbbbbb"), letters);
  assert.equal(letters.length, 14);
});

Deno.test("where nobody else can do it, a worker is woken at once for a step that is alone", () => {
  const { ring, add } = setUp(64, 64, true);
  const line = new TurnLine();
  line.costUs = 30;
  add(line, "first");
  assert.equal(ring.told, 1);
  add(line, "second");
  assert.equal(ring.told, 1);
});

Deno.test("the server's own thread helps when the workers are far behind, until they are not", () => {
  const { ring, turns, order, add } = setUp(64, 64);
  const line = new TurnLine();
  line.costUs = 100;
  add(line, "first");
  for (let n = 0; n < 15; n++) add(line, `${n}`);
  const before = ring.queue.length;
  let helped = 0;
  while (turns.help()) helped++;
  assert.ok(helped > 0 && helped < 15, `${helped}`);
  assert.equal(ring.ranInline.length, helped);
  assert.equal(order.length, before + helped);
  assert.equal(ring.queue.length, before);
  assert.equal(ring.free.length, 64 - before);
});

Deno.test("the server's own thread does nothing that is long, or for workers only", () => {
  for (const [costUs, isForAnyThread] of [[1000, true], [100, false]] as const) {
    const { turns, add } = setUp(64, 64);
    const line = new TurnLine();
    line.costUs = costUs;
    for (let n = 0; n < 20; n++) add(line, `${n}`, true, isForAnyThread);
    assert.equal(turns.help(), false);
  }
});

Deno.test("a step that turns out to be too long for the server's own thread goes to a worker as it is", () => {
  const { ring, turns, order, add } = setUp(64, 64);
  const line = new TurnLine();
  for (let n = 0; n < 20; n++) add(line, `${n}`);
  const before = ring.queue.length;
  ring.inline = StepResult.INLINE;
  assert.equal(turns.help(), true);
  assert.equal(ring.queue.length, before + 1);
  assert.equal(order.length, before + 1);
});

Deno.test("where steps come one by one each is told of, and no longer once two were there at a time", () => {
  const { alone, add, finish } = setUp(8, 8, true);
  const line = new TurnLine();
  const addOneByOne = (count: number) => {
    for (let n = 0; n < count; n++) {
      add(line, "alone");
      finish();
    }
  };
  addOneByOne(20);
  const before = alone.length;
  assert.ok(before > 0);
  addOneByOne(1);
  assert.equal(alone.length, before + 1);
  add(line, "first");
  add(line, "second");
  const after = alone.length;
  finish();
  addOneByOne(1);
  assert.equal(alone.length, after);
});
