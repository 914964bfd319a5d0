import assert from "node:assert/strict";
import { FrameType, LAYOUT } from "../../ffi/layout.ts";
import { LIMITS } from "../limits.ts";
import { OpenCalls } from "./open_calls.ts";
import { FrameReader, FrameWriter, WireError } from "./wire.ts";

const ANSWER_BYTES = LAYOUT.chunkMax;

/** A sandbox, and a host that answers each call at once. */
class Sandbox {
  asked: number[] = [];
  closed = false;
  readonly calls = new OpenCalls({
    call: (operation) => {
      this.asked.push(operation);
      return Promise.resolve(new Uint8Array(ANSWER_BYTES));
    },
    close: () => this.closed = true,
  }, () => {});
  readonly #area = new ArrayBuffer(LAYOUT.guestInBytes);

  ask(operation: number, argumentBytes = 0): void {
    const area = new ArrayBuffer(LAYOUT.frameBytes + 8 + argumentBytes);
    new Uint32Array(area, 0, 4).set([FrameType.CALL, 8 + argumentBytes, operation, operation]);
    const reader = new FrameReader(area);
    reader.begin(0, area.byteLength);
    assert.ok(reader.next());
    this.calls.take(reader);
  }

  /** A step takes what fits: the ids of the answers. */
  take(): number[] {
    const writer = new FrameWriter(this.#area);
    writer.begin(0, this.#area.byteLength);
    this.calls.write(writer);
    const ids: number[] = [];
    const reader = new FrameReader(this.#area);
    for (reader.begin(0, writer.length); reader.next();) ids.push(reader.word(0));
    return ids;
  }
}

const turn = () => new Promise((resolve) => setTimeout(resolve));

Deno.test("answers that a sandbox does not take are bounded, and its calls go on once it takes them", async () => {
  const sandbox = new Sandbox();
  const mostAsked = LIMITS.hostAnswerBytes / ANSWER_BYTES;
  for (let n = 0; n < 500; n++) {
    sandbox.ask(n);
    await turn();
  }
  assert.equal(sandbox.asked.length, mostAsked);
  const taken: number[] = [];
  while (taken.length < 500) {
    const some = sandbox.take();
    assert.ok(some.length > 0);
    taken.push(...some);
    await turn();
  }
  const all = Array.from({ length: 500 }, (_, n) => n);
  assert.deepEqual([taken, sandbox.asked], [all, all]);
});

Deno.test("a call is open until its answer was taken", async () => {
  const sandbox = new Sandbox();
  for (let n = 0; n < LIMITS.hostCalls; n++) {
    sandbox.ask(n);
    if (n % 100 === 0) await turn();
  }
  assert.throws(() => sandbox.ask(LIMITS.hostCalls), WireError);
});

Deno.test("what calls say that wait for a sandbox to take its answers is bounded", async () => {
  const sandbox = new Sandbox();
  for (let n = 0; n < LIMITS.hostAnswerBytes / ANSWER_BYTES; n++) sandbox.ask(n);
  await turn();
  const size = LAYOUT.chunkMax;
  for (let n = 0; n < LIMITS.hostCallBytes / size; n++) sandbox.ask(n, size);
  assert.throws(() => sandbox.ask(0, size), WireError);
});

Deno.test("a sandbox that is gone asks nothing more", async () => {
  const sandbox = new Sandbox();
  for (let n = 0; n < 2 * LIMITS.hostAnswerBytes / ANSWER_BYTES; n++) {
    sandbox.ask(n);
    await turn();
  }
  const { length } = sandbox.asked;
  sandbox.calls.close();
  while (sandbox.take().length > 0) await turn();
  assert.deepEqual([sandbox.asked.length, sandbox.closed], [length, true]);
});
