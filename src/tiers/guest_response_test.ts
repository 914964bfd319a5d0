import assert from "node:assert/strict";
import { FrameType, LAYOUT } from "../../ffi/layout.ts";
import { HttpSink } from "../gateway/sink.ts";
import { LIMITS } from "../limits.ts";
import { NO_USAGE } from "../outcome.ts";
import type { GuestLine } from "./tier.ts";
import { GuestLog } from "./guest_log.ts";
import { GuestResponse } from "./guest_response.ts";
import { FrameReader, WireError } from "./wire.ts";

/** A reader at a frame of this payload. */
function frame(payload: Uint8Array, type: number = FrameType.CHUNK, aux = 0): FrameReader {
  const area = new ArrayBuffer(LAYOUT.frameBytes + ((payload.length + 3) & ~3));
  new Uint32Array(area, 0, 2).set([type | (aux << 16), payload.length]);
  new Uint8Array(area).set(payload, LAYOUT.frameBytes);
  const reader = new FrameReader(area);
  reader.begin(0, area.byteLength);
  assert.ok(reader.next());
  return reader;
}

const NOTHING = new Uint8Array();
const HEAD = () => frame(NOTHING, FrameType.HEAD, 200);

function begin(onCredit = () => {}) {
  const sink = new HttpSink(() => {});
  const response = new GuestResponse(sink, { ...NO_USAGE }, 1 << 20, onCredit);
  response.head(HEAD());
  return { sink, response };
}

async function all(body: ReadableStream<Uint8Array>): Promise<{ pieces: number; bytes: number[] }> {
  const pieces = await Array.fromAsync(body);
  return { pieces: pieces.length, bytes: pieces.flatMap((piece) => [...piece]) };
}

Deno.test("a chunk without bytes is nonsense: it would cost a sandbox nothing", () => {
  const { response } = begin();
  assert.throws(() => response.chunk(frame(NOTHING)), WireError);
});

Deno.test("nothing of a body comes after its end", () => {
  const { response, sink } = begin();
  sink.stream(() => {});
  response.end();
  assert.throws(() => response.chunk(frame(new Uint8Array(1))), WireError);
  assert.throws(() => response.end(), WireError);
});

Deno.test("small chunks that nobody reads wait as few pieces, of one step or of many", async () => {
  for (const perStep of [1, 1000]) {
    const { response, sink } = begin();
    const body = sink.stream(() => {});
    const sent: number[] = [];
    for (let n = 0; n < 50_000; n++) {
      response.chunk(frame(new Uint8Array([n])));
      sent.push(n & 0xff);
      if (n % perStep === perStep - 1) response.flush();
    }
    response.end();
    const { pieces, bytes } = await all(body);
    assert.ok(pieces < 50, `${pieces} pieces`);
    assert.deepEqual(bytes, sent);
  }
});

Deno.test("small and large chunks arrive in their order, and are whole where nobody read before the end", async () => {
  for (const streamed of [true, false]) {
    const { response, sink } = begin();
    const body = streamed ? sink.stream(() => {}) : null;
    const sent: number[] = [];
    [1, 2, 5000, 1, 4095, 4096, 1, 1, 9000, 3].forEach((length, at) => {
      const bytes = new Uint8Array(length).map((_, n) => n + at);
      response.chunk(frame(bytes));
      sent.push(...bytes);
      if (at % 3 === 0) response.flush();
    });
    response.end();
    assert.deepEqual(body ? (await all(body)).bytes : [...sink.whole()!], sent);
  }
});

Deno.test("a reader's pace gives credit back for all that it took, once", async () => {
  let told = 0;
  const { response, sink } = begin(() => told++);
  const reader = sink.stream(() => {}).getReader();
  for (let n = 0; n < LAYOUT.initialCredit; n++) {
    response.chunk(frame(new Uint8Array(1)));
    response.flush();
  }
  assert.throws(() => response.chunk(frame(new Uint8Array(1))), WireError);
  assert.equal(response.hasCredit, false);
  let read = 0;
  while (read < LAYOUT.initialCredit) read += (await reader.read()).value!.length;
  void reader.read();
  while (!response.hasCredit) await new Promise((resolve) => setTimeout(resolve));
  let granted = 0;
  response.writeCredit({ credit: (bytes: number) => granted += bytes } as never);
  assert.equal(granted, LAYOUT.initialCredit);
  assert.ok(told < 10, `${told} times`);
});

Deno.test("lines of a log cost something, however short they are", () => {
  const lines: GuestLine[] = [];
  const log = new GuestLog({ log: (line: GuestLine) => lines.push(line) } as never);
  const line = frame(NOTHING, FrameType.LOG);
  for (let n = 0; n < LIMITS.logBytesPerRequest; n++) log.take(line);
  assert.ok(lines.length < LIMITS.logBytesPerRequest, `${lines.length} lines`);
  assert.ok(lines.length >= LIMITS.logBytesPerRequest / 64, `${lines.length} lines`);
});
