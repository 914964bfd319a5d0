import assert from "node:assert/strict";
import { CellOperation, LAYOUT, StepResult, Telling } from "../../../ffi/layout.ts";
import { NativeError } from "../../../ffi/native_values.ts";
import { FakeCell, telling } from "../../../tests/fakes/fake_cell.ts";
import { systemClock } from "../../clock.ts";
import { Deadlines } from "../../deadlines.ts";
import { hostOf } from "../../host/host.ts";
import type { Outcome } from "../../types.ts";
import { jsContext } from "../context.ts";
import { TurnLine } from "../turns.ts";
import { Cell, CellError, CellGone } from "./cell.ts";

const TIMEOUT_MS = 60_000;

function setUp() {
  const process = new FakeCell();
  const troubles: string[] = [];
  let skewMs = 0;
  const clock = { now: () => systemClock.now(), monotonic: () => systemClock.monotonic() + skewMs };
  let deaths = 0;
  const damaged: number[] = [];
  const group = { allot: () => Promise.resolve(), ranOutOfMemory: false, remove: () => Promise.resolve() };
  const cell = new Cell({
    process,
    group,
    clock,
    deadlines: new Deadlines(systemClock),
    host: hostOf({}),
    cores: 2,
    onDead: () => deaths++,
    onDamaged: (_cell, object) => damaged.push(object),
    onTrouble: (trouble) => troubles.push(trouble),
  });
  const line = new TurnLine();
  let settled = 0;
  const start = (deadlineMs = clock.monotonic() + TIMEOUT_MS) => {
    const run = cell.run({
      line,
      snapshot: 1,
      contextOf: jsContext,
      coldMs: null,
      function: { tenant: "acme", name: "f" },
      net: "none",
      files: () => Promise.resolve(null),
      cpuMs: TIMEOUT_MS,
      bodyBytes: 1024,
      responseBytes: 1024,
      invocation: {
        requestId: "r",
        method: "GET",
        url: "http://x/",
        headers: "",
        params: null,
        mount: "",
        body: null,
        deadlineMs,
        queueMs: 0,
        signal: new AbortController().signal,
      },
      sink: { head() {}, chunk() {}, end() {}, log() {} },
      onSettled: () => settled++,
      resumes: null,
    });
    return run.outcome ? Promise.resolve(run.outcome) : run.wait();
  };
  return {
    process,
    cell,
    line,
    start,
    troubles,
    damaged,
    group,
    skip: (ms: number) => skewMs += ms,
    settled: () => settled,
    deaths: () => deaths,
  };
}

const until = async (isTrue: () => boolean) => {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 1));
};
const codes = async (outcomes: readonly Promise<Outcome>[]) => (await Promise.all(outcomes)).map(({ code }) => code);

Deno.test("where many short steps are out, several ends are waited for, but none for long", async () => {
  const t = setUp();
  const outcomes = Array.from({ length: 7 }, () => t.start());
  const parked = { outSandbox: 1, outGeneration: 1 };
  t.process.complete(StepResult.PARKED, parked);
  await until(() => t.process.waitedFor === 4);
  t.process.completeQuietly(StepResult.PARKED, parked);
  await until(() => t.cell.steps.ring.inFlight === 5);
  while (t.process.steps.length > 2) t.process.completeQuietly(StepResult.PARKED, parked);
  await until(() => t.process.waitedFor === 1);
  // Of the last each is waited for by itself: nothing looks for them.
  t.process.complete(StepResult.PARKED, parked);
  await until(() => t.cell.steps.ring.inFlight === 1);
  t.process.die();
  assert.deepEqual(await codes(outcomes), new Array(7).fill("crash"));
});

Deno.test("a run that wants to wake in more time than a timer can wait does not wake at once", async () => {
  const t = setUp();
  const outcomes = [t.start(), t.start()];
  await until(() => t.process.steps.length === 2);
  t.process.complete(StepResult.PARKED, { outSandbox: 1, outGeneration: 1, wakeMs: LAYOUT.noWake - 1 });
  t.process.complete(StepResult.PARKED, { outSandbox: 2, outGeneration: 1, wakeMs: 20 });
  await until(() => t.cell.steps.ring.inFlight === 0);
  await until(() => t.process.steps.length > 0);
  assert.deepEqual(t.process.sandboxes, [2]);
  t.process.die();
  assert.deepEqual(await codes(outcomes), ["crash", "crash"]);
});

Deno.test("a cell that dies takes its runs with it, whether they wait, run or are parked", async () => {
  const t = setUp();
  const outcomes = Array.from({ length: 20 }, () => t.start());
  await until(() => t.process.steps.length > 2);
  t.process.complete(StepResult.PARKED, { outSandbox: 1, outGeneration: 1 });
  await until(() => t.cell.steps.ring.inFlight > 0);
  t.process.die();
  assert.deepEqual(await codes(outcomes), new Array(20).fill("crash"));
  assert.deepEqual([t.cell.isAlive, t.cell.running, t.settled(), t.deaths()], [false, 0, 20, 1]);
  await until(() => t.process.hasEnded && t.troubles.length === 1);
});

Deno.test("the runs of a cell that the kernel ended for its memory end with that, and the server's log says so", async () => {
  const t = setUp();
  const outcomes = [t.start(), t.start()];
  await until(() => t.process.steps.length > 0);
  t.group.ranOutOfMemory = true;
  t.process.die();
  assert.deepEqual(await codes(outcomes), ["memory", "memory"]);
  await until(() => t.troubles.length === 1);
  assert.match(t.troubles[0], /^the kernel found no more memory for it/);
});

Deno.test("a stored file that is gone is like one that the cell cannot use, and a server's trouble is not", async () => {
  const t = setUp();
  const load = () => t.cell.request({ operation: CellOperation.LOAD }, { file: "/f", timeoutMs: TIMEOUT_MS });
  const refuse = (code: string) => {
    t.process.send = () => {
      throw new NativeError("pass /f to the cell", code, "");
    };
  };
  refuse("ENOENT");
  await assert.rejects(load(), CellError);
  refuse("EMFILE");
  await assert.rejects(load(), NativeError);
  await t.cell.end();
});

Deno.test("a run that begins in a dead cell fails at once, and so does a request", async () => {
  const t = setUp();
  await t.cell.end();
  assert.equal((await t.start()).code, "crash");
  await assert.rejects(t.cell.request({ operation: CellOperation.STATS }, { timeoutMs: TIMEOUT_MS }), CellGone);
  assert.deepEqual([t.settled(), t.deaths(), t.troubles], [1, 1, []]);
});

Deno.test("requests are answered by their numbers, in any order, or refused with the cell's reason", async () => {
  const t = setUp();
  t.process.answer = () => null;
  const asked = [1, 2, 3].map((object) =>
    t.cell.request({ operation: CellOperation.VIEW, object }, { timeoutMs: TIMEOUT_MS, file: `/f${object}` })
  );
  const ids = t.process.requests.map(({ id }) => id);
  t.process.reply(ids[2]);
  t.process.reply(ids[0], -2, "there is none");
  t.process.reply(ids[1]);
  await assert.rejects(asked[0], (error) => error instanceof CellError && error.message === "there is none");
  assert.deepEqual((await Promise.all(asked.slice(1))).map(({ id }) => id), ids.slice(1));
  assert.deepEqual(t.process.requests.map(({ object, file }) => [object, file]), [[1, "/f1"], [2, "/f2"], [3, "/f3"]]);
  await t.cell.end();
});

Deno.test("requests that are open fail when the cell ends", async () => {
  const t = setUp();
  t.process.answer = () => null;
  const asked = t.cell.request({ operation: CellOperation.STATS }, { timeoutMs: TIMEOUT_MS });
  t.cell.end();
  await assert.rejects(asked, CellGone);
});

Deno.test("a cell that does not answer is ended", async () => {
  const t = setUp();
  t.process.answer = () => null;
  await assert.rejects(t.cell.request({ operation: CellOperation.STATS }, { timeoutMs: 1 }), CellGone);
  await until(() => t.process.hasEnded && t.troubles.length === 1);
});

const LIES: Record<string, (process: FakeCell) => void> = {
  "answers what nobody asked": (process) => process.reply(99),
  "tells what makes no sense": (process) => process.tell(telling({ telling: 200 })),
  "says more than any text": (process) => process.tell(telling({ telling: Telling.LOG, textBytes: 0x7fffffff })),
  "wakes the server without end": (process) => process.tell(new Uint8Array(1000)),
  "logs for nobody": (process) => process.tell(telling({ telling: Telling.LOG, id: 99, text: "x" })),
  "finds damage without end": (process) => {
    for (let i = 0; i < 5000; i++) process.tell(telling({ telling: Telling.DAMAGED, id: i }));
  },
  "completes what nobody began": (process) => {
    process.lie = new Error("a slot that makes no sense");
    process.tell(new Uint8Array([Telling.WAKE]));
  },
};
for (const [what, lie] of Object.entries(LIES)) {
  Deno.test(`a cell that ${what} is ended, with all that ran in it`, async () => {
    const t = setUp();
    const outcome = t.start();
    lie(t.process);
    assert.equal((await outcome).code, "crash");
    await until(() => t.process.hasEnded && t.troubles.length === 1);
  });
}

Deno.test("a cell that does not end a step at its deadline is ended", async () => {
  const t = setUp();
  const outcome = t.start();
  await until(() => t.process.steps.length === 1);
  t.cell.check(systemClock.monotonic());
  assert.equal(t.cell.isAlive, true);
  t.cell.check(systemClock.monotonic() + TIMEOUT_MS + 2000);
  assert.equal(t.cell.isAlive, true);
  t.skip(2 * TIMEOUT_MS);
  t.cell.check(systemClock.monotonic() + 2 * TIMEOUT_MS);
  assert.equal((await outcome).code, "crash");
  await until(() => t.troubles.length === 1);
});

Deno.test("a step is handed over when the one before was taken, however long that one runs", async () => {
  const t = setUp();
  t.line.costUs = 1e6;
  t.process.isBusy = true;
  const outcomes = [t.start(), t.start()];
  let isOver = false;
  Promise.race(outcomes).then(() => isOver = true);
  assert.equal(t.process.steps.length, 1);
  t.process.isBusy = false;
  await until(() => isOver || t.process.steps.length === 2);
  assert.equal(isOver, false);
  await t.cell.end();
});

Deno.test("a cell that is given a step that is late already has the time to say so", async () => {
  const t = setUp();
  const outcome = t.start(systemClock.monotonic() - 60_000);
  await until(() => t.process.steps.length === 1);
  t.cell.check(systemClock.monotonic());
  assert.equal(t.cell.isAlive, true);
  t.process.complete(StepResult.DEADLINE);
  assert.equal((await outcome).code, "timeout");
  await t.cell.end();
});

Deno.test("the runs of a cell that is ended for a reason fail by that", async () => {
  const t = setUp();
  const outcome = t.start();
  t.cell.end({ code: "memory", message: "too much", trouble: "it had 9 MB" });
  assert.equal((await outcome).code, "memory");
  await until(() => t.troubles.length === 1);
  assert.match(t.troubles[0], /it had 9 MB \(it was killed/);
});

Deno.test("a snapshot that is found damaged is told of", async () => {
  const t = setUp();
  t.process.tell(telling({ telling: Telling.DAMAGED, id: 3 }));
  await until(() => t.damaged.length === 1);
  assert.deepEqual(t.damaged, [3]);
  await t.cell.end();
});
