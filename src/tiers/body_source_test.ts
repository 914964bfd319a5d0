import assert from "node:assert/strict";
import { FrameType, LAYOUT } from "../../ffi/layout.ts";
import { LIMITS } from "../limits.ts";
import { BodySource } from "./body_source.ts";
import { FrameReader, FrameWriter } from "./wire.ts";

const memory = new ArrayBuffer(LAYOUT.guestInBytes);
const writer = new FrameWriter(memory);
const reader = new FrameReader(memory);

/** One step's frames: the bytes of its chunks, and whether the body ended. */
function step(source: BodySource): { sizes: number[]; ended: boolean } {
  writer.begin(0, LAYOUT.guestInBytes);
  source.write(writer);
  const sizes: number[] = [];
  let ended = false;
  for (reader.begin(0, writer.length); reader.next();) {
    if (reader.type === FrameType.CHUNK) sizes.push(reader.length);
    if (reader.type === FrameType.END) ended = true;
  }
  return { sizes, ended };
}

/** What a sender is read of that never lets Deno run dry. */
const MOST_HELD_BYTES = 4 * LIMITS.bodyAheadBytes;

const sum = (sizes: readonly number[]) => sizes.reduce((sum, size) => sum + size, 0);

/** A body of pieces of this size, and how many of them were asked for. */
function bodyOf(size: number, count: number): { body: ReadableStream<Uint8Array<ArrayBuffer>>; read: () => number } {
  let read = 0;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      if (read === count) return controller.close();
      read++;
      controller.enqueue(new Uint8Array(size));
    },
  }, { highWaterMark: 0 });
  return { body, read: () => read };
}

const settled = () => new Promise((resolve) => setTimeout(resolve));

for (const size of [1, 100, 60_000, 200_000]) {
  Deno.test(`a body in pieces of ${size} bytes arrives whole, within credit and room, and little is read ahead`, async () => {
    const count = Math.ceil(1_000_000 / size / (size === 1 ? 50 : 1));
    const { body, read } = bodyOf(size, count);
    const problems: unknown[] = [];
    const source = new BodySource(body, Infinity, (problem) => problem && problems.push(problem));
    let taken = 0;
    for (let ended = false; !ended;) {
      source.pull();
      await settled();
      assert.ok(read() * size - taken <= MOST_HELD_BYTES + size);
      assert.ok(source.hasInput);
      const wrote = step(source);
      ended = wrote.ended;
      assert.ok(sum(wrote.sizes) <= LAYOUT.chunkMax);
      taken += sum(wrote.sizes);
      source.grant(sum(wrote.sizes));
    }
    assert.equal(taken, count * size);
    assert.deepEqual(problems, []);
  });
}

Deno.test("a guest that takes nothing is sent its first credit and no more, and little is read", async () => {
  const { body, read } = bodyOf(10_000, 1000);
  const source = new BodySource(body, Infinity, () => {});
  source.pull();
  await settled();
  assert.equal(sum(step(source).sizes), LAYOUT.initialCredit);
  for (let i = 0; i < 10; i++) {
    source.pull();
    await settled();
    assert.equal(source.hasInput, false);
  }
  assert.ok(read() * 10_000 <= MOST_HELD_BYTES + 10_000);
});

Deno.test("a body over its limit is told once, and nothing of it is read on", async () => {
  const { body, read } = bodyOf(1000, 1000);
  const problems: unknown[] = [];
  const source = new BodySource(body, 5000, (problem) => problem && problems.push(problem));
  source.pull();
  await settled();
  source.pull();
  await settled();
  assert.deepEqual(problems, ["body_too_large"]);
  assert.equal(read(), 6);
});

Deno.test("a body whose caller left is told as canceled", async () => {
  const problems: unknown[] = [];
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull: (controller) => controller.error(new Error("gone")),
  });
  const source = new BodySource(body, Infinity, (problem) => problems.push(problem));
  source.pull();
  await settled();
  assert.deepEqual(problems, ["canceled"]);
});

Deno.test("a short body is handed over once", () => {
  const source = new BodySource(new Uint8Array(1000), Infinity, () => {});
  assert.deepEqual(step(source), { sizes: [1000], ended: true });
  assert.deepEqual(step(source), { sizes: [], ended: false });
});

Deno.test("a sender whose pieces come one after the other is read a little ahead, and no further until they are taken", async () => {
  let read = 0;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      await new Promise((resolve) => setTimeout(resolve));
      read++;
      controller.enqueue(new Uint8Array(60_000));
    },
  }, { highWaterMark: 0 });
  const source = new BodySource(body, Infinity, () => {});
  source.pull();
  for (let turns = 0; turns < 40; turns++) await settled();
  assert.ok(read * 60_000 >= LIMITS.bodyAheadBytes && read * 60_000 <= LIMITS.bodyAheadBytes + 120_000, `${read}`);
  source.close();
});

Deno.test("a body of very many tiny pieces is refused, and small ones arrive put together and in order", async () => {
  const problems: unknown[] = [];
  const source = new BodySource(bodyOf(1, 1_000_000).body, Infinity, (problem) => problem && problems.push(problem));
  source.pull();
  await settled();
  assert.deepEqual(problems, ["bad_request"]);

  let next = 0;
  const counting = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      if (next === 3000) controller.close();
      else controller.enqueue(Uint8Array.from({ length: 1 + next % 50 }, () => next & 0xff)), next++;
    },
  }, { highWaterMark: 0 });
  const whole = new BodySource(counting, Infinity, () => {});
  const got: number[] = [];
  whole.pull();
  await settled();
  writer.begin(0, LAYOUT.guestInBytes);
  for (let more = true; more;) {
    writer.begin(0, LAYOUT.guestInBytes);
    whole.write(writer);
    for (reader.begin(0, writer.length); reader.next();) {
      if (reader.type === FrameType.CHUNK) got.push(...reader.bytes());
      if (reader.type === FrameType.END) more = false;
    }
    whole.grant(LAYOUT.chunkMax);
  }
  const expected = Array.from({ length: 3000 }, (_, i) => new Array(1 + i % 50).fill(i & 0xff)).flat();
  assert.deepEqual(got, expected);
});
